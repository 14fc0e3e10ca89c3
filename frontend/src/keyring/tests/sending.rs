//! Batches, and sealing again under a new key.

#[cfg(target_arch = "wasm32")]
use crate::browser_test::test;

use super::server::{VaultServer, batch, batch_of, doubts, reopened, send, send_all, sync};
use super::waiting::{change, create, sealed, two_browsers, versions};
use super::*;

/// Makes key 2 the current one, at the server and in the keyring.
fn renew(keyring: &mut Keyring<Counter>, server: &mut VaultServer) -> EntryUpdate {
    let vault = keyring.vault.as_mut().unwrap();
    let next = || KeySet::new(AccountId::from_random([1; 16]), 2, VaultKey::from_bytes([8; keys::KEY_LEN]));
    let (replaces, head) = vault.head_under(&next(), &mut keyring.random).unwrap();
    assert_eq!(replaces.map(|head| head.as_bytes().to_vec()), server.head.as_ref().map(|head| head.0.clone()));
    server.head = Some(Base64Url(head.as_bytes().to_vec()));
    vault.replace_key(next(), &head, &mut keyring.random)
}

/// A keyring of another browser that opens with key 2.
fn with_new_key(random: u8) -> Keyring<Counter> {
    let mut keyring = closed_keyring();
    keyring.random = Counter(random);
    keyring.vault = Some(Vault::new(keys(2)));
    keyring
}

#[test]
fn batches_are_bounded_in_count_and_bytes() {
    let (mut keyring, _, mut server) = two_browsers();
    let (first, _) = create(&mut keyring, content("a", "1"));
    change(&mut keyring, first, content("b", "2"), NOW);
    create(&mut keyring, content("c", "3"));
    for (count, expected) in [(1, 1), (2, 2), (100, 3)] {
        assert_eq!(batch_of(&mut keyring, Vec::new(), count, false).0.unwrap().changes.len(), expected);
    }
    let by_bytes = |keyring: &mut Keyring<Counter>, bytes| {
        let request = Request::BuildBatch { without: Vec::new(), count: 100, bytes, reseal: false };
        let Ok(Response::Batch { batch: Some(batch), .. }) = keyring.handle(request) else { panic!("no batch") };
        (batch.changes.len(), batch.body.len())
    };
    assert_eq!(by_bytes(&mut keyring, 1).0, 1, "one change always");
    for bytes in [2_500, 4_000, 5_500] {
        let (count, length) = by_bytes(&mut keyring, bytes);
        assert!(count == 1 || length <= bytes as usize, "{count} changes in {length} of {bytes} bytes");
    }
    assert_eq!(by_bytes(&mut keyring, 5_600).0, 3);
    // In parts, the chain goes on.
    for _ in 0..3 {
        let Batch { body, .. } = batch_of(&mut keyring, Vec::new(), 1, false).0.unwrap();
        let answer = server.save(&body).unwrap();
        server::apply_saved(&mut keyring, &body, &answer);
    }
    assert_eq!((server.change_no, batch(&mut keyring, false)), (3, None));
}

/// The first change of a chain reached the server, the answer was lost, and the page was locked.
#[test]
fn rest_of_a_chain_goes_on_after_its_first_part_was_saved() {
    let (mut keyring, _, mut server) = two_browsers();
    let (id, first) = create(&mut keyring, content("one", "1"));
    let second = change(&mut keyring, id, content("two", "2"), NOW);
    let third = change(&mut keyring, id, content("three", "3"), NOW);
    server.save(&batch_of(&mut keyring, Vec::new(), 2, false).0.unwrap().body).unwrap();
    let (mut keyring, update) = reopened(None, &[third.clone(), first.clone(), second.clone()]);
    assert_eq!(update.conflicts.len(), 0, "in whichever order they come");
    let mut settled = sync(&mut keyring, &server).settled;
    settled.sort();
    assert_eq!(settled, [first.change, second.change]);
    assert_eq!(send(&mut keyring, &mut server).settled, [third.change]);
}

#[test]
fn refused_change_stays_out_with_what_builds_on_it() {
    let mut keyring = open_keyring();
    let (id, first) = create(&mut keyring, content("one", "1"));
    let second = change(&mut keyring, id, content("two", "2"), NOW);
    let (_, other) = create(&mut keyring, content("other", "3"));
    let left = |keyring: &mut Keyring<Counter>, change| {
        batch_of(keyring, vec![change], 100, false).0.map(|batch| batch.changes).unwrap_or_default()
    };
    assert_eq!(left(&mut keyring, first.change), [other.change]);
    let mut expected = [first.change, other.change];
    expected.sort();
    let mut found = left(&mut keyring, second.change);
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn nothing_is_sent_before_the_list_is_judged() {
    let (mut keyring, update) = reopened(None, &[]);
    assert!(update.entries.is_empty());
    create(&mut keyring, content("one", "1"));
    assert_eq!(batch(&mut keyring, true), None);
    sync(&mut keyring, &VaultServer::new());
    assert!(batch(&mut keyring, true).is_some());
}

#[test]
fn answer_that_does_not_belong_to_the_batch_is_refused() {
    let (mut keyring, _, mut server) = two_browsers();
    create(&mut keyring, content("one", "1"));
    let Batch { body, .. } = batch(&mut keyring, false).unwrap();
    server.save(&body).unwrap();
    for answer in ["", "{}", r#"{"change_no":2,"changed_at":0}"#] {
        let request = Request::ApplySaved { body: body.clone(), answer: answer.into() };
        assert_eq!(keyring.handle(request).err(), Some(KeyringError::ServerMessage));
    }
    let Batch { body: again, .. } = batch(&mut keyring, false).unwrap();
    assert_eq!(server.save(&again), Err("stale-head"), "it waits still");
}

#[test]
fn everything_is_sealed_again_after_a_new_key() {
    let (mut keyring, _, mut server) = two_browsers();
    let (gone, _) = create(&mut keyring, content("gone", "0"));
    sealed(keyring.handle(Request::Delete { id: gone }));
    let (id, _) = create(&mut keyring, content("Bank", "1"));
    create(&mut keyring, content("Mail", "2"));
    send(&mut keyring, &mut server);
    assert_eq!(batch_of(&mut keyring, Vec::new(), 9, true), (None, 0));
    renew(&mut keyring, &mut server);
    let before = whole(&mut keyring, id);
    let (first, left) = batch_of(&mut keyring, Vec::new(), 2, true);
    let first = first.unwrap();
    assert_eq!((first.changes.len(), left), (0, 1));
    assert_eq!(batch(&mut keyring, false), None, "only if it is asked for");
    // The answer is lost: another device goes on.
    server.save(&first.body).unwrap();
    let mut other = with_new_key(99);
    sync(&mut other, &server);
    send_all(&mut other, &mut server, true);
    assert!(server.rows.values().all(|row| shared::changes::key_no(&row.sealed.as_ref().unwrap().0) == Some(2)));
    let update = sync(&mut keyring, &server);
    assert_eq!((update.conflicts.len(), update.sealed.len(), doubts(&update)), (0, 0, Doubts::default()));
    assert_eq!(batch_of(&mut keyring, Vec::new(), 9, true), (None, 0));
    let after = whole(&mut keyring, id);
    assert_eq!((after.changed_at, passwords(&after)), (before.changed_at, passwords(&before)));
    // The old key alone opens nothing any more.
    let mut thief = closed_keyring();
    let update = sync(&mut thief, &server);
    let refused: std::collections::BTreeSet<_> = update.refused.iter().collect();
    assert_eq!((update.entries.len(), refused.len()), (0, 3));
}

fn passwords(entry: &Entry) -> Vec<&str> {
    entry.history.iter().map(|it| it.password.expose()).chain([entry.content.password.expose()]).collect()
}

#[test]
fn change_of_an_entry_that_is_sealed_again_elsewhere_is_no_conflict() {
    let (mut one, _, mut server) = two_browsers();
    let (id, _) = create(&mut one, content("Bank", "1"));
    send(&mut one, &mut server);
    renew(&mut one, &mut server);
    let mut two = with_new_key(99);
    sync(&mut two, &server);
    send_all(&mut two, &mut server, true);
    assert_eq!(server.rows[&id].version, 2);
    // Its version is 2 as well.
    let mine = change(&mut one, id, content("Bank", "2"), NOW + 1);
    assert_eq!(mine.change.version, 2);
    let update = send(&mut one, &mut server);
    assert_eq!((update.conflicts.len(), server.rows[&id].version), (0, 3));
    assert!(update.settled.contains(&mine.change));
    sync(&mut two, &server);
    assert_eq!(reveal_entry(&mut two, id).unwrap(), "2");
}

#[test]
fn sealing_again_loses_against_a_change_made_elsewhere() {
    let (mut one, _, mut server) = two_browsers();
    let (id, _) = create(&mut one, content("Bank", "1"));
    send(&mut one, &mut server);
    renew(&mut one, &mut server);
    let mut two = with_new_key(99);
    sync(&mut two, &server);
    let again = batch(&mut one, true).unwrap();
    change(&mut two, id, content("Bank", "2"), NOW + 1);
    send(&mut two, &mut server);
    assert_eq!(server.save(&again.body), Err("stale-head"));
    send_all(&mut one, &mut server, true);
    assert_eq!((reveal_entry(&mut one, id).unwrap(), server.rows[&id].version), ("2".into(), 2));
}

#[test]
fn entry_in_doubt_is_not_sealed_again_unasked() {
    let (mut keyring, _, mut server) = two_browsers();
    let (bank, _) = create(&mut keyring, content("Bank", "old"));
    create(&mut keyring, content("Mail", "x"));
    send(&mut keyring, &mut server);
    let snapshot = server.clone();
    change(&mut keyring, bank, content("Bank", "new"), NOW + 1);
    send(&mut keyring, &mut server);
    let known = server::memory(&mut keyring);
    // Put back, a new key made by a browser that knew nothing of it, and opened here again.
    server = snapshot;
    let mut other = closed_keyring();
    other.random = Counter(99);
    sync(&mut other, &server);
    renew(&mut other, &mut server);
    let mut opened = with_new_key(50);
    updated(opened.handle(Request::Recall { memory: Some(known) }));
    assert_eq!(doubts(&sync(&mut opened, &server)).entries.len(), 1);
    let (batch, left) = batch_of(&mut opened, Vec::new(), 9, true);
    assert_eq!((versions(&batch.unwrap()).len(), left), (1, 0), "the other entry only");
    updated(opened.handle(Request::AcceptServer { now: NOW }));
    let (batch, _) = batch_of(&mut opened, Vec::new(), 9, true);
    assert_eq!(versions(&batch.unwrap()).len(), 2);
}

#[test]
fn outbox_of_an_earlier_key_is_sealed_again_before_it_is_sent() {
    let (mut keyring, _, mut server) = two_browsers();
    let (id, _) = create(&mut keyring, content("Bank", "1"));
    send(&mut keyring, &mut server);
    let second = change(&mut keyring, id, content("Bank", "2"), NOW + 1);
    let third = change(&mut keyring, id, content("Bank", "3"), NOW + 2);
    // In this page at once, and in another one as soon as it opens the outbox.
    keyring.vault.as_mut().unwrap().memory.note_made(id, 9);
    let update = renew(&mut keyring, &mut server);
    assert_eq!((update.settled, update.sealed.len()), (vec![second.change, third.change], 2));
    assert_eq!(versions(&batch(&mut keyring, false).unwrap()), [(1, 10), (10, 11)]);
    let mut other = with_new_key(99);
    updated(other.handle(Request::RestoreWaiting { items: vec![second, third] }));
    sync(&mut other, &server);
    let sent = batch(&mut other, false).unwrap();
    assert_eq!(versions(&sent), [(1, 4), (4, 5)]);
    send(&mut other, &mut server);
    assert_eq!(shared::changes::key_no(&server.rows[&id].sealed.as_ref().unwrap().0), Some(2));
    // The first page has the same content in its outbox: that is no conflict.
    let update = sync(&mut keyring, &server);
    assert_eq!((update.conflicts.len(), update.settled.len()), (0, 2));
}

/// From before keys had numbers: entries of format 1 and unsealed deletions.
#[test]
fn legacy_vault_is_sealed_again_under_its_first_numbered_key() {
    let account = AccountId::from_random([1; 16]);
    let set = |number, byte| KeySet::new(account, number, VaultKey::from_bytes([byte; keys::KEY_LEN]));
    let mut keyring = Keyring::new(Counter(0), str::to_lowercase);
    keyring.vault = Some(Vault::new(VaultKeys::new(set(0, 7))));
    let mut server = VaultServer { head: None, ..VaultServer::new() };
    let bytes = Base64Url::decode(include_str!("../../../vectors/entry-1.txt").trim()).unwrap();
    let gone = EntryId::from_time(NOW, [9; 10]);
    let row = StoredVersion { sealed: Some(bytes), deleted: false, ..stored(entry_id(), 1, None) };
    server.rows.insert(entry_id(), row);
    server.rows.insert(gone, StoredVersion { change_no: 3, ..stored(gone, 2, None) });
    server.change_no = 3;
    sync(&mut keyring, &server);

    let vault = keyring.vault.as_mut().unwrap();
    let (replaces, head) = vault.head_under(&set(1, 8), &mut keyring.random).unwrap();
    assert_eq!(replaces, None);
    server.head = Some(Base64Url(head.as_bytes().to_vec()));
    vault.replace_key(set(1, 8), &head, &mut keyring.random);
    send_all(&mut keyring, &mut server, true);
    assert_eq!(reveal(&mut keyring).unwrap(), "kV9!mQ2#");
    assert_eq!(batch_of(&mut keyring, Vec::new(), 9, true), (None, 0));
    // Nothing of it needs key 0 any more, and an unsealed deletion is not believed.
    let mut other = Keyring::new(Counter(70), str::to_lowercase);
    other.vault = Some(Vault::new(VaultKeys::new(set(1, 8))));
    let update = sync(&mut other, &server);
    assert_eq!((update.entries.len(), update.refused.len(), doubts(&update)), (1, 0, Doubts::default()));
    assert!(server.rows[&gone].sealed.is_some());
}

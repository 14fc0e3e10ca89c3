//! Servers that lie, and servers that were put back to an earlier state.

#[cfg(target_arch = "wasm32")]
use crate::browser_test::test;

use super::server::{VaultServer, batch, doubts, memory, remember, reopened, send, sync, sync_by};
use super::waiting::{change, create, sealed, two_browsers};
use super::*;

/// A browser that has seen the entry "Bank" in versions 1 and 2, with the passwords "old" and "new", and two other
/// entries; the server; and the server's state while "Bank" was at version 1.
pub(super) fn bank() -> (Keyring<Counter>, VaultServer, VaultServer, EntryId) {
    let (mut keyring, _, mut server) = two_browsers();
    let (bank, _) = create(&mut keyring, content("Bank", "old"));
    send(&mut keyring, &mut server);
    let before = server.clone();
    change(&mut keyring, bank, content("Bank", "new"), NOW + 1);
    send(&mut keyring, &mut server);
    for name in ["GitHub", "Mail"] {
        create(&mut keyring, content(name, "x"));
    }
    send(&mut keyring, &mut server);
    (keyring, server, before, bank)
}

pub(super) fn doubt(id: EntryId, name: &str, kind: DoubtKind, is_here: bool) -> Doubt {
    Doubt { id, name: name.into(), kind, is_here }
}

/// Opens the vault again in the same browser, with this server. Gives the keyring, all updates, and what is in doubt.
pub(super) fn unlock(memory: Vec<u8>, list: impl FnMut(u64) -> Changes) -> (Keyring<Counter>, EntryUpdate, Doubts) {
    let (mut keyring, _) = reopened(Some(memory), &[]);
    let update = sync_by(&mut keyring, list);
    let doubts = doubts(&update);
    (keyring, update, doubts)
}

fn made_up_deletion(id: EntryId, version: u32, change_no: u64) -> StoredVersion {
    StoredVersion { change_no, ..stored(id, version, None) }
}

fn unused_id() -> EntryId {
    EntryId::from_time(NOW + 9, [77; 10])
}

/// Security review, A1, a.
#[test]
fn older_version_beside_a_made_up_deletion_is_noticed() {
    let (mut keyring, server, before, bank) = bank();
    let lie = |since: u64| {
        let mut changes = server.list(since, 1000);
        for row in &mut changes.entries {
            if row.id == bank {
                (row.version, row.sealed) = (1, before.rows[&bank].sealed.clone());
            }
        }
        if since == 0 {
            changes.entries.insert(0, made_up_deletion(unused_id(), 1, 1));
        }
        changes
    };
    let (mut opened, update, found) = unlock(memory(&mut keyring), lie);
    assert_eq!(found.vault, Some(VaultDoubt::HeadWrong));
    assert_eq!(found.entries, [doubt(bank, "Bank", DoubtKind::Older, false)]);
    assert!(update.refused.contains(&unused_id()));
    assert_eq!(batch(&mut opened, true), None, "nothing is saved upon such a list");
    // A new browser has only the head, and it is enough.
    let mut other = closed_keyring();
    assert_eq!(doubts(&sync_by(&mut other, lie)).vault, Some(VaultDoubt::HeadWrong));
    // The open page holds what it has, as a conflict.
    let update = sync_by(&mut keyring, |_| lie(0));
    assert_eq!(doubts(&update).entries, [doubt(bank, "Bank", DoubtKind::Older, true)]);
    assert_eq!((update.conflicts, reveal_entry(&mut keyring, bank).unwrap()), (vec![bank], "new".into()));
}

/// Security review, A1, b and c.
#[test]
fn entries_left_out_are_named_whatever_the_numbers_say() {
    let (mut keyring, server, _, bank) = bank();
    let known = memory(&mut keyring);
    for version in [2, u32::MAX] {
        let lie = |since: u64| {
            let mut changes = server.list(since, 1000);
            changes.entries.retain(|row| row.id != bank);
            if since == 0 {
                changes.entries.insert(0, made_up_deletion(unused_id(), version, 1));
            }
            changes
        };
        let (_, update, found) = unlock(known.clone(), lie);
        let missing = doubt(bank, "Bank", DoubtKind::Missing, false);
        assert_eq!((found.vault, found.entries), (Some(VaultDoubt::HeadWrong), vec![missing]));
        assert!(update.entries.iter().all(|it| it.id != bank));
        assert_eq!(doubts(&sync_by(&mut closed_keyring(), lie)).vault, Some(VaultDoubt::HeadWrong));
    }
}

/// The head is the only difference: the same numbers, and nothing listed since.
#[test]
fn other_head_of_the_same_number_has_everything_listed_again() {
    let (mut one, mut two, mut server) = two_browsers();
    let (id, _) = create(&mut one, content("Bank", "v1"));
    send(&mut one, &mut server);
    let snapshot = server.clone();
    sync(&mut two, &server);
    change(&mut one, id, content("Bank", "one"), NOW + 1);
    send(&mut one, &mut server);
    server = snapshot;
    let (other, _) = create(&mut two, content("Other", "x"));
    send(&mut two, &mut server);
    assert_eq!(server.change_no, 2);
    let update = sync(&mut one, &server);
    assert_eq!(update.conflicts, [id]);
    assert!(update.entries.iter().any(|entry| entry.id == other));
}

#[test]
fn head_of_an_earlier_key_is_not_believed() {
    let server = VaultServer::new();
    let mut keyring = closed_keyring();
    keyring.vault = Some(Vault::new(keys(2)));
    assert_eq!(doubts(&sync(&mut keyring, &server)).vault, Some(VaultDoubt::HeadWrong));
}

/// Security review, A1, d.
#[test]
fn list_that_never_ends_is_noticed() {
    let (mut keyring, server, before, bank) = bank();
    let known = memory(&mut keyring);
    let lies: [&dyn Fn(u64) -> Changes; 4] = [
        &|since| Changes { more: true, ..before.list(since, 1000) },
        // Change numbers that do not rise.
        &|_| Changes { more: true, ..server.list(0, 1) },
        // Rows without end.
        &|since| {
            let row = StoredVersion { change_no: since + 5, ..made_up_deletion(unused_id(), 1, 1) };
            Changes { entries: vec![row], more: true, ..server.list(0, 1) }
        },
        &|_| Changes { entries: Vec::new(), more: true, head: None },
    ];
    for lie in lies {
        let (_, _, found) = unlock(known.clone(), lie);
        assert_eq!(found.vault, Some(VaultDoubt::ListWrong));
        assert!(doubts(&sync_by(&mut closed_keyring(), lie)).vault == Some(VaultDoubt::ListWrong));
    }
    let (mut opened, _, found) = unlock(known, lies[0]);
    assert_eq!(found.entries.len(), 3);
    assert!(found.entries.contains(&doubt(bank, "Bank", DoubtKind::Older, false)));
    assert_eq!(reveal_entry(&mut opened, bank).unwrap(), "old");
}

/// Security review, A1, e: the second answer takes back the first, within one open session.
#[test]
fn made_up_deletion_and_then_an_older_version_change_nothing() {
    let (mut keyring, server, before, bank) = bank();
    let deletion = |_| {
        let mut changes = server.list(0, 1000);
        changes.entries.retain(|row| row.id != bank);
        changes.entries.push(made_up_deletion(bank, 3, 9));
        changes
    };
    let update = sync_by(&mut keyring, deletion);
    assert_eq!(doubts(&update).vault, Some(VaultDoubt::HeadWrong));
    assert_eq!(doubts(&update).entries, [doubt(bank, "Bank", DoubtKind::Missing, true)]);
    assert_eq!(reveal_entry(&mut keyring, bank).unwrap(), "new");
    let outbox = update.sealed;
    let older = |_| {
        let mut changes = server.list(0, 1000);
        changes.entries.retain(|row| row.id != bank);
        changes.entries.insert(0, before.rows[&bank].clone());
        changes
    };
    let update = sync_by(&mut keyring, older);
    assert!(doubts(&update).entries.contains(&doubt(bank, "Bank", DoubtKind::Older, true)));
    assert_eq!(reveal_entry(&mut keyring, bank).unwrap(), "new");
    // The version that the page holds outlives a lock.
    let (mut opened, _) = reopened(Some(memory(&mut keyring)), &outbox);
    sync_by(&mut opened, older);
    assert_eq!(reveal_entry(&mut opened, bank).unwrap(), "new");
    // An honest server again: nothing is left of it.
    let update = sync(&mut keyring, &server);
    assert_eq!((doubts(&update), update.entries[0].state), (Doubts::default(), EntryState::Saved));
}

#[test]
fn made_up_deletion_leaves_the_entry_in_the_open_page() {
    let (mut keyring, server, _, bank) = bank();
    let mut lie = server.clone();
    let row = lie.rows.get_mut(&bank).unwrap();
    (row.version, row.sealed, row.deleted) = (3, None, true);
    let update = sync_by(&mut keyring, |_| lie.list(0, 1000));
    assert_eq!(doubts(&update).entries, [doubt(bank, "Bank", DoubtKind::Missing, true)]);
    assert_eq!((update.conflicts, reveal_entry(&mut keyring, bank).unwrap()), (vec![bank], "new".into()));
    let (_, _, found) = unlock(memory(&mut keyring), |since| lie.list(since, 1000));
    assert_eq!(found.entries, [doubt(bank, "Bank", DoubtKind::Missing, false)]);
}

#[test]
fn whole_older_vault_is_noticed_and_own_saves_count_at_once() {
    let (mut keyring, _, mut server) = two_browsers();
    let empty = server.clone();
    let (bank, _) = create(&mut keyring, content("Bank", "1"));
    let update = send(&mut keyring, &mut server);
    assert!(update.remember, "without another list");
    let (_, _, found) = unlock(memory(&mut keyring), |since| empty.list(since, 1000));
    assert_eq!(found.vault, Some(VaultDoubt::Older));
    assert_eq!(found.entries, [doubt(bank, "Bank", DoubtKind::Missing, false)]);
    // A new browser cannot know better.
    assert_eq!(doubts(&sync(&mut closed_keyring(), &empty)), Doubts::default());
}

#[test]
fn head_that_is_missing_foreign_or_newer_is_noticed() {
    let (_, server, ..) = bank();
    let with = |head: Option<Vec<u8>>| VaultServer { head: head.map(Base64Url), ..server.clone() };
    let head = server.head.clone().unwrap().0;
    let changed = |place: usize, byte: u8| {
        let mut head = head.clone();
        head[place] ^= byte;
        Some(head)
    };
    for (head, expected) in [
        (None, VaultDoubt::HeadMissing),
        (changed(40, 1), VaultDoubt::HeadWrong),
        (changed(0, 2 ^ 3), VaultDoubt::NewerFormat),
        (Some(Vec::new()), VaultDoubt::HeadWrong),
        (VaultServer::new().head.map(|head| head.0), VaultDoubt::HeadWrong),
    ] {
        let mut keyring = closed_keyring();
        let server = with(head);
        let update = sync(&mut keyring, &server);
        assert_eq!(doubts(&update).vault, Some(expected));
        assert_eq!(update.entries.len(), 3, "the entries open");
        assert_eq!(batch(&mut keyring, true), None);
    }
}

#[test]
fn deleted_entry_that_is_put_back_is_noticed_and_deleted_again() {
    let (mut keyring, mut server, _, bank) = bank();
    let before = server.clone();
    sealed(keyring.handle(Request::Delete { id: bank }));
    send(&mut keyring, &mut server);
    let (mut opened, _, found) = unlock(memory(&mut keyring), |since| before.list(since, 1000));
    assert_eq!(found.vault, Some(VaultDoubt::Older));
    assert_eq!(found.entries, [doubt(bank, "Bank", DoubtKind::PutBack, true)]);
    let update = updated(opened.handle(Request::KeepNewer { now: NOW + 9 }));
    assert_eq!((update.deleted.clone(), doubts(&update)), (vec![bank], Doubts::default()));
    let mut restored = before.clone();
    send(&mut opened, &mut restored);
    assert_eq!(restored.rows[&bank].version, 4, "3 was the deletion that the server has lost");
    assert!(restored.rows[&bank].deleted);
}

/// A deletion that was sealed once, for an entry that was saved again since.
#[test]
fn older_sealed_deletion_does_not_remove_a_newer_entry() {
    let (mut keyring, mut other, mut server) = two_browsers();
    let (bank, _) = create(&mut keyring, content("Bank", "1"));
    send(&mut keyring, &mut server);
    sync(&mut other, &server);
    sealed(other.handle(Request::Delete { id: bank }));
    send(&mut other, &mut server);
    let before = server.clone();
    change(&mut keyring, bank, content("Bank", "2"), NOW + 1);
    sync(&mut keyring, &server);
    sealed(keyring.handle(Request::Resolve { id: bank, resolution: Resolution::Mine, now: NOW + 2 }));
    send(&mut keyring, &mut server);
    let (_, _, found) = unlock(memory(&mut keyring), |since| before.list(since, 1000));
    assert_eq!(found.entries, [doubt(bank, "Bank", DoubtKind::Missing, false)]);
    let update = sync(&mut keyring, &before);
    assert_eq!(doubts(&update).entries, [doubt(bank, "Bank", DoubtKind::Missing, true)]);
    assert_eq!((update.conflicts, reveal_entry(&mut keyring, bank).unwrap()), (vec![bank], "2".into()));
}

/// Security review, A2, with an honest server: saved, database copied, changed and acknowledged, copy put back, changed
/// again in the page that is still open, locked, unlocked.
#[test]
fn change_upon_a_version_that_the_server_has_lost_is_a_conflict() {
    let (mut keyring, _, mut server) = two_browsers();
    let (id, _) = create(&mut keyring, content("Bank", "v1"));
    send(&mut keyring, &mut server);
    let snapshot = server.clone();
    change(&mut keyring, id, content("Bank", "v2"), NOW + 1);
    send(&mut keyring, &mut server);
    server = snapshot;
    let third = change(&mut keyring, id, content("Bank", "v3"), NOW + 2);
    let update = send(&mut keyring, &mut server);
    assert_eq!(server.rows[&id].version, 1, "nothing is written over");
    assert_eq!((update.conflicts.clone(), update.settled.len()), (vec![id], 0));
    assert_eq!(update.sealed.len(), 1, "the acknowledged version is held");
    assert_eq!(doubts_of(&update), [doubt(id, "Bank", DoubtKind::Older, true)]);

    let outbox = [third, update.sealed[0].clone()];
    let (mut opened, _) = reopened(Some(memory(&mut keyring)), &outbox);
    let update = sync(&mut opened, &server);
    assert_eq!(doubts(&update).vault, Some(VaultDoubt::Older));
    assert_eq!(doubts_of(&update), [doubt(id, "Bank", DoubtKind::Older, true)]);
    let mine = whole(&mut opened, id);
    let history: Vec<_> = mine.history.iter().map(|it| it.password.expose()).collect();
    assert_eq!((mine.content.password.expose(), history), ("v3", vec!["v2", "v1"]));
    // As the page does it: it restores its outbox once the list is judged.
    let (mut later, _) = reopened(Some(memory(&mut keyring)), &[]);
    let update = sync(&mut later, &server);
    assert_eq!(doubts_of(&update), [doubt(id, "Bank", DoubtKind::Older, false)]);
    let update = updated(later.handle(Request::RestoreWaiting { items: outbox.to_vec() }));
    assert_eq!(doubts_of(&update), [doubt(id, "Bank", DoubtKind::Older, true)]);
    let update = updated(later.handle(Request::KeepNewer { now: NOW + 9 }));
    assert_eq!((doubts(&update), update.settled.len()), (Doubts::default(), 2));
    let mut kept = server.clone();
    send(&mut later, &mut kept);
    assert_eq!((reveal_entry(&mut later, id).unwrap(), kept.rows[&id].version), ("v3".into(), 4));
    // Without the acknowledged version, the change that builds on it counts as well.
    let (mut later, _) = reopened(Some(memory(&mut keyring)), &outbox[..1]);
    assert_eq!(doubts_of(&sync(&mut later, &server)), [doubt(id, "Bank", DoubtKind::Older, true)]);
    let update = updated(later.handle(Request::KeepNewer { now: NOW + 9 }));
    assert_eq!((doubts(&update), update.settled.len()), (Doubts::default(), 1));
    // Discarding what was never saved leaves the acknowledged version.
    updated(opened.handle(Request::Discard { id }));
    assert_eq!(reveal_entry(&mut opened, id).unwrap(), "v2");
}

fn doubts_of(update: &EntryUpdate) -> Vec<Doubt> {
    doubts(update).entries
}

#[test]
fn keeping_what_is_newer_saves_it_as_a_higher_version() {
    let (mut keyring, _, before, bank) = bank();
    let mut server = before;
    let update = sync(&mut keyring, &server);
    assert_eq!(doubts(&update).entries.len(), 3);
    assert!(doubts(&update).entries.iter().all(|doubt| doubt.is_here));
    let update = updated(keyring.handle(Request::KeepNewer { now: NOW + 9 }));
    assert_eq!((update.sealed.len(), update.settled.len()), (3, 3));
    assert_eq!(doubts(&update), Doubts::default());
    send(&mut keyring, &mut server);
    let mut other = closed_keyring();
    assert_eq!(sync(&mut other, &server).entries.len(), 3);
    assert_eq!(reveal_entry(&mut other, bank).unwrap(), "new");
    assert_eq!(server.rows[&bank].version, 3, "2 is used only once");
    let (_, _, found) = unlock(memory(&mut keyring), |since| server.list(since, 1000));
    assert_eq!(found, Doubts::default());
}

#[test]
fn accepting_the_server_lowers_the_memory_and_keeps_passwords_in_the_history() {
    let (mut keyring, _, mut server, bank) = bank();
    sync(&mut keyring, &server);
    let stored = memory(&mut keyring);
    let doubts_before = doubts(&sync_by(&mut reopened(Some(stored.clone()), &[]).0, |since| server.list(since, 1000)));
    let update = updated(keyring.handle(Request::AcceptServer { now: NOW + 9 }));
    assert_eq!((update.settled.len(), doubts(&update)), (3, Doubts::default()));
    assert_eq!(update.deleted.len(), 2, "the entries that the server does not have");
    let entry = whole(&mut keyring, bank);
    let history: Vec<_> = entry.history.iter().map(|it| it.password.expose()).collect();
    assert_eq!((entry.content.password.expose(), history), ("old", vec!["new"]));
    // Another tab's memory does not raise it again.
    let lowered = remember(&mut keyring, Some(stored)).unwrap();
    send(&mut keyring, &mut server);
    let (mut opened, _, found) = unlock(lowered, |since| server.list(since, 1000));
    assert_eq!(found, Doubts::default());
    // Version 2 was another one: it is not used twice.
    assert_eq!(change(&mut opened, bank, content("Bank", "next"), NOW + 10).change.version, 4);
    // Not even by a page that does not know how the doubt was ended.
    let lost = doubts_before.entries.iter().map(|doubt| doubt.id).find(|id| *id != bank).unwrap();
    assert_eq!(opened.vault.as_ref().unwrap().next_version(lost), Ok(2));
}

#[test]
fn accepting_without_the_newer_version_at_hand_ends_the_doubt() {
    let (mut keyring, _, before, bank) = bank();
    let known = memory(&mut keyring);
    let (mut opened, _, found) = unlock(known, |since| before.list(since, 1000));
    assert_eq!((found.vault, found.entries.len()), (Some(VaultDoubt::Older), 3));
    // A new version of an entry in doubt ends that doubt.
    let (mut other, ..) = unlock(memory(&mut opened), |since| before.list(since, 1000));
    let (_, update) = sealed(other.handle(Request::Change { id: bank, content: content("Bank", "x"), now: NOW }));
    assert_eq!(doubts(&update).entries.len(), 2);
    let update = updated(opened.handle(Request::AcceptServer { now: NOW + 9 }));
    assert_eq!(doubts(&update), Doubts::default());
    let (mut later, _, found) = unlock(memory(&mut opened), |since| before.list(since, 1000));
    assert_eq!(found, Doubts::default());
    assert_eq!(reveal_entry(&mut later, bank).unwrap(), "old");
}

#[test]
fn accepting_a_list_that_does_not_fit_the_head_writes_a_new_head() {
    let (_, mut server, _, bank) = bank();
    server.rows.remove(&bank);
    let mut keyring = closed_keyring();
    assert_eq!(doubts(&sync(&mut keyring, &server)).vault, Some(VaultDoubt::HeadWrong));
    create(&mut keyring, content("waits", "x"));
    assert_eq!(batch(&mut keyring, true), None);
    updated(keyring.handle(Request::Discard { id: entry_id() }));
    let update = updated(keyring.handle(Request::AcceptServer { now: NOW }));
    assert_eq!(doubts(&update), Doubts::default());
    send(&mut keyring, &mut server);
    assert_eq!(doubts(&sync(&mut closed_keyring(), &server)), Doubts::default());
}

/// Nothing waits: an entry is sealed again for the head's sake.
#[test]
fn accepted_list_gets_its_head_without_any_change() {
    let (_, mut server, _, bank) = bank();
    server.rows.remove(&bank);
    let mut keyring = closed_keyring();
    sync(&mut keyring, &server);
    updated(keyring.handle(Request::AcceptServer { now: NOW }));
    let (before, _) = (server.change_no, send(&mut keyring, &mut server));
    assert_eq!(server.change_no, before + 1);
    assert_eq!(batch(&mut keyring, false), None, "once");
    assert_eq!(doubts(&sync(&mut closed_keyring(), &server)), Doubts::default());
}

/// The database was put back, and another device has written since: the numbers are as high as before.
#[test]
fn same_version_with_other_content_is_a_conflict() {
    let (mut one, mut two, mut server) = two_browsers();
    let (id, _) = create(&mut one, content("Bank", "v1"));
    send(&mut one, &mut server);
    let snapshot = server.clone();
    sync(&mut two, &server);
    change(&mut one, id, content("Bank", "one"), NOW + 1);
    send(&mut one, &mut server);
    let known = memory(&mut one);
    server = snapshot;
    change(&mut two, id, content("Bank", "two"), NOW + 1);
    send(&mut two, &mut server);
    assert_eq!((server.rows[&id].version, server.change_no), (2, 2));

    let update = sync(&mut one, &server);
    assert_eq!((update.conflicts, update.sealed.len()), (vec![id], 1));
    assert_eq!(reveal_entry(&mut one, id).unwrap(), "one");
    let (_, _, found) = unlock(known, |since| server.list(since, 1000));
    assert_eq!(found.entries, [doubt(id, "Bank", DoubtKind::Older, false)], "it was another version 2");
}

/// As before, but the other device has written twice: the server's version is even higher.
#[test]
fn higher_version_that_does_not_know_the_password_before_is_a_conflict() {
    let (mut one, mut two, mut server) = two_browsers();
    let (id, _) = create(&mut one, content("Bank", "v1"));
    send(&mut one, &mut server);
    let snapshot = server.clone();
    sync(&mut two, &server);
    change(&mut one, id, content("Bank", "one"), NOW + 1);
    send(&mut one, &mut server);
    server = snapshot;
    for password in ["two", "three"] {
        change(&mut two, id, content("Bank", password), NOW + 2);
        send(&mut two, &mut server);
    }
    let update = sync(&mut one, &server);
    assert_eq!((update.conflicts, update.sealed.len()), (vec![id], 1));
    assert_eq!(reveal_entry(&mut one, id).unwrap(), "one");
}

//! Changes that wait for the server: chains, conflicts, history, the bin.

#[cfg(target_arch = "wasm32")]
use crate::browser_test::test;

use super::server::{VaultServer, batch, reopened, send, sync};
use super::*;

pub(super) fn sealed(response: Result<Response, KeyringError>) -> (EntryId, EntryUpdate) {
    match response {
        Ok(Response::EntrySealed { id, update }) => (id, update),
        other => panic!("{other:?}"),
    }
}

pub(super) fn create(keyring: &mut Keyring<Counter>, content: Content) -> (EntryId, SealedChange) {
    let (id, mut update) = sealed(keyring.handle(Request::Create { content, now: NOW }));
    (id, update.sealed.remove(0))
}

pub(super) fn change(keyring: &mut Keyring<Counter>, id: EntryId, content: Content, now: u64) -> SealedChange {
    sealed(keyring.handle(Request::Change { id, content, now })).1.sealed.remove(0)
}

/// Two keyrings of one vault in two browsers, and its server.
pub(super) fn two_browsers() -> (Keyring<Counter>, Keyring<Counter>, VaultServer) {
    let server = VaultServer::new();
    let (mut one, mut two) = (closed_keyring(), closed_keyring());
    two.random = Counter(99);
    sync(&mut one, &server);
    sync(&mut two, &server);
    (one, two, server)
}

/// The version that each change of a batch replaces, and its own.
pub(super) fn versions(batch: &Batch) -> Vec<(u32, u32)> {
    let batch: shared::changes::SaveChanges = serde_json::from_str(&batch.body).unwrap();
    batch.changes.iter().map(|change| (change.replaces, change.version)).collect()
}

fn resolve(keyring: &mut Keyring<Counter>, id: EntryId, resolution: Resolution) -> Result<Response, KeyringError> {
    keyring.handle(Request::Resolve { id, resolution, now: NOW + 50 })
}

fn passwords(entry: &Entry) -> (String, Vec<(String, u64)>) {
    let history = entry.history.iter().map(|it| (it.password.expose().to_owned(), it.until)).collect();
    (entry.content.password.expose().to_owned(), history)
}

fn former(history: &[(&str, u64)]) -> Vec<(String, u64)> {
    history.iter().map(|(password, until)| ((*password).to_owned(), *until)).collect()
}

#[test]
fn entry_keeps_every_field() {
    let mut keyring = open_keyring();
    // Every field by name: a new one does not compile until this test keeps it too.
    let all = Content {
        name: "GitHub".into(),
        password: Secret::new("one".into()),
        rules: None,
        username: "ada".into(),
        website: "https://github.com".into(),
        note: Secret::new("line 1\nline 2 😀 \"".into()),
        tags: vec!["work".into(), "עבודה".into()],
    };
    let (id, _) = create(&mut keyring, all);
    let told = acknowledge(&mut keyring).entries.remove(0);
    assert_eq!((told.username.as_str(), told.website.as_str(), told.tags.len()), ("ada", "https://github.com", 2));
    let entry = whole(&mut keyring, id);
    assert_eq!(entry.content.note.expose(), "line 1\nline 2 😀 \"");
    assert_eq!(entry.content.tags, ["work", "עבודה"]);
    assert_eq!((entry.created_at, entry.changed_at, entry.binned_at), (NOW, NOW, None));
}

#[test]
fn replaced_password_goes_into_the_history() {
    let mut keyring = open_keyring();
    let (id, _) = create(&mut keyring, content("GitHub", "one"));
    change(&mut keyring, id, content("GitHub", "two"), NOW + 1);
    change(&mut keyring, id, content("GitHub (work)", "two"), NOW + 2);
    // The clock was set back.
    change(&mut keyring, id, content("GitHub", "three"), NOW - 9);
    let entry = whole(&mut keyring, id);
    assert_eq!(passwords(&entry), ("three".into(), former(&[("two", NOW - 9), ("one", NOW + 1)])));
    assert_eq!((entry.created_at, entry.changed_at), (NOW, NOW + 2));
    for n in 0..150 {
        change(&mut keyring, id, content("GitHub", &n.to_string()), NOW + 3);
    }
    let (_, history) = passwords(&whole(&mut keyring, id));
    assert_eq!((history.len(), history[0].0.as_str(), history[99].0.as_str()), (100, "148", "49"));
}

#[test]
fn changes_wait_in_order_and_are_saved_together() {
    let (mut keyring, mut other, mut server) = two_browsers();
    let (id, first) = create(&mut keyring, content("one", "1"));
    let second = change(&mut keyring, id, content("two", "2"), NOW);
    let third = change(&mut keyring, id, content("three", "3"), NOW);
    let all = batch(&mut keyring, false).unwrap();
    assert_eq!(versions(&all), [(0, 1), (1, 2), (2, 3)]);
    assert_eq!(all.changes, [first.change, second.change, third.change]);
    let told = send(&mut keyring, &mut server);
    assert_eq!(told.entries, [summary(id, 3, "three", EntryState::Saved)]);
    assert_eq!(told.settled.len(), 3);
    assert_eq!(batch(&mut keyring, false), None);
    assert_eq!(sync(&mut other, &server).entries, [summary(id, 3, "three", EntryState::Saved)]);
    assert_eq!((server.change_no, server.rows.len()), (3, 1));
}

#[test]
fn change_whose_answer_was_lost_is_settled_by_the_list() {
    let (mut keyring, _, mut server) = two_browsers();
    let (id, first) = create(&mut keyring, content("one", "1"));
    server.save(&batch(&mut keyring, false).unwrap().body).unwrap();
    let second = change(&mut keyring, id, content("two", "2"), NOW);
    let told = sync(&mut keyring, &server);
    assert_eq!(told.settled, [first.change]);
    assert_eq!(told.entries, [summary(id, 1, "two", EntryState::Waiting)]);
    assert_eq!(send(&mut keyring, &mut server).settled, [second.change]);
}

/// Another tab sends what waits, and hands the answer over only later, or never.
#[test]
fn own_changes_acknowledged_by_another_tab_are_settled() {
    let (mut one, _, mut server) = two_browsers();
    let (id, first) = create(&mut one, content("one", "1"));
    let mut two = open_keyring();
    updated(two.handle(Request::RestoreWaiting { items: vec![first.clone()] }));
    let sent = batch(&mut two, false).unwrap();
    let answer = server.save(&sent.body).unwrap();
    for _ in 0..2 {
        let update = server::apply_saved(&mut one, &sent.body, &answer);
        assert_eq!(update.entries, [summary(id, 1, "one", EntryState::Saved)]);
    }
    // A late answer of a save that the list has already.
    assert_eq!(sync(&mut two, &server).settled, [first.change]);
    assert!(server::apply_saved(&mut two, &sent.body, &answer).settled.is_empty());
    assert_eq!(whole(&mut two, id).content.name, "one");
    assert_eq!(sync(&mut one, &server).doubts, None, "nothing is new");
}

#[test]
fn released_changes_leave_without_a_conflict() {
    let mut keyring = open_keyring();
    let (id, first) = create(&mut keyring, content("one", "1"));
    let told = updated(keyring.handle(Request::Release { changes: vec![first.change] }));
    assert_eq!((told.deleted, told.conflicts.len()), (vec![id], 0));
    assert_eq!(batch(&mut keyring, false), None);
}

#[test]
fn waiting_changes_survive_a_lock() {
    let (mut keyring, _, mut server) = two_browsers();
    let (id, first) = create(&mut keyring, content("one", "1"));
    send(&mut keyring, &mut server);
    let second = change(&mut keyring, id, content("two", "2"), NOW);
    let third = change(&mut keyring, id, content("three", "3"), NOW);
    let (other, fourth) = create(&mut keyring, content("other", "4"));
    let outbox = [first.clone(), second, third, fourth];
    let (mut keyring, _) = reopened(None, &outbox);
    assert_eq!(sync(&mut keyring, &server).settled, [first.change], "the server has the first");
    // Restoring again changes nothing.
    let taken = updated(keyring.handle(Request::RestoreWaiting { items: outbox[1..].to_vec() }));
    let waiting = EntryState::Waiting;
    assert_eq!(taken.entries, [summary(id, 1, "three", waiting), summary(other, 0, "other", waiting)]);
    assert_eq!(send(&mut keyring, &mut server).settled.len(), 3);
    // Changes of another vault, and broken ones, are refused.
    let mut stranger = closed_keyring();
    let set = KeySet::new(AccountId::from_random([2; 16]), 1, VaultKey::from_bytes([7; keys::KEY_LEN]));
    stranger.vault = Some(Vault::new(VaultKeys::new(set)));
    let mut items = outbox.to_vec();
    items.push(SealedChange { body: "{}".into(), ..outbox[0].clone() });
    let taken = updated(stranger.handle(Request::RestoreWaiting { items }));
    assert_eq!((taken.entries.len(), taken.refused), (0, vec![id, id, id, other, id]));
}

/// Two tabs have changed the same entry from the same version.
#[test]
fn changes_of_two_tabs_are_a_conflict_and_neither_is_lost() {
    let (mut one, mut two, mut server) = two_browsers();
    let (id, _) = create(&mut one, content("one", "1"));
    send(&mut one, &mut server);
    sync(&mut two, &server);
    let mine = change(&mut one, id, content("mine", "m"), NOW + 1);
    let theirs = change(&mut two, id, content("theirs", "t"), NOW + 2);
    assert_eq!((mine.change.version, theirs.change.version), (2, 2));
    assert_ne!(mine.change, theirs.change);
    let told = updated(one.handle(Request::RestoreWaiting { items: vec![theirs.clone()] }));
    assert_eq!((told.conflicts, told.settled.len()), (vec![id], 0));
    let told = send(&mut one, &mut server);
    assert_eq!(told.settled, [mine.change], "one of them is sent");
    let (mine, theirs) = compare(&mut one, id);
    assert_eq!((mine.content.name.as_str(), theirs.unwrap().content.name.as_str()), ("theirs", "mine"));
}

fn compare(keyring: &mut Keyring<Counter>, id: EntryId) -> (Entry, Option<Entry>) {
    match keyring.handle(Request::Compare { id }) {
        Ok(Response::Comparison { mine, theirs }) => (*mine, theirs.map(|it| *it)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn two_devices_that_write_at_once_both_save() {
    let (mut one, mut two, mut server) = two_browsers();
    for round in 0..5 {
        create(&mut one, content("a", &format!("{round}")));
        create(&mut two, content("b", &format!("{round}")));
        for keyring in [&mut one, &mut two] {
            let told = send(keyring, &mut server);
            assert_eq!((told.settled.len(), told.conflicts.len()), (1, 0));
        }
    }
    for keyring in [&mut one, &mut two] {
        let told = sync(keyring, &server);
        assert_eq!(told.doubts.unwrap_or_default(), Doubts::default());
    }
    assert_eq!(server.rows.len(), 10);
}

#[test]
fn entry_changed_and_deleted_in_one_answer_is_reported_as_deleted_only() {
    let (mut one, mut two, mut server) = two_browsers();
    let (gone, _) = create(&mut one, content("gone", "1"));
    let (stays, _) = create(&mut one, content("stays", "2"));
    sealed(one.handle(Request::Delete { id: gone }));
    let told = send(&mut one, &mut server);
    assert_eq!((told.deleted, told.settled.len()), (vec![gone], 3));
    let told = sync(&mut two, &server);
    assert_eq!(told.entries, [summary(stays, 1, "stays", EntryState::Saved)]);
    assert_eq!(told.deleted, [gone]);
    assert_eq!(reveal_entry(&mut two, gone), Err(KeyringError::NoSuchEntry));
}

#[test]
fn deletion_loses_against_a_change_made_elsewhere() {
    let (mut one, mut two, mut server) = two_browsers();
    let (id, _) = create(&mut one, content("one", "1"));
    send(&mut one, &mut server);
    sync(&mut two, &server);
    change(&mut two, id, content("two", "2"), NOW + 1);
    send(&mut two, &mut server);
    let (_, deletion) = sealed(one.handle(Request::Delete { id }));
    assert_eq!(deletion.deleted, [id]);
    let told = send(&mut one, &mut server);
    assert_eq!(told.settled, [deletion.sealed[0].change]);
    assert_eq!(told.entries, [summary_at(id, 2, "two", NOW + 1)]);
    assert_eq!(batch(&mut one, false), None);
}

fn summary_at(id: EntryId, version: u32, name: &str, changed_at: u64) -> EntrySummary {
    EntrySummary { changed_at, ..summary(id, version, name, EntryState::Saved) }
}

#[test]
fn waiting_changes_can_be_discarded() {
    let mut keyring = open_keyring();
    let (id, _) = create(&mut keyring, content("one", "1"));
    acknowledge(&mut keyring);
    let second = change(&mut keyring, id, content("two", "2"), NOW);
    let (other, _) = create(&mut keyring, content("other", "3"));
    let told = updated(keyring.handle(Request::Discard { id }));
    assert_eq!(told.entries, [summary(id, 1, "one", EntryState::Saved)]);
    assert_eq!(told.settled, [second.change]);
    assert_eq!(updated(keyring.handle(Request::Discard { id: other })).deleted, [other]);
    assert_eq!(reveal_entry(&mut keyring, other), Err(KeyringError::NoSuchEntry));
    // The request with the discarded change may have arrived: its version is not used again.
    assert_eq!(change(&mut keyring, id, content("three", "3"), NOW).change.version, 3);
}

#[test]
fn binning_is_a_change_like_others() {
    let mut keyring = open_keyring();
    let (id, _) = create(&mut keyring, content("one", "1"));
    acknowledge(&mut keyring);
    let (_, told) = sealed(keyring.handle(Request::Bin { id, binned: true, now: NOW + 7 }));
    assert_eq!((told.sealed[0].change.version, told.entries[0].binned_at), (2, Some(NOW + 7)));
    let (_, told) = sealed(keyring.handle(Request::Bin { id, binned: false, now: NOW + 8 }));
    assert_eq!(told.entries[0].binned_at, None);
}

/// Two keyrings have changed the same entry; the second has applied the first's change.
fn conflict() -> (Keyring<Counter>, EntryId) {
    conflict_of(("t", NOW + 20), &[("m1", NOW + 10), ("m2", NOW + 11)])
}

/// An entry with the password "1" that was changed elsewhere and here, to these passwords at these times.
fn conflict_of(theirs: (&str, u64), mine: &[(&str, u64)]) -> (Keyring<Counter>, EntryId) {
    let (mut keyring, mut other, mut server) = two_browsers();
    let (id, _) = create(&mut keyring, content("one", "1"));
    send(&mut keyring, &mut server);
    sync(&mut other, &server);
    change(&mut other, id, content("theirs", theirs.0), theirs.1);
    send(&mut other, &mut server);
    for (password, now) in mine {
        change(&mut keyring, id, content("mine", password), *now);
    }
    let told = sync(&mut keyring, &server);
    assert_eq!((told.entries[0].state, told.conflicts), (EntryState::Conflict, vec![id]));
    assert_eq!(batch(&mut keyring, false), None, "a conflict is not sent");
    (keyring, id)
}

#[test]
fn conflict_gives_both_sides_and_refuses_changes() {
    let (mut keyring, id) = conflict();
    let Ok(Response::Comparison { mine, theirs }) = keyring.handle(Request::Compare { id }) else {
        panic!("not compared")
    };
    assert_eq!((mine.content.name.as_str(), theirs.unwrap().content.name.as_str()), ("mine", "theirs"));
    // Until the conflict is ended, changes are refused.
    let request = Request::Change { id, content: content("x", "x"), now: NOW };
    assert_eq!(keyring.handle(request).err(), Some(KeyringError::Conflict));
}

#[test]
fn winner_of_a_conflict_gets_the_losers_passwords() {
    let (mut keyring, id) = conflict();
    let (_, told) = sealed(resolve(&mut keyring, id, Resolution::Mine));
    assert_eq!((told.sealed.len(), told.settled.len(), told.entries[0].state), (1, 2, EntryState::Waiting));
    assert_eq!(versions(&batch(&mut keyring, false).unwrap()), [(2, 4)], "3 is the highest that was made");
    let history = former(&[("t", NOW + 50), ("m1", NOW + 11), ("1", NOW + 10)]);
    assert_eq!(passwords(&whole(&mut keyring, id)), ("m2".into(), history));

    let (mut keyring, id) = conflict();
    let (_, told) = sealed(resolve(&mut keyring, id, Resolution::Theirs));
    assert_eq!((told.sealed.len(), told.settled.len()), (1, 2));
    let history = former(&[("m2", NOW + 50), ("1", NOW + 20), ("m1", NOW + 11)]);
    let entry = whole(&mut keyring, id);
    assert_eq!(passwords(&entry), ("t".into(), history));
    assert_eq!((entry.content.name.as_str(), entry.changed_at), ("theirs", NOW + 50));

    let (mut keyring, id) = conflict();
    let (_, told) = sealed(resolve(&mut keyring, id, Resolution::Both));
    let new = told.sealed[0].change.id;
    assert_ne!(new, id);
    assert_eq!(versions(&batch(&mut keyring, false).unwrap()), [(0, 1)]);
    let names: Vec<_> = told.entries.iter().map(|it| (it.name.as_str(), it.state)).collect();
    assert_eq!(names, [("mine", EntryState::Waiting), ("theirs", EntryState::Saved)]);
    let history = former(&[("m1", NOW + 11), ("1", NOW + 10)]);
    assert_eq!(passwords(&whole(&mut keyring, new)), ("m2".into(), history), "with what it had before");
    assert_eq!(reveal_entry(&mut keyring, id).unwrap(), "t");
}

#[test]
fn loser_whose_passwords_are_known_needs_no_save() {
    let (mut keyring, id) = conflict_of(("1", NOW), &[("1", NOW)]);
    let (_, told) = sealed(resolve(&mut keyring, id, Resolution::Theirs));
    assert_eq!(told.entries, [summary(id, 2, "theirs", EntryState::Saved)]);
    assert_eq!((told.sealed.len(), told.settled.len()), (0, 1));
}

#[test]
fn password_of_both_sides_is_not_in_the_history() {
    let (mut keyring, id) = conflict_of(("1", NOW), &[("1", NOW)]);
    sealed(resolve(&mut keyring, id, Resolution::Mine));
    assert_eq!(passwords(&whole(&mut keyring, id)), ("1".into(), Vec::new()));
}

#[test]
fn change_of_an_entry_deleted_elsewhere_is_a_conflict() {
    for resolution in [Resolution::Mine, Resolution::Theirs, Resolution::Both] {
        let (mut keyring, mut other, mut server) = two_browsers();
        let (id, _) = create(&mut keyring, content("one", "1"));
        send(&mut keyring, &mut server);
        sync(&mut other, &server);
        sealed(other.handle(Request::Delete { id }));
        send(&mut other, &mut server);
        change(&mut keyring, id, content("mine", "2"), NOW);
        let told = sync(&mut keyring, &server);
        assert_eq!((told.entries[0].state, told.deleted.len()), (EntryState::Conflict, 0));
        assert!(compare(&mut keyring, id).1.is_none());
        let (_, told) = sealed(resolve(&mut keyring, id, resolution));
        match resolution {
            // It replaces the deletion.
            Resolution::Mine => assert_eq!(versions(&batch(&mut keyring, false).unwrap()), [(2, 3)]),
            Resolution::Theirs => assert_eq!(told.deleted, [id]),
            Resolution::Both => {
                assert_eq!(told.deleted, [id]);
                assert_eq!(reveal_entry(&mut keyring, told.sealed[0].change.id).unwrap(), "2");
            }
        }
        send(&mut keyring, &mut server);
        assert_eq!(sync(&mut other, &server).doubts.unwrap_or_default(), Doubts::default());
    }
}

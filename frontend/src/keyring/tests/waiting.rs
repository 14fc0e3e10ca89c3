//! Changes that wait for the server: chains, conflicts, history, the bin.

#[cfg(target_arch = "wasm32")]
use crate::browser_test::test;

use super::*;

fn sealed(response: Result<Response, KeyringError>) -> (EntryId, String, EntryUpdate) {
    match response {
        Ok(Response::EntrySealed { id, body, update }) => (id, body, update),
        other => panic!("{other:?}"),
    }
}

fn create(keyring: &mut Keyring<Counter>, content: Content) -> (EntryId, String) {
    let (id, body, _) = sealed(keyring.handle(Request::Create { content, now: NOW }));
    (id, body)
}

fn change(keyring: &mut Keyring<Counter>, id: EntryId, content: Content, now: u64) -> String {
    sealed(keyring.handle(Request::Change { id, content, now })).1
}

fn take_own(keyring: &mut Keyring<Counter>, id: EntryId, body: &str) -> EntrySummary {
    updated(keyring.handle(Request::ApplySaved { id, body: body.into() })).entries.remove(0)
}

fn replaces(body: &str) -> u32 {
    serde_json::from_str::<PutPassword>(body).unwrap().replaces
}

fn as_stored(id: EntryId, body: &str) -> StoredEntry {
    let put: PutPassword = serde_json::from_str(body).unwrap();
    stored(id, put.replaces + 1, Some(put.sealed))
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
    let (id, body) = create(&mut keyring, all);
    let told = take_own(&mut keyring, id, &body);
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
fn changes_wait_in_order_and_each_is_saved_once() {
    let mut keyring = open_keyring();
    let (id, first) = create(&mut keyring, content("one", "1"));
    let second = change(&mut keyring, id, content("two", "2"), NOW);
    let third = change(&mut keyring, id, content("three", "3"), NOW);
    assert_eq!([&first, &second, &third].map(|body| replaces(body)), [0, 1, 2]);
    assert_eq!(take_own(&mut keyring, id, &first), summary(id, 1, "three", EntryState::Waiting));
    // The answer to the second was lost: the change comes back in the list.
    let told = open(&mut keyring, as_stored(id, &second)).entries.remove(0);
    assert_eq!(told, summary(id, 2, "three", EntryState::Waiting));
    assert_eq!(take_own(&mut keyring, id, &third), summary(id, 3, "three", EntryState::Saved));
    // A late answer changes nothing.
    assert!(updated(keyring.handle(Request::ApplySaved { id, body: first })).entries.is_empty());
    assert_eq!(whole(&mut keyring, id).content.name, "three");
}

#[test]
fn waiting_changes_survive_a_lock() {
    let mut keyring = open_keyring();
    let (id, first) = create(&mut keyring, content("one", "1"));
    let second = change(&mut keyring, id, content("two", "2"), NOW);
    let (other, third) = create(&mut keyring, content("other", "3"));
    let bodies = || vec![(id, first.clone()), (id, second.clone()), (other, third.clone())];
    let mut keyring = open_keyring();
    // The server has the first already.
    open(&mut keyring, as_stored(id, &first));
    for _ in 0..2 {
        let taken = updated(keyring.handle(Request::RestoreWaiting { bodies: bodies() }));
        let waiting = EntryState::Waiting;
        assert_eq!(taken.entries, [summary(id, 1, "two", waiting), summary(other, 0, "other", waiting)]);
    }
    assert_eq!(take_own(&mut keyring, id, &second).state, EntryState::Saved);
    // Changes of another vault, and broken ones, are refused.
    let mut stranger = open_keyring();
    stranger.vault.as_mut().unwrap().account = AccountId::from_random([2; 16]);
    let taken = updated(stranger.handle(Request::RestoreWaiting { bodies: bodies() }));
    assert_eq!((taken.entries.len(), taken.refused), (0, vec![id, id, other]));
}

#[test]
fn chain_of_changes_survives_a_lock() {
    let mut keyring = open_keyring();
    let (id, first) = create(&mut keyring, content("one", "1"));
    let second = change(&mut keyring, id, content("two", "2"), NOW);
    let mut keyring = open_keyring();
    let bodies = vec![(id, first.clone()), (id, second.clone())];
    let taken = updated(keyring.handle(Request::RestoreWaiting { bodies }));
    assert_eq!(taken.entries, [summary(id, 0, "two", EntryState::Waiting)]);
    assert_eq!(take_own(&mut keyring, id, &first), summary(id, 1, "two", EntryState::Waiting));
    assert_eq!(take_own(&mut keyring, id, &second), summary(id, 2, "two", EntryState::Saved));
}

/// The server has another change of the same version number.
#[test]
fn change_with_the_servers_version_number_is_a_conflict() {
    let mut keyring = open_keyring();
    let (id, mine) = create(&mut keyring, content("mine", "1"));
    let theirs = keyring.vault.as_ref().unwrap().seal(id, 1, entry("theirs"), &mut keyring.random).unwrap();
    let mut keyring = open_keyring();
    open(&mut keyring, stored(id, 1, Some(theirs)));
    let taken = updated(keyring.handle(Request::RestoreWaiting { bodies: vec![(id, mine)] }));
    assert_eq!(taken.entries, [summary(id, 1, "mine", EntryState::Conflict)]);
}

#[test]
fn entry_changed_and_deleted_in_one_answer_is_reported_as_deleted_only() {
    let mut keyring = open_keyring();
    let (gone, first) = create(&mut keyring, content("gone", "1"));
    let (stays, second) = create(&mut keyring, content("stays", "2"));
    let mut keyring = open_keyring();
    let entries = vec![as_stored(gone, &first), as_stored(stays, &second), stored(gone, 2, None)];
    let told = take_changes(&mut keyring, entries, false);
    assert_eq!(told.entries, [summary(stays, 1, "stays", EntryState::Saved)]);
    assert_eq!(told.deleted, [gone]);
}

#[test]
fn waiting_changes_can_be_discarded() {
    let mut keyring = open_keyring();
    let (id, first) = create(&mut keyring, content("one", "1"));
    take_own(&mut keyring, id, &first);
    change(&mut keyring, id, content("two", "2"), NOW);
    let (other, _) = create(&mut keyring, content("other", "3"));
    let told = updated(keyring.handle(Request::Discard { id }));
    assert_eq!(told.entries, [summary(id, 1, "one", EntryState::Saved)]);
    assert_eq!(updated(keyring.handle(Request::Discard { id: other })).deleted, [other]);
    assert_eq!(reveal_entry(&mut keyring, other), Err(KeyringError::NoSuchEntry));
}

#[test]
fn binning_is_a_change_like_others() {
    let mut keyring = open_keyring();
    let (id, first) = create(&mut keyring, content("one", "1"));
    take_own(&mut keyring, id, &first);
    let (_, body, told) = sealed(keyring.handle(Request::Bin { id, binned: true, now: NOW + 7 }));
    assert_eq!((replaces(&body), told.entries[0].binned_at), (1, Some(NOW + 7)));
    let (_, _, told) = sealed(keyring.handle(Request::Bin { id, binned: false, now: NOW + 8 }));
    assert_eq!(told.entries[0].binned_at, None);
}

/// Two keyrings have changed the same entry; the second has applied the first's change.
fn conflict() -> (Keyring<Counter>, EntryId) {
    conflict_of(("t", NOW + 20), &[("m1", NOW + 10), ("m2", NOW + 11)])
}

/// An entry with the password "1" that was changed elsewhere and here, to these passwords at these times.
fn conflict_of(theirs: (&str, u64), mine: &[(&str, u64)]) -> (Keyring<Counter>, EntryId) {
    let mut keyring = open_keyring();
    let (id, first) = create(&mut keyring, content("one", "1"));
    take_own(&mut keyring, id, &first);
    let mut other = open_keyring();
    other.random = Counter(99);
    open(&mut other, as_stored(id, &first));
    let theirs = change(&mut other, id, content("theirs", theirs.0), theirs.1);
    for (password, now) in mine {
        change(&mut keyring, id, content("mine", password), *now);
    }
    let told = open(&mut keyring, as_stored(id, &theirs));
    assert_eq!(told.entries[0].state, EntryState::Conflict);
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
    let (_, body, told) = sealed(resolve(&mut keyring, id, Resolution::Mine));
    assert_eq!((replaces(&body), told.entries[0].state), (2, EntryState::Waiting));
    let history = former(&[("t", NOW + 50), ("m1", NOW + 11), ("1", NOW + 10)]);
    assert_eq!(passwords(&whole(&mut keyring, id)), ("m2".into(), history));

    let (mut keyring, id) = conflict();
    let (_, body, _) = sealed(resolve(&mut keyring, id, Resolution::Theirs));
    assert_eq!(replaces(&body), 2);
    let history = former(&[("m2", NOW + 50), ("1", NOW + 20), ("m1", NOW + 11)]);
    let entry = whole(&mut keyring, id);
    assert_eq!(passwords(&entry), ("t".into(), history));
    assert_eq!((entry.content.name.as_str(), entry.changed_at), ("theirs", NOW + 50));

    let (mut keyring, id) = conflict();
    let (new, body, told) = sealed(resolve(&mut keyring, id, Resolution::Both));
    assert_ne!(new, id);
    assert_eq!(replaces(&body), 0);
    let names: Vec<_> = told.entries.iter().map(|it| (it.name.as_str(), it.state)).collect();
    assert_eq!(names, [("mine", EntryState::Waiting), ("theirs", EntryState::Saved)]);
    assert_eq!(reveal_entry(&mut keyring, new).unwrap(), "m2");
    assert_eq!(reveal_entry(&mut keyring, id).unwrap(), "t");
}

#[test]
fn loser_with_the_same_password_needs_no_save() {
    let (mut keyring, id) = conflict_of(("1", NOW), &[("1", NOW)]);
    let told = updated(resolve(&mut keyring, id, Resolution::Theirs));
    assert_eq!(told.entries, [summary(id, 2, "theirs", EntryState::Saved)]);
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
        let mut keyring = open_keyring();
        let (id, first) = create(&mut keyring, content("one", "1"));
        take_own(&mut keyring, id, &first);
        change(&mut keyring, id, content("mine", "2"), NOW);
        let told = open(&mut keyring, stored(id, 2, None));
        assert_eq!((told.entries[0].state, told.deleted.len()), (EntryState::Conflict, 0));
        let Ok(Response::Comparison { theirs: None, .. }) = keyring.handle(Request::Compare { id }) else {
            panic!("{resolution:?}")
        };
        match resolution {
            // It replaces the deletion.
            Resolution::Mine => assert_eq!(replaces(&sealed(resolve(&mut keyring, id, resolution)).1), 2),
            Resolution::Theirs => assert_eq!(updated(resolve(&mut keyring, id, resolution)).deleted, [id]),
            Resolution::Both => {
                let (new, _, told) = sealed(resolve(&mut keyring, id, resolution));
                assert_eq!(told.deleted, [id]);
                assert_eq!(reveal_entry(&mut keyring, new).unwrap(), "2");
            }
        }
    }
}

/// Applies these, and gives the number of changes that are in no entry.
fn missing(keyring: &mut Keyring<Counter>, entries: Vec<StoredEntry>, latest: u64) -> u64 {
    let answer = serde_json::to_string(&Changes { entries, latest, more: false }).unwrap();
    let completeness = updated(keyring.handle(Request::ApplyChanges { answer })).completeness.unwrap();
    assert_eq!(completeness.latest, latest);
    completeness.missing
}

#[test]
fn changes_that_the_server_leaves_out_are_counted() {
    let mut keyring = open_keyring();
    let (one, first) = create(&mut keyring, content("one", "1"));
    let second = change(&mut keyring, one, content("one", "2"), NOW);
    let (two, third) = create(&mut keyring, content("two", "3"));
    let (gone, _) = create(&mut keyring, content("gone", "4"));
    let all = || vec![as_stored(one, &second), as_stored(two, &third), stored(gone, 2, None)];
    let fresh = || open_keyring();
    assert_eq!(missing(&mut fresh(), all(), 5), 0);
    assert_eq!(missing(&mut fresh(), Vec::new(), 0), 0);
    // The server leaves out an entry, a deletion, or a newer version.
    for left_out in 0..3 {
        let mut some = all();
        let version = some.remove(left_out).version;
        assert_eq!(missing(&mut fresh(), some, 5), u64::from(version));
    }
    assert_eq!(missing(&mut fresh(), vec![as_stored(one, &first), all().remove(1), all().remove(2)], 5), 1);
    // Two pages, with a change in between, and with a change saved here meanwhile.
    let mut paged = fresh();
    take_changes(&mut paged, vec![as_stored(one, &first), as_stored(two, &third)], true);
    assert_eq!(missing(&mut paged, vec![as_stored(one, &second)], 3), 0);
    let (mine, fourth) = create(&mut paged, content("mine", "5"));
    take_own(&mut paged, mine, &fourth);
    assert_eq!(missing(&mut paged, Vec::new(), 3), 0, "the answer is from before the save");
    assert_eq!(missing(&mut paged, Vec::new(), 4), 0);
    // An entry that does not open counts as served.
    let mut stranger = fresh();
    stranger.vault.as_mut().unwrap().account = AccountId::from_random([2; 16]);
    assert_eq!(missing(&mut stranger, all(), 5), 0);
}

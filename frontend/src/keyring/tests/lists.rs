//! Lists with rows that do not open, and lists that are older than a save that was acknowledged meanwhile.

#[cfg(target_arch = "wasm32")]
use crate::browser_test::test;

use super::doubts::{bank, doubt, unlock};
use super::server::{VaultServer, batch, doubts, memory, send, sync, sync_by};
use super::waiting::{change, create};
use super::*;

#[test]
fn unreadable_row_costs_only_itself_and_the_open_page_holds_the_entry() {
    let (mut keyring, mut server, _, bank) = bank();
    server.rows.get_mut(&bank).unwrap().sealed.as_mut().unwrap().0[100] ^= 1;
    let mut other = closed_keyring();
    let update = sync(&mut other, &server);
    assert_eq!((update.entries.len(), update.refused.clone()), (2, vec![bank]));
    assert_eq!(doubts(&update), Doubts::default());
    create(&mut other, content("more", "x"));
    assert_eq!(send(&mut other, &mut server).settled.len(), 1, "others are saved");

    let update = sync_by(&mut keyring, |_| server.list(0, 1000));
    assert_eq!(update.conflicts, [bank]);
    let mended = updated(keyring.handle(Request::KeepNewer { now: NOW }));
    assert_eq!(mended.sealed.len(), 1);
    send(&mut keyring, &mut server);
    assert_eq!(sync(&mut closed_keyring(), &server).refused.len(), 0);
}

#[test]
fn damaged_row_of_a_version_that_was_not_seen_here_is_named() {
    let (mut keyring, mut server, _, bank) = bank();
    let known = memory(&mut keyring);
    change(&mut keyring, bank, content("Bank", "newest"), NOW + 2);
    send(&mut keyring, &mut server);
    server.rows.get_mut(&bank).unwrap().sealed.as_mut().unwrap().0[100] ^= 1;
    let (_, update, found) = unlock(known, |since| server.list(since, 1000));
    assert_eq!((found.vault, found.entries), (None, vec![doubt(bank, "Bank", DoubtKind::Missing, false)]));
    assert!(update.refused.contains(&bank));
}

/// An answer that is older than a save that was acknowledged meanwhile.
#[test]
fn late_list_is_no_contradiction() {
    let (mut keyring, mut server, _, bank) = bank();
    let late = serde_json::to_string(&server.list(0, 1000)).unwrap();
    let position = updated(keyring.handle(Request::ListPosition)).next.unwrap();
    let late_news = serde_json::to_string(&server.list(position, 1000)).unwrap();
    change(&mut keyring, bank, content("Bank", "newest"), NOW + 5);
    send(&mut keyring, &mut server);
    // The answer may be to an earlier question, or to the one that is asked next.
    let stale = Request::ApplyChanges { answer: late_news, since: position };
    assert_eq!(keyring.handle(stale).err(), Some(KeyringError::OutOfTurn));
    let update = updated(keyring.handle(Request::ApplyChanges { answer: late, since: 0 }));
    assert_eq!((update.next, update.conflicts.len(), update.doubts), (Some(0), 0, None));
    // A save that is acknowledged while the list is read once more makes that one outdated, too.
    let late = serde_json::to_string(&server.list(0, 1000)).unwrap();
    change(&mut keyring, bank, content("Bank", "very newest"), NOW + 6);
    send_without_list(&mut keyring, &mut server);
    let update = updated(keyring.handle(Request::ApplyChanges { answer: late, since: 0 }));
    assert_eq!((update.next, update.conflicts.len(), update.doubts), (Some(0), 0, None));
    let update = sync(&mut keyring, &server);
    assert_eq!((doubts(&update), update.conflicts.len()), (Doubts::default(), 0));
    assert_eq!(reveal_entry(&mut keyring, bank).unwrap(), "very newest");
}

/// A save is acknowledged between two pages of a list that does not have it.
#[test]
fn save_between_two_pages_of_a_list_is_no_contradiction() {
    let (mut keyring, mut server, _, bank) = bank();
    let before = server.clone();
    let mut pages = 0;
    let mut other = closed_keyring();
    other.random = Counter(120);
    sync(&mut other, &server);
    for second in [false, true] {
        // The second time the list is read to make sure of a contradiction.
        let mut lied = !second;
        let answer = |since: u64, keyring: &mut Keyring<Counter>| {
            let answer = serde_json::to_string(&before.list(since, 2)).unwrap();
            updated(keyring.handle(Request::ApplyChanges { answer, since }))
        };
        let mut next = answer(0, &mut keyring).next;
        change(&mut keyring, bank, content("Bank", &format!("{second}")), NOW + 5);
        send_without_list(&mut keyring, &mut server);
        while let Some(since) = next {
            pages += 1;
            let from = if std::mem::take(&mut lied) { &before } else { &server };
            let answer = serde_json::to_string(&from.list(since, 2)).unwrap();
            let update = updated(keyring.handle(Request::ApplyChanges { answer, since }));
            assert!(update.conflicts.is_empty());
            next = update.next;
        }
    }
    assert!(pages > 3);
    assert_eq!(doubts(&sync_by(&mut keyring, |_| server.list(0, 1000))), Doubts::default());
    assert_eq!(reveal_entry(&mut keyring, bank).unwrap(), "true");
}

fn send_without_list(keyring: &mut Keyring<Counter>, server: &mut VaultServer) {
    let Batch { body, .. } = batch(keyring, false).unwrap();
    let answer = server.save(&body).unwrap();
    server::apply_saved(keyring, &body, &answer);
}

//! The operator's lists, and what they end.

use backend::store::{AccountSummary, InviteFault, NewSession, StoreError};
use shared::sessions::Device;

use super::*;

pub fn unused_invite_is_revoked_and_a_used_one_stays(driver: &impl Driver) {
    let store = driver.open();
    settle(&*store, 1, "ada");
    for tag in [2, 3] {
        store.add_invite(&invite(tag)).unwrap();
    }
    assert!(store.revoke_invite(&[2; 32]).unwrap());
    assert!(!store.revoke_invite(&[2; 32]).unwrap());
    assert!(!store.revoke_invite(&[1; 32]).unwrap(), "it was used");
    let unknown = store.create_account(&account(2, "bob"), &[2; 32], NOW);
    assert!(matches!(unknown, Err(StoreError::Invite(InviteFault::Unknown))));
    let left: Vec<_> = driver.open().invites().unwrap().iter().map(|invite| invite.code_hash[0]).collect();
    assert_eq!(left, [1, 3]);
}

pub fn accounts_are_listed_with_their_numbers(driver: &impl Driver) {
    let store = driver.open();
    assert_eq!(store.accounts().unwrap(), []);
    let eve = settle(&*store, 3, "eve");
    let (ada, bob) = two_full_accounts(&*store);
    store.delete_account(bob, None).unwrap();
    let summary = |id, name, entries, passkeys, changed_at| {
        let username = Username::new(name).unwrap();
        AccountSummary { id, username, created_at: NOW, entries, passkeys, changed_at }
    };
    let expected = [summary(ada, "ada", 4, 1, Some(NOW)), summary(eve, "eve", 0, 0, None)];
    assert_eq!(driver.open().accounts().unwrap(), expected);
}

pub fn sessions_of_all_accounts_are_listed_and_ended(driver: &impl Driver) {
    let store = driver.open();
    let (ada, bob) = (settle(&*store, 1, "ada"), settle(&*store, 2, "bob"));
    for (account, token, device, at) in
        [(ada, 5, None, NOW), (bob, 6, Some("Firefox on Linux"), NOW + 1), (ada, 7, None, NOW + 2)]
    {
        let device = device.map(|device| Device::new(device).unwrap());
        store.open_session(&NewSession { device, ..session(account, token) }, &LONG, at).unwrap();
    }
    let listed = |now| {
        let sessions = driver.open().all_sessions(&LONG, now).unwrap();
        sessions.iter().map(|(account, session)| (*account, session.token_hash[0], session.used_at)).collect::<Vec<_>>()
    };
    assert_eq!(listed(NOW + 9), [(ada, 7, NOW + 2), (bob, 6, NOW + 1), (ada, 5, NOW)]);
    assert_eq!(store.all_sessions(&LONG, NOW + 9).unwrap()[1].1.device.as_ref().unwrap().as_str(), "Firefox on Linux");
    assert_eq!(listed(NOW + LONG.idle + 1), [(ada, 7, NOW + 2)], "the others have ended by themselves");

    store.end_session(&[7; 32], NOW + 9).unwrap();
    assert_eq!(listed(NOW + 9), [(bob, 6, NOW + 1), (ada, 5, NOW)]);
    assert_eq!(store.end_sessions(ada, NOW + LONG.idle + 1).unwrap(), 1, "an idle one too, but none twice");
    assert_eq!(store.end_sessions(ada, NOW + 9).unwrap(), 0);
    assert_eq!(listed(NOW + 9), [(bob, 6, NOW + 1)]);
    assert!(is_live(&*store, 6) && !is_live(&*store, 5));
}

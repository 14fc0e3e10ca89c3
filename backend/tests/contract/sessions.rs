//! Sessions.

use backend::store::{LiveSession, NewSecret, NewSession, StoreError, StoredSession, TOKEN_KEPT};
use shared::ids::SessionId;
use shared::sessions::{CredentialName, Device};

use super::*;

/// A session by passphrase of an account whose credentials never changed.
pub fn session(account: AccountId, tag: u8) -> NewSession {
    NewSession {
        token_hash: [tag; 32],
        account,
        epoch: 0,
        credential: CredentialName::Passphrase,
        device: None,
        passkey_state: None,
    }
}

/// Uses a session, as the server does.
pub fn use_session(store: &dyn Store, tag: u8, lifetime: &Lifetime, now: u64) -> Result<LiveSession, StoreError> {
    let live = store.live_session(&[tag; 32], lifetime, now)?;
    store.touch_session(&[tag; 32], now).map(|()| live)
}

/// Returns true if the session of that tag has not ended.
pub fn is_live(store: &dyn Store, tag: u8) -> bool {
    match store.live_session(&[tag; 32], &LONG, NOW) {
        Ok(_) => true,
        Err(StoreError::NotFound) => false,
        Err(error) => panic!("{error}"),
    }
}

pub fn session_ends_after_idle_time_and_after_maximum_time(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    let lifetime = Lifetime { idle: 100_000, max: 250_000 };
    store.open_session(&session(ada, 5), &lifetime, NOW).unwrap();
    let use_at = |now| use_session(&*store, 5, &lifetime, now).ok();
    let live = |used_at| Some(LiveSession { account: ada, opened_at: NOW, used_at });
    assert_eq!(use_at(NOW + 99_999), live(NOW));
    // That use counts: idle time starts anew.
    assert_eq!(use_at(NOW + 199_998), live(NOW + 99_999));
    assert_eq!(use_at(NOW + 250_000), None);
    store.open_session(&session(ada, 6), &lifetime, NOW).unwrap();
    assert!(matches!(store.live_session(&[6; 32], &lifetime, NOW + 100_000), Err(StoreError::NotFound)));
    // Never backwards: of two processes whose clocks differ, the later use counts. A missing session is not made.
    store.touch_session(&[6; 32], NOW + 50_000).unwrap();
    store.touch_session(&[6; 32], NOW).unwrap();
    let live = LiveSession { account: ada, opened_at: NOW, used_at: NOW + 50_000 };
    assert_eq!(store.live_session(&[6; 32], &lifetime, NOW + 100_001).unwrap(), live);
    store.touch_session(&[9; 32], NOW).unwrap();
    assert!(!is_live(&*store, 9));
}

pub fn end_session_is_final_and_repeatable(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    store.open_session(&session(ada, 5), &LONG, NOW).unwrap();
    store.open_session(&session(ada, 6), &LONG, NOW).unwrap();
    store.end_session(&[5; 32], NOW).unwrap();
    store.end_session(&[5; 32], NOW).unwrap();
    assert!(matches!(store.live_session(&[5; 32], &LONG, NOW), Err(StoreError::NotFound)));
    assert_eq!(driver.open().live_session(&[6; 32], &LONG, NOW).unwrap().account, ada);
}

/// The last request of a log-in could be repeated by anybody who saw it, as long as its state is valid.
pub fn token_of_an_ended_session_opens_no_other(driver: &impl Driver) {
    let store = driver.open();
    let (ada, bob) = (settle(&*store, 1, "ada"), settle(&*store, 2, "bob"));
    let short = Lifetime { idle: 1000, max: 2000 };
    for tag in [5, 6, 7, 8] {
        store.open_session(&session(ada, tag), &LONG, NOW).unwrap();
    }
    store.end_session(&[5; 32], NOW).unwrap();
    store.end_listed_session(ada, SessionId::of_hash(&[6; 32]), NOW).unwrap();
    store.end_other_sessions(ada, &[8; 32], NOW).unwrap();
    store.open_session(&session(ada, 9), &LONG, NOW).unwrap();
    set(&*store, &NewSecret { token_hash: [8; 32], ..new(ada, &passkey(3), 3) }, NOW).unwrap();
    // Ended by the person, by another device, by a change, and by its short life.
    for now in [NOW, NOW + 3000, NOW + TOKEN_KEPT - 1] {
        for tag in [5, 6, 7, 8, 9] {
            let again = NewSession { epoch: 1, ..session(ada, tag) };
            let taken = store.open_session(&again, &short, now);
            assert!(matches!(taken, Err(StoreError::Taken)), "{tag}: {taken:?}");
        }
        assert!(!is_live(&*store, 5) && !is_live(&*store, 6) && !is_live(&*store, 7));
    }
    // An ended session changes nothing, and is not listed.
    let ended = NewSecret { token_hash: [7; 32], ..new(ada, &CredentialName::Recovery, 3) };
    assert!(matches!(set(&*store, &ended, NOW), Err(StoreError::NotFound)));
    let listed: Vec<_> = store.sessions(ada, &LONG, NOW).unwrap().into_iter().map(|it| it.token_hash[0]).collect();
    assert_eq!(listed.len(), 2, "{listed:?}");
    // A later log-in, of anybody, removes their tokens.
    store.open_session(&session(bob, 7), &LONG, NOW + TOKEN_KEPT).unwrap();
}

pub fn open_session_needs_an_unchanged_epoch(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    let changed = NewSession { epoch: 1, ..session(ada, 5) };
    assert!(matches!(store.open_session(&changed, &LONG, NOW), Err(StoreError::NotFound)));
    let nobody = session(AccountId::from_random([9; 16]), 5);
    assert!(matches!(store.open_session(&nobody, &LONG, NOW), Err(StoreError::NotFound)));
    assert_eq!(store.open_session(&session(ada, 5), &LONG, NOW).unwrap().wrapped_key, secret(1).wrapped_key);
    let by_recovery = NewSession { credential: CredentialName::Recovery, ..session(ada, 6) };
    assert_eq!(store.open_session(&by_recovery, &LONG, NOW).unwrap().wrapped_key, secret(1 ^ 0xff).wrapped_key);
    assert!(matches!(store.open_session(&session(ada, 5), &LONG, NOW), Err(StoreError::Taken)));
}

pub fn sessions_are_listed_and_ended_by_their_account_only(driver: &impl Driver) {
    let store = driver.open();
    let (ada, bob) = (settle(&*store, 1, "ada"), settle(&*store, 2, "bob"));
    let lifetime = Lifetime { idle: 100_000, max: 1_000_000 };
    // The longest name, of characters that take four bytes each.
    let device = Device::new(&"𝔞".repeat(64)).unwrap();
    // Two hashes whose ids differ in the last byte only, with the highest and the lowest rest.
    let (mut low, mut high) = ([6; 32], [6; 32]);
    (low[15], high[15]) = (0xfe, 0xff);
    low[16..].fill(0xff);
    high[16..].fill(0);
    let sessions = [
        (NewSession { device: Some(device.clone()), ..session(ada, 5) }, NOW),
        (NewSession { token_hash: low, ..session(ada, 0) }, NOW + 1000),
        (NewSession { token_hash: high, ..session(ada, 0) }, NOW + 2000),
        (session(bob, 7), NOW + 3000),
    ];
    for (session, at) in &sessions {
        store.open_session(session, &lifetime, *at).unwrap();
    }
    let listed = |account, now| -> Vec<_> {
        let sessions = store.sessions(account, &lifetime, now).unwrap();
        sessions.into_iter().map(|session| (session.token_hash, session.used_at - NOW)).collect()
    };
    assert_eq!(listed(ada, NOW + 3000), [(high, 2000), (low, 1000), ([5; 32], 0)]);
    use_session(&*store, 5, &lifetime, NOW + 70_000).unwrap();
    assert_eq!(listed(ada, NOW + 70_000), [([5; 32], 70_000), (high, 2000), (low, 1000)]);
    let whole = store.sessions(ada, &lifetime, NOW + 70_000).unwrap();
    let expected = StoredSession { token_hash: [5; 32], device: Some(device), created_at: NOW, used_at: NOW + 70_000 };
    assert_eq!((&whole[0], &whole[1].device), (&expected, &None));
    // Sessions that have ended are not listed, even before they are deleted.
    assert_eq!(listed(ada, NOW + 102_000), [([5; 32], 70_000)]);

    // The session of another account stays. An account's own is found by its id, and its neighbours stay.
    let low_id = SessionId::of_hash(&low);
    store.end_listed_session(bob, low_id, NOW).unwrap();
    assert_eq!(listed(ada, NOW + 70_000).len(), 3);
    store.end_listed_session(ada, low_id, NOW).unwrap();
    store.end_listed_session(ada, low_id, NOW).unwrap();
    assert_eq!(listed(ada, NOW + 70_000), [([5; 32], 70_000), (high, 2000)]);
    store.end_listed_session(ada, SessionId::of_hash(&high), NOW).unwrap();
    assert_eq!(listed(ada, NOW + 70_000), [([5; 32], 70_000)]);

    store.open_session(&session(ada, 8), &lifetime, NOW + 70_000).unwrap();
    store.end_other_sessions(ada, &[8; 32], NOW).unwrap();
    store.end_other_sessions(ada, &[8; 32], NOW).unwrap();
    assert_eq!(listed(ada, NOW + 70_000), [([8; 32], 70_000)]);
    assert_eq!(listed(bob, NOW + 70_000), [([7; 32], 3000)]);
}

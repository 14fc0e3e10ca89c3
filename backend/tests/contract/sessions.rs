//! Sessions.

use backend::store::{NewSession, StoreError};
use shared::sessions::CredentialKind;

use super::*;

fn session(account: AccountId, tag: u8) -> NewSession {
    NewSession { token_hash: [tag; 32], account, epoch: 0, credential: CredentialKind::Passphrase }
}

pub fn a_session_ends_when_idle_and_in_any_case(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    let lifetime = Lifetime { idle: 100_000, max: 250_000 };
    store.open_session(&session(ada, 5), &lifetime, NOW).unwrap();
    let use_at = |now| store.use_session(&[5; 32], &lifetime, now).ok();
    assert_eq!(use_at(NOW + 99_999), Some(ada));
    // That use counts: idle time starts anew.
    assert_eq!(use_at(NOW + 199_998), Some(ada));
    assert_eq!(use_at(NOW + 250_000), None);
    store.open_session(&session(ada, 6), &lifetime, NOW).unwrap();
    assert!(matches!(store.use_session(&[6; 32], &lifetime, NOW + 100_000), Err(StoreError::NotFound)));
    // A log-in clears away what has ended: the token's place is free again.
    store.open_session(&session(ada, 7), &lifetime, NOW + 100_000).unwrap();
    store.open_session(&session(ada, 6), &lifetime, NOW + 100_000).unwrap();
    assert_eq!(store.use_session(&[6; 32], &lifetime, NOW + 100_001).unwrap(), ada);
}

pub fn ending_a_session_is_final_and_harmless(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    store.open_session(&session(ada, 5), &LONG, NOW).unwrap();
    store.open_session(&session(ada, 6), &LONG, NOW).unwrap();
    store.end_session(&[5; 32]).unwrap();
    store.end_session(&[5; 32]).unwrap();
    assert!(matches!(store.use_session(&[5; 32], &LONG, NOW), Err(StoreError::NotFound)));
    assert_eq!(driver.open().use_session(&[6; 32], &LONG, NOW).unwrap(), ada);
}

pub fn a_session_needs_the_account_as_it_was(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    let changed = NewSession { epoch: 1, ..session(ada, 5) };
    assert!(matches!(store.open_session(&changed, &LONG, NOW), Err(StoreError::NotFound)));
    let nobody = session(AccountId::from_random([9; 16]), 5);
    assert!(matches!(store.open_session(&nobody, &LONG, NOW), Err(StoreError::NotFound)));
    assert_eq!(store.open_session(&session(ada, 5), &LONG, NOW).unwrap(), secret(1).wrapped_key);
    let by_recovery = NewSession { credential: CredentialKind::Recovery, ..session(ada, 6) };
    assert_eq!(store.open_session(&by_recovery, &LONG, NOW).unwrap(), secret(1 ^ 0xff).wrapped_key);
    assert!(matches!(store.open_session(&session(ada, 5), &LONG, NOW), Err(StoreError::Taken)));
}

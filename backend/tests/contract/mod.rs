//! The contract of a store, as plain functions over [`Driver`]. No case names a database. A driver runs all cases with
//! `contract::suite!(make)`, where `make` returns a [`Driver`] over an empty database.

// Each driver's test program compiles this file; none uses every name itself.
#![allow(dead_code, unused_macros, unused_imports, reason = "shared between test programs")]

mod accounts;
mod credentials;
mod operator;
mod passwords;
mod sessions;
mod transfer;

pub use accounts::*;
pub use credentials::*;
pub use operator::*;
pub use passwords::*;
pub use sessions::*;
pub use transfer::*;

use backend::store::{
    Accounts, Credentials, Database, Entries, Invite, Lifetime, NewAccount, Passwords, Put, Sessions, Store, Transfer,
};
use shared::accounts::{NewCredential, Username};
use shared::bytes::Base64Url;
use shared::ids::{AccountId, EntryId};
use shared::limits::SEALED_OVERHEAD;
use shared::passwords::{FORMAT, SealedEntry};

/// A database for one case.
pub trait Driver {
    /// Another store over the same database, as another process would open it.
    fn open(&self) -> Box<dyn Store>;
    /// Cuts the connections of open stores, as a network would. Does nothing if the database has none.
    fn cut(&self);
}

/// Runs every case against fresh databases.
macro_rules! suite {
    ($make:path) => {
        $crate::contract::cases!($make:
            new_store_is_empty_and_works,
            written_entry_survives_reopening,
            cut_connection_is_replaced_without_an_error,
            store_is_bound_to_one_server_key,
            invite_is_used_once_and_expires,
            set_up_link_is_unknown_after_the_first_account,
            taken_username_or_id_does_not_use_the_invite_up,
            repeated_create_account_makes_one_account,
            letter_case_does_not_make_a_second_account,
            credentials_are_returned_as_stored,
            empty_credential_is_refused,
            delete_account_removes_all_of_it_and_nothing_of_others,
            new_secret_replaces_the_old_and_ends_other_sessions,
            set_credential_needs_a_session_that_has_not_ended,
            passkey_is_added_used_and_removed,
            repeated_passkey_is_set_once_and_another_of_its_id_replaces_it,
            all_bytes_of_a_passkey_id_count,
            passkey_beyond_the_maximum_is_refused,
            concurrent_log_in_with_old_secrets_does_not_outlive_a_new_passphrase,
            session_ends_after_idle_time_and_after_maximum_time,
            end_session_is_final_and_repeatable,
            open_session_needs_an_unchanged_epoch,
            sessions_are_listed_and_ended_by_their_account_only,
            first_put_makes_version_one,
            repeated_put_makes_one_version,
            put_with_stale_version_returns_the_current_entry,
            replacing_a_missing_entry_is_not_found,
            entry_of_every_bucket_is_returned_byte_for_byte,
            changes_are_listed_once_in_order_and_in_pages,
            times_keep_their_milliseconds,
            delete_leaves_a_tombstone_without_bytes,
            delete_with_stale_version_returns_the_current_entry,
            deleted_entry_can_be_put_again,
            full_vault_refuses_new_entries_only,
            accounts_do_not_see_each_others_entries,
            concurrent_writers_get_distinct_change_numbers,
            one_of_two_writers_of_the_same_version_is_stale,
            refused_write_leaves_no_lock,
            transferred_data_equals_its_source,
            interrupted_transfer_can_be_repeated,
            transfer_into_other_data_is_refused,
            insert_entries_refuses_differing_entries,
            unused_invite_is_revoked_and_a_used_one_stays,
            accounts_are_listed_with_their_numbers,
            sessions_of_all_accounts_are_listed_and_ended,
        );
    };
}

macro_rules! cases {
    ($make:path: $($case:ident),* $(,)?) => {
        $(
            #[test]
            fn $case() {
                $crate::contract::$case(&$make());
            }
        )*
    };
}

pub(crate) use {cases, suite};

pub const NOW: u64 = 1_790_000_000_123;
pub const LONG: Lifetime = Lifetime { idle: 1_800_000, max: 43_200_000 };

pub fn invite(tag: u8) -> Invite {
    Invite { code_hash: [tag; 32], expires_at: NOW + 1000, setup: false }
}

pub fn secret(tag: u8) -> NewCredential {
    NewCredential { suite: 1, record: Base64Url(vec![tag; 192]), wrapped_key: Base64Url(vec![tag; 73]) }
}

pub fn account(tag: u8, username: &str) -> NewAccount {
    NewAccount {
        id: AccountId::from_random([tag; 16]),
        username: Username::new(username).unwrap(),
        passphrase: secret(tag),
        recovery: secret(tag ^ 0xff),
        head: None,
    }
}

/// Makes an account with an invite of its own.
pub fn settle(store: &dyn Store, tag: u8, username: &str) -> AccountId {
    let account = account(tag, username);
    store.add_invite(&invite(tag)).unwrap();
    store.create_account(&account, &[tag; 32], NOW).unwrap();
    account.id
}

pub fn entry_id(tag: u16) -> EntryId {
    let [high, low] = tag.to_be_bytes();
    EntryId::from_time(NOW, [0, 0, 0, 0, 0, 0, 0, 0, high, low])
}

/// A valid sealed entry of a bucket's size, filled with one byte.
pub fn sealed(bucket: usize, fill: u8) -> SealedEntry {
    let mut bytes = vec![fill; bucket + SEALED_OVERHEAD];
    bytes[0] = FORMAT;
    bytes.try_into().unwrap()
}

pub fn put(account: AccountId, id: EntryId, replaces: u32, fill: u8) -> Put {
    Put { account, id, replaces, sealed: sealed(1024, fill) }
}

/// A limit of entries that no case reaches.
pub const MANY: u64 = 100_000;

pub fn new_store_is_empty_and_works(driver: &impl Driver) {
    let store = driver.open();
    store.check().unwrap();
    assert!(!store.has_accounts().unwrap());
}

pub fn written_entry_survives_reopening(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    store.put(&put(ada, entry_id(1), 0, 7), MANY, NOW).unwrap();
    drop(store);
    let store = driver.open();
    assert!(store.has_accounts().unwrap());
    let changes = store.changes(ada, 0, 10).unwrap();
    assert_eq!(changes.entries[0].sealed, Some(sealed(1024, 7)));
}

pub fn cut_connection_is_replaced_without_an_error(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    driver.cut();
    store.put(&put(ada, entry_id(1), 0, 7), MANY, NOW).unwrap();
    driver.cut();
    assert_eq!(store.changes(ada, 0, 10).unwrap().entries.len(), 1);
}

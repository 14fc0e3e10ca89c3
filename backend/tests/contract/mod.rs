//! What every store must do, as plain functions over [`Driver`]. No case names a database; a driver runs them all with
//! `contract::suite!(make)`, where `make` gives a [`Driver`] over an empty database.

// Each driver's test program compiles this file; none uses every name itself.
#![allow(dead_code, unused_macros, unused_imports, reason = "shared between test programs")]

mod accounts;
mod credentials;
mod passwords;
mod sessions;
mod transfer;

pub use accounts::*;
pub use credentials::*;
pub use passwords::*;
pub use sessions::*;
pub use transfer::*;

use backend::store::{
    Accounts, Credentials, Database, Invite, Lifetime, NewAccount, Passwords, Put, Sessions, Store, Transfer,
};
use shared::accounts::{NewCredential, Username};
use shared::bytes::Base64Url;
use shared::ids::{AccountId, EntryId};
use shared::limits::SEALED_OVERHEAD;
use shared::passwords::{FORMAT, SealedEntry};

/// A database made for one case.
pub trait Driver {
    /// A store over the database, as one more process would open it.
    fn open(&self) -> Box<dyn Store>;
    /// Cuts the connections that open stores hold, as a network would, if this database has connections to cut.
    fn cut(&self);
}

/// Runs every case against fresh databases.
macro_rules! suite {
    ($make:path) => {
        $crate::contract::cases!($make:
            a_new_store_is_empty_and_works,
            what_is_written_survives_reopening,
            a_cut_connection_is_replaced_unseen,
            a_store_belongs_to_one_server_key,
            an_invite_is_good_once_and_for_a_time,
            a_set_up_link_dies_with_the_first_account,
            a_login_or_an_id_in_use_leaves_the_invite_good,
            an_account_made_twice_is_one,
            letter_case_does_not_make_a_second_account,
            credentials_come_back_as_stored,
            an_empty_credential_is_refused,
            a_deleted_account_leaves_nothing_and_others_everything,
            a_new_secret_replaces_the_old_and_ends_other_sessions,
            only_a_session_that_goes_on_sets_a_secret,
            a_passkey_is_added_used_and_removed,
            a_passkey_is_set_once_and_replaced_by_another_of_its_id,
            a_passkeys_id_is_all_of_its_bytes,
            there_is_room_for_so_many_passkeys,
            no_log_in_outlives_a_new_passphrase,
            a_session_ends_when_idle_and_in_any_case,
            ending_a_session_is_final_and_harmless,
            a_session_needs_the_account_as_it_was,
            sessions_are_listed_and_ended_by_their_account,
            a_first_put_makes_version_one,
            a_put_sent_twice_is_one_entry,
            a_stale_put_gets_the_current_entry,
            replacing_nothing_is_not_found,
            every_bucket_comes_back_byte_for_byte,
            changes_are_listed_once_in_order_and_in_pages,
            times_keep_their_milliseconds,
            a_delete_leaves_no_bytes_behind,
            a_stale_delete_gets_the_current_entry,
            a_deleted_entry_can_be_put_again,
            a_full_vault_refuses_new_entries_only,
            accounts_never_meet,
            writers_at_once_get_numbers_of_their_own,
            of_two_writers_of_one_version_one_wins,
            a_refusal_leaves_no_lock_behind,
            a_moved_house_is_the_same_house,
            a_move_goes_on_where_it_was_interrupted,
            a_move_never_mixes_with_other_data,
            entries_that_differ_are_not_taken_for_the_same,
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
    NewCredential { record: Base64Url(vec![tag; 192]), wrapped_key: Base64Url(vec![tag; 73]) }
}

pub fn account(tag: u8, username: &str) -> NewAccount {
    NewAccount {
        id: AccountId::from_random([tag; 16]),
        username: Username::new(username).unwrap(),
        passphrase: secret(tag),
        recovery: secret(tag ^ 0xff),
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

/// Something of a bucket's size that starts as sealed entries do.
pub fn sealed(bucket: usize, fill: u8) -> SealedEntry {
    let mut bytes = vec![fill; bucket + SEALED_OVERHEAD];
    bytes[0] = FORMAT;
    bytes.try_into().unwrap()
}

pub fn put(account: AccountId, id: EntryId, replaces: u32, fill: u8) -> Put {
    Put { account, id, replaces, sealed: sealed(1024, fill) }
}

/// As many entries as anyone could want.
pub const MANY: u64 = 100_000;

pub fn a_new_store_is_empty_and_works(driver: &impl Driver) {
    let store = driver.open();
    store.check().unwrap();
    assert!(!store.has_accounts().unwrap());
}

pub fn what_is_written_survives_reopening(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    store.put(&put(ada, entry_id(1), 0, 7), MANY, NOW).unwrap();
    drop(store);
    let store = driver.open();
    assert!(store.has_accounts().unwrap());
    let changes = store.changes(ada, 0, 10).unwrap();
    assert_eq!(changes.entries[0].sealed, Some(sealed(1024, 7)));
}

pub fn a_cut_connection_is_replaced_unseen(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    driver.cut();
    store.put(&put(ada, entry_id(1), 0, 7), MANY, NOW).unwrap();
    driver.cut();
    assert_eq!(store.changes(ada, 0, 10).unwrap().entries.len(), 1);
}

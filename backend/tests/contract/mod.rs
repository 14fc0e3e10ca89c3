//! The contract of a store, as plain functions over [`Driver`]. No case names a database. A driver runs all cases with
//! `contract::suite!(make)`, where `make` returns a [`Driver`] over an empty database.

// Each driver's test program compiles this file; none uses every name itself.
#![allow(dead_code, unused_macros, unused_imports, reason = "shared between test programs")]

mod accounts;
mod credential_changes;
mod credentials;
mod entries;
mod entries_together;
mod operator;
mod passkeys;
mod sessions;
mod transfer;
mod vault_key;

pub use accounts::*;
pub use credential_changes::*;
pub use credentials::*;
pub use entries::*;
pub use entries_together::*;
pub use operator::*;
pub use passkeys::*;
pub use sessions::*;
pub use transfer::*;
pub use vault_key::*;

use std::sync::atomic::{AtomicU64, Ordering};

use backend::store::{
    Accounts, Credentials, Database, Entries, Invite, Lifetime, NewAccount, Operator, Sessions, Store, StoreError,
    Transfer,
};
use shared::accounts::{NewCredential, Username};
use shared::bytes::Base64Url;
use shared::changes::{
    Change, FORMAT, HEAD_LEN, HEADER_LEN, OVERHEAD, SaveChanges, Saved, Sealed, SealedHead, StoredVersion,
};
use shared::ids::{AccountId, EntryId};

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
            stale_proof_changes_no_credential,
            passkeys_that_are_not_kept_are_removed_with_the_old_secret,
            verifier_of_a_passkey_is_returned_as_stored_and_renewed_at_log_in,
            suite_of_each_credential_is_returned_as_stored,
            credential_changes_are_noted_with_device_and_address,
            credential_changes_beyond_the_newest_are_forgotten,
            vault_key_is_replaced_with_all_that_belongs_to_it,
            refused_vault_key_changes_nothing,
            repeated_vault_key_changes_nothing,
            passkey_is_added_used_and_removed,
            repeated_passkey_is_set_once_and_another_of_its_id_replaces_it,
            all_bytes_of_a_passkey_id_count,
            passkey_beyond_the_maximum_is_refused,
            concurrent_log_in_with_old_secrets_does_not_outlive_a_new_passphrase,
            session_ends_after_idle_time_and_after_maximum_time,
            end_session_is_final_and_repeatable,
            token_of_an_ended_session_opens_no_other,
            open_session_needs_an_unchanged_epoch,
            sessions_are_listed_and_ended_by_their_account_only,
            saved_entry_is_listed_with_its_head,
            repeated_save_returns_the_first_answer,
            save_with_another_head_changes_nothing,
            save_under_another_vault_key_changes_nothing,
            account_without_a_head_takes_no_save,
            save_with_stale_version_returns_the_current_entry,
            replacing_a_missing_entry_is_not_found,
            versions_may_leave_numbers_out,
            save_whose_version_does_not_rise_is_a_fault,
            entry_of_every_bucket_is_returned_byte_for_byte,
            times_keep_their_milliseconds,
            deletion_is_stored_sealed_and_frees_its_place,
            deleted_entry_can_be_saved_again,
            deletion_of_an_unknown_entry_is_stored,
            row_of_unknown_format_is_listed_as_stored,
            changes_are_listed_once_in_order_and_in_pages,
            save_is_all_or_nothing,
            versions_of_one_entry_follow_each_other_in_one_save,
            hundred_changes_of_all_kinds_are_saved_at_once,
            full_vault_refuses_new_entries_only,
            accounts_do_not_see_each_others_entries,
            concurrent_writers_get_distinct_change_numbers,
            one_of_two_writers_with_the_same_head_is_stale,
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
        head: Some(head(1)),
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

fn with_header(key_no: u32, len: usize, fill: u8) -> Vec<u8> {
    let mut bytes = vec![fill; len];
    bytes[0] = FORMAT;
    bytes[1..HEADER_LEN].copy_from_slice(&key_no.to_be_bytes());
    bytes
}

/// A valid sealed entry of a bucket's size under vault key 1, filled with one byte.
pub fn sealed(bucket: usize, fill: u8) -> Sealed {
    sealed_under(1, bucket, fill)
}

pub fn sealed_under(key_no: u32, bucket: usize, fill: u8) -> Sealed {
    with_header(key_no, bucket + OVERHEAD, fill).try_into().unwrap()
}

/// A valid sealed deletion under vault key 1.
pub fn deletion(fill: u8) -> Sealed {
    with_header(1, OVERHEAD, fill).try_into().unwrap()
}

/// A head under vault key 1.
pub fn head(mark: u64) -> SealedHead {
    head_under(1, mark)
}

pub fn head_under(key_no: u32, mark: u64) -> SealedHead {
    let mut bytes = with_header(key_no, HEAD_LEN, 0);
    bytes[HEADER_LEN..HEADER_LEN + 8].copy_from_slice(&mark.to_be_bytes());
    bytes.try_into().unwrap()
}

/// A head like no other, as the nonce makes a real one.
pub fn next_head() -> SealedHead {
    static NEXT: AtomicU64 = AtomicU64::new(1000);
    head(NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The version after the replaced one, of the smallest size.
pub fn change(tag: u16, replaces: u32, fill: u8) -> Change {
    Change { id: entry_id(tag), replaces, version: replaces + 1, sealed: sealed(1024, fill) }
}

/// The deletion after the replaced version.
pub fn delete(tag: u16, replaces: u32) -> Change {
    Change { sealed: deletion(3), ..change(tag, replaces, 0) }
}

pub fn account_head(store: &dyn Store, account: AccountId) -> Option<SealedHead> {
    let head = store.list_changes(account, 0, 1).unwrap().head;
    head.map(|head| head.0.try_into().unwrap())
}

/// The request with these changes, for an account with this head.
pub fn request(replaces: &SealedHead, changes: &[Change]) -> SaveChanges {
    SaveChanges { replaces: replaces.clone(), changes: changes.to_vec(), head: next_head() }
}

/// The request with these changes, as a client makes it who knows the account's head.
pub fn prepare(store: &dyn Store, account: AccountId, changes: &[Change]) -> SaveChanges {
    // An account that does not exist has no head: any will do.
    request(&account_head(store, account).unwrap_or(head(1)), changes)
}

/// Saves changes as a client that knows the account's head.
pub fn save(store: &dyn Store, account: AccountId, changes: &[Change]) -> Result<Saved, StoreError> {
    store.save_changes(account, &prepare(store, account, changes), MANY, NOW)
}

/// All entries of an account.
pub fn list(store: &dyn Store, account: AccountId) -> Vec<StoredVersion> {
    let changes = store.list_changes(account, 0, 1000).unwrap();
    assert!(!changes.more);
    changes.entries
}

/// The row of a change that was saved at [`NOW`].
pub fn row(change: &Change, change_no: u64) -> StoredVersion {
    let (deleted, sealed) = (change.sealed.is_deletion(), Some(Base64Url(change.sealed.as_bytes().to_vec())));
    StoredVersion { id: change.id, version: change.version, change_no, changed_at: NOW, deleted, sealed }
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
    save(&*store, ada, &[change(1, 0, 7)]).unwrap();
    drop(store);
    let store = driver.open();
    assert!(store.has_accounts().unwrap());
    assert_eq!(list(&*store, ada), [row(&change(1, 0, 7), 1)]);
}

pub fn cut_connection_is_replaced_without_an_error(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    let save = prepare(&*store, ada, &[change(1, 0, 7)]);
    driver.cut();
    store.save_changes(ada, &save, MANY, NOW).unwrap();
    driver.cut();
    assert_eq!(list(&*store, ada).len(), 1);
}

//! The store: where sealed entries, accounts and sessions are kept. The [`Store`] trait, its types and its errors.
//!
//! The store knows no HTTP and no keys. Each driver lives in a folder of its own and is the only place that names its
//! database crate; drivers never import each other.

mod decide;
pub mod oracle;
mod password_expiry;
mod pool;
pub mod sqlite;
pub mod transfer;
mod types;
mod unreadable;

use shared::accounts::Username;
use shared::changes::{Changes, SaveChanges, Saved, StoredVersion};
use shared::credentials::{CredentialChange, PasskeySummary};
use shared::ids::{AccountId, PasskeyId, SessionId};
use shared::sessions::CredentialName;

pub use password_expiry::{PasswordExpiry, WARN_DAYS};
pub use types::*;
pub use unreadable::{Defect, UnreadableRow, UnreadableRows};

/// Every operation of a database, by subject. A driver implements each subject in a file of its own.
///
/// # Contract
/// - Every method is one operation in one transaction: after an error nothing of it has happened, and after `Ok` it
///   survives the death of the process and of the machine.
/// - Every statement about entries is scoped by the account. An entry of another account looks like one that does not
///   exist.
/// - Methods block. The server calls them through [`crate::server::gate`] only.
/// - Several processes may have the same database open.
/// - No method has a default body, so the compiler finds what a driver lacks.
/// - Any method may fail with [`StoreError::Unavailable`] or [`StoreError::Refused`], and a write with
///   [`StoreError::ReadOnly`]. `# Errors` lists only what comes in addition.
///
/// `tests/contract` holds every driver to this.
pub trait Store: Database + Accounts + Credentials + Sessions + Entries + Operator + Transfer {}

impl<S: Database + Accounts + Credentials + Sessions + Entries + Operator + Transfer> Store for S {}

/// The database as a whole: its health, and the server key it belongs to.
pub trait Database: Send + Sync {
    /// Succeeds if the database answers and takes writes.
    fn check(&self) -> Result<(), StoreError>;

    /// Reads the whole database in search of damage, which may take minutes. A store that finds any refuses writes from
    /// then on: they could do more damage. Does nothing for a database that checks itself.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`] with the damage.
    fn look_for_damage(&self) -> Result<(), StoreError>;

    /// Connections and writes at this moment. Answers at once, without asking the database.
    fn usage(&self) -> Usage;

    /// Binds the database to a server key by the key's fingerprint: the first call stores it, later ones compare.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if the database is bound to another key.
    fn bind_server_key(&self, fingerprint: &Hash) -> Result<(), StoreError>;

    /// The fingerprint that [`Database::bind_server_key`] stored, if any.
    fn server_key(&self) -> Result<Option<Hash>, StoreError>;

    /// The expiry of the password with which this program logs in to the database.
    fn password_expiry(&self) -> Result<PasswordExpiry, StoreError>;
}

/// Accounts, and the invites that let people make them.
pub trait Accounts: Send + Sync {
    /// True if there is any account.
    fn has_accounts(&self) -> Result<bool, StoreError>;

    /// Stores an invite.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if an invite with the same code exists.
    fn add_invite(&self, invite: &Invite) -> Result<(), StoreError>;

    /// Succeeds if the invite would let an account be made now.
    ///
    /// # Errors
    /// [`StoreError::Invite`] says why not.
    fn check_invite(&self, code_hash: &Hash, now: Millis) -> Result<(), StoreError>;

    /// Makes an account and uses the invite up. Repeating the request that made the account, with the same invite,
    /// succeeds and changes nothing. Returns true if the account was made now.
    ///
    /// # Errors
    /// [`StoreError::Invite`] as [`Accounts::check_invite`]; [`StoreError::Taken`] if the username or the id is in
    /// use. The invite is not used up then.
    fn create_account(&self, account: &NewAccount, invite_hash: &Hash, now: Millis) -> Result<bool, StoreError>;

    /// An account's username.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such account.
    fn username(&self, account: AccountId) -> Result<Username, StoreError>;

    /// Deletes an account with its entries, passkeys and sessions: no row of it is left, and its username is free.
    /// The invite that made it stays used. Deleting an account that does not exist is no error.
    ///
    /// `epoch` is [`Credential::epoch`] at the start of the proof that the request carries; none for the operator.
    ///
    /// # Errors
    /// [`StoreError::StaleProof`] if the account's credentials have changed since `epoch`.
    fn delete_account(&self, account: AccountId, epoch: Option<u32>) -> Result<(), StoreError>;
}

/// The secrets that open a vault: passphrase, recovery code, passkeys.
pub trait Credentials: Send + Sync {
    /// Looks up one of the secrets of an account; `None` if there is no such account, or no such passkey of it.
    fn credential(&self, username: &Username, name: &CredentialName) -> Result<Option<Credential>, StoreError>;

    /// Sets one of the secrets of an account, if the session that asks for it has not ended meanwhile. Setting the same
    /// record and key again succeeds and changes nothing.
    ///
    /// A passphrase or recovery code replaces the one before, removes the passkeys that are not to be kept, raises the
    /// epoch, and ends all other sessions of the account. A passkey is added, or replaces the one of the same id, and
    /// raises the epoch. Each secret that is set, and each passkey that is removed, is a credential change.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such session of the account; [`StoreError::StaleProof`] if the account's
    /// credentials have changed since the proof was begun; [`StoreError::Full`] if the account has `passkeys_max`
    /// passkeys.
    fn set_credential(&self, secret: &NewSecret, passkeys_max: usize, now: Millis) -> Result<(), StoreError>;

    /// Replaces the vault key, passphrase, recovery code and head of an account, removes its passkeys, raises the epoch,
    /// and ends all other sessions. Entries stay as they are. Repeating the request changes nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such session of the account; [`StoreError::StaleKey`] if the new key's
    /// number is not the one after the account's; [`StoreError::StaleProof`] as [`Credentials::set_credential`];
    /// [`StoreError::StaleHead`] if the account's head is not the one that is to be replaced.
    fn replace_vault_key(&self, new: &NewVaultKey, now: Millis) -> Result<(), StoreError>;

    /// The passkeys of an account, the oldest first.
    fn passkeys(&self, account: AccountId) -> Result<Vec<PasskeySummary>, StoreError>;

    /// The data that verifies a passkey of an account; `None` if there is no such passkey, or it has none.
    fn passkey_verifier(&self, account: AccountId, id: &PasskeyId) -> Result<Option<PasskeyVerifier>, StoreError>;

    /// Removes a passkey of an account. If it was there, this raises the epoch, so that no log-in in progress succeeds.
    /// Removing a passkey that does not exist is no error.
    ///
    /// # Errors
    /// [`StoreError::StaleProof`] as [`Credentials::set_credential`], if it was there.
    fn remove_passkey(&self, passkey: &OldPasskey, now: Millis) -> Result<(), StoreError>;

    /// The changes of an account's credentials, the newest first: at most
    /// [`shared::limits::CREDENTIAL_CHANGES_MAX`]; older ones are forgotten.
    fn credential_changes(&self, account: AccountId) -> Result<Vec<CredentialChange>, StoreError>;
}

/// Sessions.
pub trait Sessions: Send + Sync {
    /// Stores a session and deletes those that have ended and are older than [`TOKEN_KEPT`]. Returns the vault key,
    /// wrapped for the secret that the log-in used. For a passkey, this counts as its use.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the account or the passkey is gone, or the account's credentials have changed since
    /// `epoch`; [`StoreError::Taken`] if the token was stored before, even if its session has ended.
    fn open_session(&self, session: &NewSession, lifetime: &Lifetime, now: Millis) -> Result<Grant, StoreError>;

    /// The session of this token, if it has not ended. This only reads, so that it works while nothing can be written.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such session or it has ended.
    fn live_session(&self, token_hash: &Hash, lifetime: &Lifetime, now: Millis) -> Result<LiveSession, StoreError>;

    /// Records that a session is used: its idle time starts anew. Does nothing if there is no such session.
    fn touch_session(&self, token_hash: &Hash, now: Millis) -> Result<(), StoreError>;

    /// The sessions of an account that have not ended, the one used last first.
    fn sessions(&self, account: AccountId, lifetime: &Lifetime, now: Millis) -> Result<Vec<StoredSession>, StoreError>;

    /// Ends a session. Ending a session that does not exist is no error.
    fn end_session(&self, token_hash: &Hash, now: Millis) -> Result<(), StoreError>;

    /// Ends the session of an account that is listed under this id. Ending one that does not exist is no error.
    fn end_listed_session(&self, account: AccountId, id: SessionId, now: Millis) -> Result<(), StoreError>;

    /// Ends all sessions of an account but this one.
    fn end_other_sessions(&self, account: AccountId, token_hash: &Hash, now: Millis) -> Result<(), StoreError>;
}

/// Sealed entries.
pub trait Entries: Send + Sync {
    /// Entries that changed after change number `since`, by rising change number, at most `limit`, and the account's
    /// head, all from one snapshot. Sealed bytes are handed out as they are stored.
    fn list_changes(&self, account: AccountId, since: u64, limit: u32) -> Result<Changes, StoreError>;

    /// Writes versions of entries, deletions among them, and the head of the vault that has them. Of an entry that
    /// occurs several times, the last version is stored. A deleted entry may be written again.
    ///
    /// Repeating the request that wrote the account's head changes nothing and returns the first answer.
    ///
    /// # Errors
    /// [`StoreError::StaleKey`] if the head or a version is not sealed under the account's vault key, by its number;
    /// [`StoreError::StaleHead`] if the account's head is not the one that is to be replaced; [`StoreError::Stale`] with
    /// the current entry if a change replaces another version; [`StoreError::NotFound`] if a version is to be replaced
    /// and there is no entry, or there is no account; [`StoreError::Full`] if the account would hold more than
    /// `entries_max`.
    fn save_changes(
        &self,
        account: AccountId,
        save: &SaveChanges,
        entries_max: u64,
        now: Millis,
    ) -> Result<Saved, StoreError>;
}

/// Operations of the operator's commands.
pub trait Operator: Send + Sync {
    /// All accounts, ordered by their usernames.
    fn accounts(&self) -> Result<Vec<AccountSummary>, StoreError>;

    /// Deletes an invite that was not used. Returns false if there is none, or it was used.
    fn revoke_invite(&self, code_hash: &Hash) -> Result<bool, StoreError>;

    /// The sessions of all accounts that have not ended, the one used last first.
    fn all_sessions(&self, lifetime: &Lifetime, now: Millis) -> Result<Vec<(AccountId, StoredSession)>, StoreError>;

    /// Ends all sessions of an account, however long they may live. Returns the number of those that had not ended.
    fn end_sessions(&self, account: AccountId, now: Millis) -> Result<u64, StoreError>;
}

/// Rows exactly as they are stored, for a transfer from database to database. Transfers are repeated after an
/// interruption, so every write may be done again.
pub trait Transfer: Send + Sync {
    /// The account with the lowest id above `after`, with its passkeys.
    fn account_after(&self, after: Option<AccountId>) -> Result<Option<StoredAccount>, StoreError>;

    /// All invites, ordered by their hash.
    fn invites(&self) -> Result<Vec<StoredInvite>, StoreError>;

    /// Writes an account as it is stored in the source, or updates it to that state.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if its username or its id belongs to another account here.
    fn upsert_account(&self, account: &StoredAccount) -> Result<(), StoreError>;

    /// Writes entries of one account as they are stored in the source: version, change number, time, deletion.
    /// `entries` are by rising change number, and all there are between the first and the last. Skips entries that are
    /// here already.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if an id or a change number belongs to another entry here.
    fn insert_entries(&self, account: AccountId, entries: &[StoredVersion]) -> Result<(), StoreError>;

    /// Writes an invite as it is stored in the source, or updates it to that state.
    fn upsert_invite(&self, invite: &StoredInvite) -> Result<(), StoreError>;
}

//! Where sealed entries rest: the [`Store`] trait, its types and its errors.
//!
//! The store knows no HTTP and no keys. A driver lives in a folder of its own and is the only place that names its
//! database crate; drivers never import each other.

mod decide;
pub mod oracle;
pub mod sqlite;
pub mod transfer;
mod types;

use shared::accounts::Username;
use shared::bytes::Base64Url;
use shared::credentials::PasskeySummary;
use shared::ids::{AccountId, EntryId, PasskeyId, SessionId};
use shared::passwords::{Changes, NewVersion, StoredEntry};
use shared::sessions::CredentialName;

pub use types::*;

/// What can be asked of a database.
///
/// # Contract
/// - Every method is one whole operation in one transaction: after an error nothing of it has happened, and after
///   `Ok` it survives the death of the process and of the machine.
/// - Every statement about entries is scoped by the account. What is another's looks like what is not there.
/// - Methods block. The server calls them through [`crate::server::gate`] only.
/// - Several processes may have the same database open.
/// - No method has a default body: convenient for drivers, but error-prone.
///
/// `tests/contract` holds every driver to this.
pub trait Store: Send + Sync {
    /// Succeeds if the database answers and takes writes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] otherwise.
    fn check(&self) -> Result<(), StoreError>;

    /// Reads the whole database in search of damage, which may take minutes. A store that finds any refuses writes from
    /// then on: they could do more damage. A database that looks after itself has nothing to do here.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`] with what was found; [`StoreError::Unavailable`] if it cannot be read.
    fn look_for_damage(&self) -> Result<(), StoreError>;

    /// How much of it is in use. Answers at once, without asking the database.
    fn usage(&self) -> Usage;

    /// Ties the database to a server key by the key's fingerprint: the first call stores it, later ones compare.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if the database is tied to another key.
    fn bind_server_key(&self, fingerprint: &Hash) -> Result<(), StoreError>;

    /// Whether there is any account.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
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

    /// Makes an account and uses the invite up. The same account made again by the same request is done once only.
    ///
    /// # Errors
    /// [`StoreError::Invite`] as [`Store::check_invite`]; [`StoreError::Taken`] if the username or the id is in
    /// use. The invite is not used up then.
    fn create_account(&self, account: &NewAccount, invite_hash: &Hash, now: Millis) -> Result<(), StoreError>;

    /// An account's username.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such account.
    fn username(&self, account: AccountId) -> Result<Username, StoreError>;

    /// Deletes an account with its entries, passkeys and sessions: no row of it is left, and its username is free.
    /// The invite that made it stays used. Deleting one that is not there is no error.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn delete_account(&self, account: AccountId) -> Result<(), StoreError>;

    /// Looks up one of the secrets of an account; nothing if there is no such account, or no such passkey of it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn credential(&self, username: &Username, name: &CredentialName) -> Result<Option<Credential>, StoreError>;

    /// Sets one of the secrets of an account, if the session that asks for it has not been ended meanwhile. What was set
    /// before (same record, same key) is done once only.
    ///
    /// A passphrase or recovery code replaces the one before, raises the epoch, and ends all other sessions of the
    /// account. A passkey is added; one of the same id is replaced, which raises the epoch.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such session of the account; [`StoreError::Full`] if the account has
    /// `passkeys_max` passkeys.
    fn set_credential(&self, secret: &NewSecret, passkeys_max: usize, now: Millis) -> Result<(), StoreError>;

    /// The passkeys of an account, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn passkeys(&self, account: AccountId) -> Result<Vec<PasskeySummary>, StoreError>;

    /// Removes a passkey of an account. If it was there, this raises the epoch: no log-in that has begun is finished.
    /// Removing one that is not there is no error.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn remove_passkey(&self, account: AccountId, id: &PasskeyId) -> Result<(), StoreError>;

    /// Stores a session, and forgets those that have ended by `lifetime`. Answers the vault key, wrapped for the
    /// secret that the log-in used. For a passkey, this counts as its use.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the account or the passkey is gone, or the account's credentials have changed since
    /// `epoch`; [`StoreError::Taken`] if the token was stored before.
    fn open_session(&self, session: &NewSession, lifetime: &Lifetime, now: Millis) -> Result<Base64Url, StoreError>;

    /// Whose session it is, if it has not ended. This only reads, so that it goes on while nothing can be written.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such session or it has ended.
    fn live_session(&self, token_hash: &Hash, lifetime: &Lifetime, now: Millis) -> Result<LiveSession, StoreError>;

    /// Writes down that a session is used: its idle time starts anew. If it is not there, nothing happens.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn touch_session(&self, token_hash: &Hash, now: Millis) -> Result<(), StoreError>;

    /// The sessions of an account that have not ended, the one used last first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn sessions(&self, account: AccountId, lifetime: &Lifetime, now: Millis) -> Result<Vec<StoredSession>, StoreError>;

    /// Ends a session. Ending one that is not there is no error.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn end_session(&self, token_hash: &Hash) -> Result<(), StoreError>;

    /// Ends the session of an account that is listed under this id. Ending one that is not there is no error.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn end_listed_session(&self, account: AccountId, id: SessionId) -> Result<(), StoreError>;

    /// Ends all sessions of an account but this one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn end_other_sessions(&self, account: AccountId, token_hash: &Hash) -> Result<(), StoreError>;

    /// Entries that changed after change number `since`, by rising change number, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn changes(&self, account: AccountId, since: u64, limit: u32) -> Result<Changes, StoreError>;

    /// Writes an entry. A put that was done before (same version replaced, same bytes) is done once only and answers
    /// as it did. An entry that was deleted may be put again by replacing the version of its deletion.
    ///
    /// # Errors
    /// [`StoreError::Stale`] with the current entry if `replaces` is not its version; [`StoreError::NotFound`] if a
    /// version is to be replaced and there is no entry; [`StoreError::Full`] if the account holds `entries_max`.
    fn put(&self, put: &Put, entries_max: u64, now: Millis) -> Result<NewVersion, StoreError>;

    /// Deletes an entry: its bytes are gone, its id, version and change number stay. Deleting twice is no error.
    ///
    /// # Errors
    /// [`StoreError::Stale`] with the current entry if `replaces` is not its version; [`StoreError::NotFound`].
    fn delete(&self, account: AccountId, id: EntryId, replaces: u32, now: Millis) -> Result<NewVersion, StoreError>;

    /// The fingerprint that [`Store::bind_server_key`] stored, if any.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn server_key(&self) -> Result<Option<Hash>, StoreError>;

    /// The account whose id follows `after`, whole: for moving house, account by account.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn account_after(&self, after: Option<AccountId>) -> Result<Option<StoredAccount>, StoreError>;

    /// All invites, by their hash.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn invites(&self) -> Result<Vec<StoredInvite>, StoreError>;

    /// Takes an account over from another store, as it is there. Taking it over again brings it up to date.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if its username or its id belongs to something else here.
    fn upsert_account(&self, account: &StoredAccount) -> Result<(), StoreError>;

    /// Takes entries of one account over, as they are there: version, change number, time, deletion. `entries` are by
    /// rising change number, and all there are between the first and the last. What is here already is passed over.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if an entry or a change number is here with something else.
    fn insert_entries(&self, account: AccountId, entries: &[StoredEntry]) -> Result<(), StoreError>;

    /// Takes an invite over. Taking it over again brings it up to date.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn upsert_invite(&self, invite: &StoredInvite) -> Result<(), StoreError>;
}

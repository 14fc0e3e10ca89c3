//! What the page and the keyring say to each other, and nothing of it leaves the browser.
//!
//! The keyring makes every body that goes to the server and reads every answer, but it has no network: the page carries
//! them, as text that it neither makes nor reads. Messages cross the worker boundary in postcard's format, both ends of
//! which are this crate.

use generator::kind::Rules;
use serde::{Deserialize, Serialize};
use shared::accounts::NotLogin;
use shared::ids::{AccountId, EntryId};
use shared::sessions::CredentialKind;

use crate::secret::Secret;

/// A request and the number that its reply will bear.
#[derive(Debug, Serialize, Deserialize)]
pub struct Call {
    /// The number.
    pub id: u32,
    /// The request.
    pub request: Request,
}

/// The answer to the call of that number.
#[derive(Debug, Serialize, Deserialize)]
pub struct Reply {
    /// The number.
    pub id: u32,
    /// What came of it.
    pub result: Result<Response, KeyringError>,
}

/// What the page asks for. `answer` is always the text of the server's answer to the body that came before.
#[derive(Debug, Serialize, Deserialize)]
pub enum Request {
    /// Begin to make a vault. Gives [`Response::RegistrationStarted`].
    StartRegistration {
        /// The invite's code.
        invite: String,
        /// The log-in name, as typed.
        login: String,
        /// The passphrase.
        #[serde(serialize_with = "Secret::serialize_exposed")]
        passphrase: Secret,
    },
    /// Make the keys. Gives [`Response::Post`], for `accounts/finish`.
    ContinueRegistration {
        /// The answer of `accounts/start`.
        answer: String,
    },
    /// Begin to log in to the vault just made. Gives [`Response::Post`], for `sessions/start`.
    StartFirstLogin,
    /// Begin to log in. Gives [`Response::Post`], for `sessions/start`.
    StartLogin {
        /// The log-in name, as typed.
        login: String,
        /// Which secret is given.
        credential: CredentialKind,
        /// The secret, as typed.
        #[serde(serialize_with = "Secret::serialize_exposed")]
        secret: Secret,
    },
    /// Stretch the secret and find out whether it is right. Gives [`Response::Post`], for `sessions/finish`.
    ContinueLogin {
        /// The answer of `sessions/start`.
        answer: String,
    },
    /// Open the vault. Gives [`Response::Unlocked`].
    FinishLogin {
        /// The answer of `sessions/finish`.
        answer: String,
    },
    /// Take in what changed. Gives [`Response::Opened`].
    TakeChanges {
        /// The answer of listing changes.
        answer: String,
    },
    /// Take in the entry that a problem of code `stale-version` holds. Gives [`Response::Opened`].
    TakeCurrent {
        /// The problem.
        problem: String,
    },
    /// Seal a new entry. Gives [`Response::Sealed`].
    Seal {
        /// Its name.
        name: String,
        /// Its password.
        #[serde(serialize_with = "Secret::serialize_exposed")]
        password: Secret,
        /// The rules that the password was minted by.
        rules: Option<Rules>,
        /// The time, in milliseconds since 1970 (UTC).
        now: u64,
    },
    /// Take in an entry that was sealed here, before or after the server has it. Gives [`Response::Opened`].
    TakeOwn {
        /// Its id.
        id: EntryId,
        /// The body that was put.
        body: String,
    },
    /// Hand out a password, to be shown or copied. Gives [`Response::Revealed`].
    Reveal {
        /// Which entry's.
        id: EntryId,
    },
}

/// What the keyring answers.
#[derive(Debug, Serialize, Deserialize)]
pub enum Response {
    /// A registration is under way.
    RegistrationStarted {
        /// To be written down by the person, and shown never again.
        #[serde(serialize_with = "Secret::serialize_exposed")]
        recovery_code: Secret,
        /// The body for `accounts/start`.
        body: String,
    },
    /// A body for the server.
    Post {
        /// The body.
        body: String,
    },
    /// The vault is open.
    Unlocked {
        /// Whose it is.
        account: AccountId,
        /// The log-in name, as the server keeps it.
        login: String,
        /// The session's bearer token, for the page's memory only.
        #[serde(serialize_with = "Secret::serialize_exposed")]
        token: Secret,
    },
    /// Entries were taken in.
    Opened(Opened),
    /// A new entry is sealed.
    Sealed {
        /// Its new id.
        id: EntryId,
        /// The body to put.
        body: String,
    },
    /// A password.
    Revealed {
        /// The password.
        #[serde(serialize_with = "Secret::serialize_exposed")]
        password: Secret,
    },
}

/// What the page may know of every entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntrySummary {
    /// Its id.
    pub id: EntryId,
    /// Its version.
    pub version: u32,
    /// Its name.
    pub name: String,
    /// When it was last saved, in milliseconds since 1970 (UTC), by the clock of the browser that saved it.
    pub changed_at: u64,
}

/// What came of taking entries in.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Opened {
    /// New or changed.
    pub entries: Vec<EntrySummary>,
    /// Deleted.
    pub deleted: Vec<EntryId>,
    /// How many did not open; what is known of them stays as it was.
    pub refused: u32,
    /// The last change number, if changes follow it that were not listed.
    pub more_after: Option<u64>,
}

/// Why the keyring did not do what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum KeyringError {
    /// What was typed cannot be a log-in name.
    #[error("not a log-in name")]
    Login(NotLogin),
    /// The passphrase or recovery code is wrong, or there is no such account: OPAQUE does not tell which.
    #[error("wrong secret")]
    WrongSecret,
    /// What was typed cannot be a recovery code.
    #[error("not a recovery code")]
    Recovery(RecoveryFault),
    /// The server's answer is none of this protocol.
    #[error("unexpected answer from the server")]
    ServerMessage,
    /// No vault is open.
    #[error("locked")]
    Locked,
    /// A step came without the one before it.
    #[error("out of turn")]
    OutOfTurn,
    /// What was sealed does not open: changed, moved, of another version, or under another key.
    #[error("does not open")]
    Broken,
    /// Sealed in a format that this version does not know.
    #[error("unknown format")]
    UnknownFormat,
    /// What was sealed opens and is no document.
    #[error("not a document")]
    NotADocument,
    /// The document is larger than the largest bucket.
    #[error("too large")]
    TooLarge,
    /// There is no such entry.
    #[error("no such entry")]
    NoSuchEntry,
}

/// Why what was typed cannot be a recovery code. Places count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecoveryFault {
    /// It has another number of words than twelve.
    Count {
        /// How many it has.
        found: u32,
    },
    /// The word at this place is on no list.
    UnknownWord {
        /// Where it stands.
        place: u32,
    },
    /// The word at this place does not fit its check digit.
    WrongWord {
        /// Where it stands.
        place: u32,
    },
    /// Each word is a word, but they do not belong together.
    SomeWordWrong,
}

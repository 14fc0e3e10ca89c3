//! Every word on the page, in one place, ready to be translated.

#![allow(missing_docs, reason = "each text is its own description")]

use generator::bits::Bits;
use generator::characters::{Class, LENGTHS, RulesError};
use shared::accounts::NotLogin;
use shared::limits::{LOGIN_MAX, NAME_MAX};
use shared::problem::ProblemCode;

use crate::api::ApiFault;
use crate::client::KeyringFault;
use crate::keyring::protocol::{KeyringError, RecoveryFault};
use crate::model::form::FormFault;
use crate::model::name::NameFault;
use crate::model::strength::Effort;
use crate::model::when::Ago;
use crate::session::{Fault, Step};

pub const PRODUCT: &str = "Passmint";
pub const GENERATOR: &str = "New password";
pub const VAULT: &str = "Vault";
pub const SKIP: &str = "Skip to the vault";

pub const NAME: &str = "Name";
pub const NAME_HINT: &str = "What it is for. Enter saves and copies.";
pub const LENGTH: &str = "Length";
pub const LENGTH_SLIDER: &str = "Fewer or more characters";
pub const KINDS: &str = "Kinds of characters";
pub const MORE_RULES: &str = "More rules";
pub const MINIMUMS: &str = "At least this many";
pub const NO_LOOK_ALIKES: &str = "Leave out look-alikes, such as 0 and O, 1 and l";
pub const KEYBOARD_SAFE: &str = "Only letters that sit on the same key in America, Germany and France";
pub const EXCLUDE: &str = "Leave out these characters";
pub const INCLUDE: &str = "Add these characters";
pub const RESET_RULES: &str = "Back to the usual rules";
pub const PASSWORD: &str = "Password";
pub const GENERATE: &str = "Generate";
pub const COPY: &str = "Copy";
pub const SAVE: &str = "Save";
pub const NO_PASSWORD: &str = "No password: the rules allow none.";
pub const NO_RANDOMNESS: &str = "This browser gives no randomness, so nothing can be made here. Try another browser.";

pub const LOGIN: &str = "Log in name";
pub const PASSPHRASE: &str = "Passphrase";
pub const PASSPHRASE_AGAIN: &str = "Passphrase again";
pub const PASSPHRASE_HINT: &str =
    "At least 12 characters; four or more random words are good. It opens everything and is never sent anywhere.";
pub const SHOW_PASSPHRASE: &str = "Show what I type";
pub const UNLOCK: &str = "Unlock";
pub const UNLOCK_TITLE: &str = "Open your vault";
pub const USE_RECOVERY: &str = "Use the recovery code";
pub const USE_PASSPHRASE: &str = "Use the passphrase";
pub const RECOVERY: &str = "Recovery code";
pub const RECOVERY_HINT: &str = "The twelve words you wrote down. Case, spaces and digits do not matter much.";
pub const NO_VAULT_YET: &str =
    "No vault yet? Whoever runs this server can give you an invite link. The generator works without one.";
pub const HAVE_VAULT: &str = "I have a vault";
pub const HAVE_INVITE: &str = "Use my invite";
pub const CANCEL: &str = "Cancel";

pub const CREATE_TITLE: &str = "Make your vault";
pub const CREATE_INTRO: &str =
    "Choose a name to log in with, and one passphrase to remember. Your invite is used up by this.";
pub const CREATE: &str = "Create vault";
pub const CODE_TITLE: &str = "Write down your recovery code";
pub const CODE_INTRO: &str = "If you forget your passphrase, these twelve words are the only other way in. Nobody can \
                              give you new ones, and they are shown this once. Keep them on paper, where you keep \
                              things that matter.";
pub const CODE_PRINT: &str = "Print";
pub const CODE_COPY: &str = "Copy the words";
pub const CODE_COPIED: &str = "Copied. Paste the words where they are safe, and not into a note online.";
pub const CODE_CONFIRM: &str = "Now type three of the words, from what you wrote down:";
pub const CODE_DONE: &str = "I have it: open my vault";
pub const CODE_ABANDON: &str = "Start over";
pub const CODE_OF: &str = "Passmint recovery code";

pub const SEARCH: &str = "Search";
pub const LOCK: &str = "Lock";
pub const LOG_OUT: &str = "Log out";
pub const EMPTY_VAULT: &str = "No passwords yet. Type a name, press Enter.";
pub const SHOW: &str = "Show";
pub const HIDE: &str = "Hide";
pub const DELETE: &str = "Delete";
pub const UNDO: &str = "Undo";
pub const DISMISS: &str = "Close this message";
pub const SHOW_MORE: &str = "Show more";
pub const TRY_AGAIN: &str = "Try again";
pub const DISCARD: &str = "Throw away";
pub const WAITING: &str = "Not saved yet";
pub const SERVER_SILENT: &str = "Server does not answer";
pub const LOCKED: &str = "Locked. The keys are gone from this page.";
pub const SESSION_ENDED: &str = "Your session has ended. Unlock to go on; what you typed is still here.";
pub const LOGGED_OUT: &str = "Logged out. This browser has forgotten your log-in name.";
pub const LOCKED_SAVE: &str =
    "Not saved yet: the vault is locked. Unlock it and this password is saved. Until then it stays on this page only.";
pub const CLIPBOARD_CLEARED: &str = "The clipboard has been cleared.";
pub const COPY_FAILED: &str = "The browser did not let this page copy. Show the password and copy it by hand.";
pub const COPY_AGAIN: &str = "Copied.";
pub const COPIED_UNSAVED: &str = "Copied, but not saved. Give it a name and press Enter to keep it.";

pub const THEME: &str = "Theme";
pub const THEMES: [&str; 3] = ["System", "Light", "Dark"];

/// A class as a switch shows it, and in words.
pub fn class(class: Class) -> (&'static str, &'static str) {
    match class {
        Class::Lower => ("abc", "Small letters"),
        Class::Upper => ("ABC", "Capital letters"),
        Class::Digits => ("123", "Digits"),
        Class::Symbols => ("#$&", "Symbols"),
    }
}

/// The id of the field for a class's least number.
pub fn minimum_id(class: Class) -> &'static str {
    match class {
        Class::Lower => "least-lower",
        Class::Upper => "least-upper",
        Class::Digits => "least-digits",
        Class::Symbols => "least-symbols",
    }
}

/// The accessible name of a button that stands in every row.
pub fn named(verb: &str, name: &str) -> String {
    format!("{verb} {name}")
}

pub fn bits(bits: Bits, effort: Effort) -> String {
    let time = match effort {
        Effort::Moments => "less than a minute".to_owned(),
        Effort::Hours => "less than a day".to_owned(),
        Effort::Days(days) => format!("about {days} days"),
        Effort::Years(years) => format!("about {}", round_years(years)),
        Effort::AgesOfTheUniverse(0) => "longer than the universe has existed".to_owned(),
        Effort::AgesOfTheUniverse(power) => {
            format!("over 10{} times the age of the universe", superscript(power))
        }
    };
    format!("{bits} bits: at a trillion guesses a second, {time} on average.")
}

fn round_years(years: u64) -> String {
    match years {
        0..1_000 => format!("{years} years"),
        1_000..1_000_000 => format!("{} thousand years", years / 1_000),
        1_000_000..1_000_000_000 => format!("{} million years", years / 1_000_000),
        _ => format!("{} billion years", years / 1_000_000_000),
    }
}

fn superscript(number: u32) -> String {
    let digit =
        |digit: char| "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().nth(digit.to_digit(10).unwrap_or_default() as usize).unwrap_or(digit);
    number.to_string().chars().map(digit).collect()
}

pub fn form_fault(fault: FormFault) -> String {
    let (shortest, longest) = (LENGTHS.start(), LENGTHS.end());
    match fault {
        FormFault::LengthNotANumber | FormFault::Rules(RulesError::Length) => {
            format!("The length must be a whole number from {shortest} to {longest}.")
        }
        FormFault::MinimumNotANumber(of) => {
            format!("{}: the least number must be 1 or more. To have none, switch them off.", class(of).1)
        }
        FormFault::NoneKeyboardSafe => {
            "No digit or symbol sits on the same key everywhere: switch on small or capital letters.".into()
        }
        FormFault::NotKeyboardSafe(character) => {
            format!("{character} does not sit on the same key everywhere. Take it out, or allow all keys.")
        }
        FormFault::Rules(RulesError::NothingChosen) => "Switch on at least one kind of character.".into(),
        FormFault::Rules(RulesError::ClassEmptied(of)) => {
            format!("{}: all of them are left out. Leave out fewer, or switch them off.", class(of).1)
        }
        FormFault::Rules(RulesError::MinimumsAboveLength { sum, length }) => {
            format!(
                "The least numbers add up to {sum}, more than the length of {length}. Raise one or lower the other."
            )
        }
        FormFault::Rules(RulesError::AddedAndLeftOut(character)) => {
            format!("{character} is both added and left out. Take it out of one of the two.")
        }
        FormFault::Rules(RulesError::NotVisible) => "Spaces and invisible characters cannot be added.".into(),
        FormFault::Rules(RulesError::TooManyCharacters) => "That is more than 256 different characters.".into(),
    }
}

pub fn name_fault(fault: NameFault) -> String {
    match fault {
        NameFault::Empty => "Type a name first: what is this password for?".into(),
        NameFault::TooLong { length } => {
            format!("A name has at most {NAME_MAX} characters; this one has {length}.")
        }
    }
}

pub fn login_fault(fault: NotLogin) -> String {
    match fault {
        NotLogin::Empty => "Type your log-in name.".into(),
        NotLogin::TooLong => format!("A log-in name has at most {LOGIN_MAX} characters."),
        NotLogin::Control => "A log-in name cannot hold invisible characters.".into(),
    }
}

pub const PASSPHRASE_EMPTY: &str = "Type your passphrase.";
pub const RECOVERY_EMPTY: &str = "Type your recovery code.";
pub const PASSPHRASES_DIFFER: &str = "The two passphrases differ. Type the same in both.";

pub fn passphrase_short(least: usize) -> String {
    format!("A passphrase has at least {least} characters.")
}

pub fn recovery_fault(fault: RecoveryFault) -> String {
    match fault {
        RecoveryFault::Count { found } => format!("A recovery code has 12 words; here are {found}."),
        RecoveryFault::UnknownWord { place } => format!("Word {place} is none of the words used. Is it a typo?"),
        RecoveryFault::WrongWord { place } => {
            format!("Word {place} does not fit its digit. Is it the right word, in the right place?")
        }
        RecoveryFault::SomeWordWrong => {
            "One of the words is wrong. Type the digits too, and this page can tell which.".into()
        }
    }
}

/// What went wrong with the vault, and what to do.
pub fn fault(fault: &Fault) -> String {
    match fault {
        Fault::Cancelled => "Cancelled.".into(),
        Fault::Keyring(KeyringFault::Refused(KeyringError::WrongSecret)) => {
            "That did not open a vault. Check the log-in name and what you typed; capitals count in a passphrase."
                .into()
        }
        Fault::Keyring(KeyringFault::Refused(KeyringError::Recovery(fault))) => recovery_fault(*fault),
        Fault::Keyring(KeyringFault::Refused(KeyringError::Login(fault))) => login_fault(*fault),
        Fault::Keyring(KeyringFault::Refused(KeyringError::TooLarge)) => "This is too long to be saved.".into(),
        Fault::Keyring(KeyringFault::NotLoaded) => {
            "The part of the page that holds keys did not arrive, or was changed on the way. Reload the page.".into()
        }
        Fault::Keyring(KeyringFault::Ended) => "The part of the page that holds keys has stopped. Unlock again.".into(),
        Fault::Keyring(KeyringFault::Refused(_)) => {
            "What the server sent does not fit this vault. Nothing was changed; tell whoever runs the server.".into()
        }
        Fault::Api(ApiFault::Silent) => "The server does not answer. Check your connection and try again.".into(),
        Fault::Api(ApiFault::Strange) => {
            "Something other than Passmint answered. Check the address and try again.".into()
        }
        Fault::Api(ApiFault::Refused(code, _)) => problem_text(*code).into(),
    }
}

fn problem_text(code: ProblemCode) -> &'static str {
    match code {
        ProblemCode::InviteUnknown => "This invite is not known here. Ask for a new link.",
        ProblemCode::InviteUsed => "This invite has been used. Ask for a new link.",
        ProblemCode::InviteExpired => "This invite is too old. Ask for a new link.",
        ProblemCode::LoginTaken => "This log-in name is taken. Choose another.",
        ProblemCode::LoginFailed => "The log-in took too long. Try again.",
        ProblemCode::SessionEnded => "The session has ended. Unlock again.",
        ProblemCode::VaultFull => {
            "The vault is full: the server takes no more entries. Delete some, or ask its operator."
        }
        ProblemCode::Overloaded => "The server is busy. Try again in a moment.",
        ProblemCode::StoreUnavailable => "The server’s database does not answer. Try again in a moment.",
        ProblemCode::RequestTimeout => "The request took too long to arrive. Try again.",
        ProblemCode::StaleVersion => "It has changed elsewhere in the meantime.",
        ProblemCode::NotFound => "The server does not have it (any more).",
        ProblemCode::Internal => "The server made a mistake. Its log tells more.",
        ProblemCode::MalformedRequest
        | ProblemCode::MethodNotAllowed
        | ProblemCode::BodyTooLarge
        | ProblemCode::UnsupportedMediaType => {
            "The server does not understand this page. Reload to get a matching one."
        }
    }
}

pub fn step(step: Step) -> String {
    match step {
        Step::Starting => "Getting the keyring …".into(),
        Step::Asking => "Asking the server …".into(),
        Step::Stretching => "Turning your passphrase into keys …".into(),
        Step::Creating => "Making your keys …".into(),
        Step::Loading { done: 0 } => "Opening your vault …".into(),
        Step::Loading { done } => format!("Opening your vault … {done}"),
    }
}

pub fn saved(name: &str, copied: bool) -> String {
    if copied {
        format!("Saved “{name}” and copied.")
    } else {
        format!("Saved “{name}”. The browser did not let this page copy.")
    }
}

/// What could not be sent by itself was saved after all.
pub fn saved_late(name: &str) -> String {
    format!("Saved “{name}”.")
}

pub fn not_saved(name: &str, why: &Fault) -> String {
    match why {
        Fault::Api(ApiFault::Silent) => format!(
            "“{name}” is not saved yet: the server does not answer. The password is kept here, sealed, and is sent \
             when it does."
        ),
        _ => format!(
            "“{name}” is not saved yet. {} The password is kept here, sealed, and stands in your vault as not saved.",
            fault(why)
        ),
    }
}

pub fn not_sealed(name: &str, why: &Fault) -> String {
    format!("“{name}” is not saved. {} The password is still here.", fault(why))
}

pub fn copied(name: &str, seconds: u32) -> String {
    format!("Copied “{name}”. The clipboard is cleared in {seconds} seconds if this page stays in front.")
}

pub fn deleted(name: &str) -> String {
    format!("Deleted “{name}”.")
}

pub fn deleted_elsewhere(name: &str) -> String {
    format!("“{name}” had changed elsewhere in the meantime, so it was not deleted.")
}

pub fn not_deleted(name: &str, why: &Fault) -> String {
    format!("“{name}” was not deleted and is still in your vault. {}", fault(why))
}

pub fn unopened(count: u32) -> String {
    match count {
        1 => "One entry could not be opened: it was changed outside this page, or comes from a newer Passmint.".into(),
        _ => format!(
            "{count} entries could not be opened: they were changed outside this page, or come from a newer Passmint."
        ),
    }
}

pub fn state_saved(name: &str) -> String {
    format!("Saved as “{name}”")
}

pub fn state_waiting(name: &str) -> String {
    format!("Not saved yet: “{name}” waits for the server")
}

pub fn count(shown: usize, all: usize) -> String {
    match (shown, all) {
        (_, 1) if shown == 1 => "1 password".into(),
        (shown, all) if shown == all => format!("{all} passwords"),
        (shown, all) => format!("{shown} of {all} passwords"),
    }
}

pub fn no_hit(query: &str) -> String {
    format!("Nothing found for “{query}”.")
}

pub fn ago(ago: Ago) -> String {
    match ago {
        Ago::Now => "just now".into(),
        Ago::Minutes(n) => format!("{n} min ago"),
        Ago::Hours(n) => format!("{n} h ago"),
        Ago::Days(1) => "yesterday".into(),
        Ago::Days(n) => format!("{n} days ago"),
        Ago::Months(1) => "a month ago".into(),
        Ago::Months(n) => format!("{n} months ago"),
        Ago::Years(1) => "a year ago".into(),
        Ago::Years(n) => format!("{n} years ago"),
    }
}

pub fn word(place: usize) -> String {
    format!("Word {place}")
}

pub fn word_wrong(place: usize) -> String {
    format!("Word {place} is another one. Look again at what you wrote down.")
}

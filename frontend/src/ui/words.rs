//! Sentences of the vault: what is going on, what came of it, what went wrong.

use shared::accounts::NotUsername;
use shared::limits::USERNAME_MAX;
use shared::problem::ProblemCode;

use crate::keyring::protocol::{KeyringError, RecoveryFault};
use crate::model::when::Ago;
use crate::platform::api::ApiFault;
use crate::platform::passkey::PasskeyFault;
use crate::session::{Fault, OpeningStep, VaultDoubt};
use crate::text::{Msg, get, with};
use crate::workers::client::KeyringFault;

/// The sentence for a faulty username.
pub fn username_fault(fault: NotUsername) -> String {
    match fault {
        NotUsername::Empty => get(Msg::UsernameEmpty),
        NotUsername::TooLong => with(Msg::UsernameTooLong, &[("max", &USERNAME_MAX)]),
        NotUsername::Control => get(Msg::UsernameControl),
    }
}

/// The sentence for a text that cannot be a recovery code.
pub fn recovery_fault(fault: RecoveryFault) -> String {
    match fault {
        RecoveryFault::Count { found } => with(Msg::RecoveryCount, &[("found", &found)]),
        RecoveryFault::UnknownWord { place } => with(Msg::RecoveryUnknownWord, &[("place", &place)]),
        RecoveryFault::WrongWord { place } => with(Msg::RecoveryWrongWord, &[("place", &place)]),
        RecoveryFault::SomeWordWrong => get(Msg::RecoverySomeWordWrong),
    }
}

/// The sentence for a fault of the vault: the cause, and what to do.
pub fn fault(fault: &Fault) -> String {
    get(match fault {
        Fault::Cancelled => Msg::FaultCancelled,
        Fault::Keyring(KeyringFault::NotLoaded) => Msg::FaultNotLoaded,
        Fault::Keyring(KeyringFault::Ended) => Msg::FaultEnded,
        Fault::Keyring(KeyringFault::Refused(error)) => match error {
            KeyringError::Recovery(fault) => return recovery_fault(*fault),
            KeyringError::Username(fault) => return username_fault(*fault),
            KeyringError::WrongSecret => Msg::FaultWrongSecret,
            KeyringError::TooLarge => Msg::FaultTooLarge,
            KeyringError::Conflict => Msg::FaultConflict,
            KeyringError::Legacy => Msg::FaultLegacy,
            KeyringError::UnknownSuite => Msg::FaultSuite,
            _ => Msg::FaultUnfit,
        },
        Fault::Api(fault) => return api_fault(fault),
    })
}

/// Why the server did not do what it was asked, and what to do.
pub fn api_fault(fault: &ApiFault) -> String {
    get(match fault {
        ApiFault::Silent => Msg::FaultSilent,
        ApiFault::Strange => Msg::FaultStrange,
        ApiFault::Refused(code, _) => problem(*code),
    })
}

fn problem(code: ProblemCode) -> Msg {
    match code {
        ProblemCode::InviteUnknown => Msg::InviteUnknown,
        ProblemCode::InviteUsed => Msg::InviteUsed,
        ProblemCode::InviteExpired => Msg::InviteExpired,
        ProblemCode::UsernameTaken => Msg::UsernameTaken,
        ProblemCode::LoginFailed => Msg::LoginFailed,
        ProblemCode::SessionEnded => Msg::SessionOver,
        ProblemCode::ProofFailed => Msg::ProofFailed,
        ProblemCode::PasskeyOutdated => Msg::PasskeyOutdated,
        ProblemCode::PasskeyRefused => Msg::PasskeyFailed,
        ProblemCode::StaleKey => Msg::StaleKey,
        ProblemCode::VaultFull => Msg::VaultFull,
        ProblemCode::TooManyPasskeys => Msg::TooManyPasskeys,
        ProblemCode::TooManyAttempts => Msg::TooManyAttempts,
        ProblemCode::Overloaded => Msg::Overloaded,
        ProblemCode::StoreUnavailable => Msg::StoreUnavailable,
        ProblemCode::RequestTimeout => Msg::RequestTimeout,
        ProblemCode::StaleVersion | ProblemCode::StaleHead => Msg::StaleVersion,
        ProblemCode::NotFound => Msg::NotFound,
        ProblemCode::Internal => Msg::Internal,
        ProblemCode::MalformedRequest
        | ProblemCode::MethodNotAllowed
        | ProblemCode::BodyTooLarge
        | ProblemCode::UnsupportedMediaType => Msg::Mismatch,
    }
}

/// Why a passkey was not made or used.
pub fn passkey_fault(fault: PasskeyFault) -> Msg {
    match fault {
        PasskeyFault::Declined => Msg::PasskeyDeclined,
        PasskeyFault::AlreadyKnown => Msg::PasskeyKnown,
        PasskeyFault::NoPrf => Msg::PasskeyNoPrf,
        PasskeyFault::Failed => Msg::PasskeyFailed,
    }
}

pub fn step(step: OpeningStep) -> String {
    get(match step {
        OpeningStep::Starting => Msg::StepStarting,
        OpeningStep::Asking => Msg::StepAsking,
        OpeningStep::Stretching => Msg::StepStretching,
        OpeningStep::Creating => Msg::StepCreating,
        OpeningStep::Loading { done: 0 } => Msg::StepLoading,
        OpeningStep::Loading { done } => return with(Msg::StepLoadingSome, &[("done", &done)]),
    })
}

/// A sentence about an entry.
pub fn named(text: Msg, name: &str) -> String {
    with(text, &[("name", &name)])
}

/// A sentence about an entry, and why.
pub fn named_why(text: Msg, name: &str, why: &Fault) -> String {
    with(text, &[("name", &name), ("why", &fault(why))])
}

/// The accessible name of a button that stands in every row.
pub fn button(verb: Msg, name: &str) -> String {
    with(Msg::Named, &[("verb", &get(verb)), ("name", &name)])
}

/// The sentence for sealed changes that are not saved yet, with the reason.
pub fn not_saved(name: &str, why: &Fault) -> String {
    match why {
        Fault::Api(ApiFault::Silent) => named(Msg::NotSavedSilent, name),
        _ => named_why(Msg::NotSaved, name, why),
    }
}

/// How many entries and drafts did not open, if any.
pub fn unopened(entries: usize, drafts: u32) -> String {
    match entries + drafts as usize {
        0 => String::new(),
        1 => get(Msg::UnopenedOne),
        count => with(Msg::Unopened, &[("count", &count)]),
    }
}

/// The sentence for a doubt about the vault as a whole.
pub fn vault_doubt(doubt: VaultDoubt) -> String {
    get(match doubt {
        VaultDoubt::Older => Msg::DoubtOlder,
        VaultDoubt::HeadMissing => Msg::DoubtHeadMissing,
        VaultDoubt::HeadWrong => Msg::DoubtHeadWrong,
        VaultDoubt::ListWrong => Msg::DoubtListWrong,
        VaultDoubt::NewerFormat => Msg::DoubtFormat,
    })
}

/// How many entries are shown, of how many.
pub fn count(shown: usize, all: usize) -> String {
    match (shown, all) {
        (1, 1) => get(Msg::CountOne),
        (shown, all) if shown == all => with(Msg::Count, &[("all", &all)]),
        (shown, all) => with(Msg::CountSome, &[("shown", &shown), ("all", &all)]),
    }
}

/// How long ago something was.
pub fn ago(ago: Ago) -> String {
    let (text, n) = match ago {
        Ago::Now => (Msg::AgoNow, 0),
        Ago::Minutes(n) => (Msg::AgoMinutes, n),
        Ago::Hours(n) => (Msg::AgoHours, n),
        Ago::Days(1) => (Msg::AgoYesterday, 1),
        Ago::Days(n) => (Msg::AgoDays, n),
        Ago::Months(1) => (Msg::AgoMonth, 1),
        Ago::Months(n) => (Msg::AgoMonths, n),
        Ago::Years(1) => (Msg::AgoYear, 1),
        Ago::Years(n) => (Msg::AgoYears, n),
    };
    with(text, &[("n", &n)])
}

//! The account dialog: credentials, sessions, locking, and deleting the account.

mod ending;
mod locking;
mod passkeys;
mod passphrase;
mod recovery;
mod sessions;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::keyring::protocol::KeyringError;
use crate::platform::browser;
use crate::secret::Secret;
use crate::session::{Fault, Session, use_session};
use crate::text::{self, Msg};
use crate::ui::fields::{TextField, text_signal, tr};
use crate::ui::frame::Frame;
use crate::ui::sentence::SentenceSignal;
use crate::ui::words as say;
use crate::workers::client::KeyringFault;

#[component]
pub(super) fn AccountDialog() -> impl IntoView {
    let username = use_session().username();
    view! {
        <Frame title=text_signal(move || text::with(Msg::AccountOf, &[("username", &username)]))>
            <Section title=Msg::Passphrase><passphrase::PassphraseForm/></Section>
            <Section title=Msg::Recovery><recovery::RecoveryForm/></Section>
            <Section title=Msg::Passkeys><passkeys::PasskeyList/></Section>
            <Section title=Msg::Sessions><sessions::SessionList/></Section>
            <Section title=Msg::Locking><locking::LockSettings/></Section>
            <Section title=Msg::EndAccount><ending::EndAccount/></Section>
        </Frame>
    }
}

/// A section of the dialog. Its content is made, and asks the server, only once it is opened.
#[component]
fn Section(title: Msg, children: ChildrenFn) -> impl IntoView {
    let opened = RwSignal::new(false);
    view! {
        <details class="part" on:toggle=move |_| opened.set(true)>
            <summary>{tr(title)}</summary>
            <div class="part-body">{move || opened.get().then(|| children())}</div>
        </details>
    }
}

/// A form that asks for the passphrase before it does its work: a handle that can be copied.
#[derive(Clone, Copy)]
struct ConfirmedForm {
    typed: RwSignal<String>,
    /// The fault of the typed passphrase.
    fault: SentenceSignal,
    /// True if the work is running.
    busy: RwSignal<bool>,
    /// The fault of the work itself.
    wrong: SentenceSignal,
    is_waived: bool,
    id: &'static str,
}

impl ConfirmedForm {
    fn new(id: &'static str, is_waived: bool) -> Self {
        let (fault, wrong) = (SentenceSignal::new(), SentenceSignal::new());
        Self { typed: RwSignal::new(String::new()), fault, busy: RwSignal::new(false), wrong, is_waived, id }
    }

    fn field(self) -> impl IntoView {
        (!self.is_waived).then(|| {
            let Self { typed, fault, busy, id, .. } = self;
            view! { <TextField id label=Msg::ConfirmPassphrase value=typed fault busy secret=true autocomplete="current-password"/> }
        })
    }

    /// Confirms the session with the passphrase, then awaits `work` and passes its result to `then`. A right passphrase
    /// is cleared from the field.
    fn run<T: 'static>(
        self,
        session: Session,
        work: impl Future<Output = Result<T, Fault>> + 'static,
        then: impl FnOnce(T) + 'static,
    ) {
        let Self { typed, fault, busy, wrong, is_waived, id } = self;
        if busy.get_untracked() {
            return;
        }
        fault.clear();
        wrong.clear();
        let passphrase = browser::normalise(&typed.get_untracked());
        if !is_waived && passphrase.is_empty() {
            fault.set(Msg::PassphraseEmpty);
            browser::focus_soon(id);
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let confirmed = if is_waived { Ok(()) } else { session.confirm(Secret::new(passphrase)).await };
            let result = match confirmed {
                Ok(()) => {
                    // The dialog may be closed by now: the work is done all the same, and nobody is told.
                    let _ = typed.try_set(String::new());
                    work.await
                }
                Err(Fault::Keyring(KeyringFault::Refused(KeyringError::WrongSecret))) => {
                    fault.set(Msg::ConfirmWrong);
                    let _ = busy.try_set(false);
                    return browser::focus_soon(id);
                }
                Err(other) => Err(other),
            };
            let _ = busy.try_set(false);
            match result {
                Ok(done) => then(done),
                Err(why) => wrong.set(move || say::fault(&why)),
            }
        });
    }
}

/// Keeps the browser from submitting a form. Gives a closure's event its type.
fn prevent_submit(event: &SubmitEvent) {
    event.prevent_default();
}

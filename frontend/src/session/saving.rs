//! Changing what is in an open vault: saving, showing, deleting. What was sealed is not lost: it waits until the server
//! has it.

use std::time::Duration;

use generator::kind::Rules;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::ids::{AccountId, EntryId};
use shared::problem::ProblemCode;

use super::{Fault, Open, Report, Session};
use crate::api::{self, ApiFault};
use crate::browser;
use crate::client::KeyringFault;
use crate::keyring::protocol::{EntrySummary, Opened, Request, Response};
use crate::secret::Secret;
use crate::text::Msg;
use crate::text::vault as say;

/// How long before what waits is sent again.
const RETRY: Duration = Duration::from_secs(4);
/// How long a deletion can be undone.
pub const UNDO: Duration = Duration::from_secs(8);

/// An entry that the server does not have yet. It is sealed: it can wait while the vault is locked.
#[derive(Clone, Debug)]
pub struct Waiting {
    account: AccountId,
    /// Its id.
    pub id: EntryId,
    /// Its name, for the person who waits.
    pub name: String,
    /// Why the server refused it; nothing if it will be sent again by itself.
    pub refused: Option<String>,
    /// What is sent, the same each time: what did arrive before is not saved twice.
    body: String,
}

impl Session {
    /// Seals a password under a name. It waits in [`Session::waiting`] then, until [`Session::send_waiting`] has sent it.
    ///
    /// # Errors
    /// [`Fault`], of the keyring's only.
    pub async fn seal(self, name: String, password: Secret, rules: Option<Rules>) -> Result<EntryId, Fault> {
        let ended = Fault::Keyring(KeyringFault::Ended);
        let Some(open) = self.opened() else { return Err(ended) };
        let request = Request::Seal { name: name.clone(), password, rules, now: browser::now() };
        let Response::Sealed { id, body } = open.keyring.ask(request).await? else { return Err(ended) };
        let waiting = Waiting { account: open.account, id, name, refused: None, body };
        self.waiting.update(|list| list.push(waiting));
        Ok(id)
    }

    /// Whether an entry waits to be saved.
    #[must_use]
    pub fn is_waiting(self, id: EntryId) -> bool {
        self.waiting.with(|list| list.iter().any(|waiting| waiting.id == id))
    }

    /// Sends what waits, in order, until one cannot be sent. `wanted` is the entry whose fate the caller wants to hear;
    /// what becomes of the others is told in [`Session::report`]. Gives whether `wanted` was sent now; if not, it is
    /// among the others.
    ///
    /// # Errors
    /// Why `wanted` was not sent.
    pub async fn send_waiting(self, wanted: Option<EntryId>) -> Result<bool, Fault> {
        let Some(open) = self.opened() else { return Ok(false) };
        if self.sending.get_value() {
            // Whoever sends now also sends what was added since.
            return Ok(false);
        }
        self.sending.set_value(true);
        let result = self.try_send_waiting(&open, wanted).await;
        self.sending.set_value(false);
        if self.waiting.with_untracked(|list| list.iter().any(|waiting| waiting.refused.is_none())) {
            set_timeout(move || self.send_unasked(), RETRY);
        }
        result
    }

    /// Sends what waits, with nobody waiting to hear of it.
    pub fn send_unasked(self) {
        spawn_local(async move { drop(self.send_waiting(None).await) });
    }

    async fn try_send_waiting(self, open: &Open, wanted: Option<EntryId>) -> Result<bool, Fault> {
        let mut fate = Ok(false);
        let mine = |waiting: &&Waiting| waiting.account == open.account && waiting.refused.is_none();
        while let Some(Waiting { id, name, body, .. }) =
            self.waiting.with_untracked(|list| list.iter().find(mine).cloned())
        {
            match self.heard_open(api::put_password(&open.token, id, &body).await) {
                Ok(()) => {
                    let opened = open.keyring.take(Request::TakeOwn { id, body }).await?;
                    self.take_in(opened);
                    self.discard(id);
                    if wanted == Some(id) {
                        fate = Ok(true);
                    } else {
                        self.report.set(Some(Report::Done(say::named(Msg::Saved, &name))));
                    }
                }
                Err(fault) if fault.is_passing() || fault.code() == Some(ProblemCode::SessionEnded) => {
                    return Err(fault.into());
                }
                Err(fault) => {
                    // This one will not go through by being sent again; the others may.
                    let fault = Fault::Api(fault);
                    self.mark(id, Some(say::fault(&fault)));
                    if wanted == Some(id) {
                        fate = Err(fault);
                    }
                }
            }
        }
        fate
    }

    fn mark(self, id: EntryId, refused: Option<String>) {
        self.waiting.update(|list| {
            if let Some(waiting) = list.iter_mut().find(|waiting| waiting.id == id) {
                waiting.refused = refused;
            }
        });
    }

    /// Sends now what waits or was refused.
    pub fn try_again(self, id: EntryId) {
        self.mark(id, None);
        self.send_unasked();
    }

    /// Throws away what the server does not have.
    pub fn discard(self, id: EntryId) {
        self.waiting.update(|list| list.retain(|waiting| waiting.id != id));
    }

    /// Gets an entry's password, to be shown or copied.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn reveal(self, id: EntryId) -> Result<Secret, Fault> {
        let ended = Fault::Keyring(KeyringFault::Ended);
        let Some(open) = self.opened() else { return Err(ended) };
        let waiting = self.waiting.with_untracked(|list| list.iter().find(|waiting| waiting.id == id).cloned());
        if let Some(Waiting { body, .. }) = waiting {
            open.keyring.take(Request::TakeOwn { id, body }).await?;
        }
        match open.keyring.ask(Request::Reveal { id }).await? {
            Response::Revealed { password } => Ok(password),
            _ => Err(ended),
        }
    }

    /// Hides an entry and deletes it after [`UNDO`]. A deletion that was waiting is done now. What goes wrong is
    /// reported in [`Session::report`].
    pub fn delete(self, id: EntryId) {
        self.delete_now();
        let Some(summary) = self.entries.with_untracked(|entries| entries.get(id).cloned()) else { return };
        self.deleting.set(Some(summary));
        set_timeout(
            move || {
                if self.deleting.with_untracked(|deleting| deleting.as_ref().is_some_and(|it| it.id == id)) {
                    self.delete_now();
                }
            },
            UNDO,
        );
    }

    /// Takes a deletion back.
    pub fn undelete(self) {
        self.deleting.set(None);
    }

    /// Does the deletion that waits.
    fn delete_now(self) {
        let (Some(deleting), Some(open)) = (self.deleting.get_untracked(), self.opened()) else { return };
        self.deleting.set(None);
        self.entries.update(|entries| entries.apply(Opened { deleted: vec![deleting.id], ..Opened::default() }));
        spawn_local(async move {
            if let Err(fault) = self.try_delete(&open, &deleting).await {
                self.report.set(Some(Report::Problem(say::named_why(Msg::NotDeleted, &deleting.name, &fault))));
            }
        });
    }

    async fn try_delete(self, open: &Open, deleting: &EntrySummary) -> Result<(), Fault> {
        let result = api::delete_password(&open.token, deleting.id, deleting.version).await;
        match self.heard_open(result) {
            Ok(()) | Err(ApiFault::Refused(ProblemCode::NotFound, _)) => Ok(()),
            Err(ApiFault::Refused(ProblemCode::StaleVersion, problem)) => {
                let opened = open.keyring.take(Request::TakeCurrent { problem }).await?;
                if opened.deleted.is_empty() {
                    self.report.set(Some(Report::Problem(say::named(Msg::DeletedElsewhere, &deleting.name))));
                }
                self.take_in(opened);
                Ok(())
            }
            Err(fault) => {
                // Still there, then: show it again.
                self.take_in(Opened { entries: vec![deleting.clone()], ..Opened::default() });
                Err(fault.into())
            }
        }
    }
}

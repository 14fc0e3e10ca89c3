//! The driver of the outbox: it carries out the actions that [`crate::outbox`] asks for, one after another.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use futures_channel::oneshot;
use futures_util::future::join;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::ids::{AccountId, EntryId};
use shared::limits::BODY_MAX;
use shared::problem::ProblemCode;

use super::outbox::PendingChange;
use super::{Fault, OpenVault, OpeningStep, Report, Session, Stage};
use crate::keyring::protocol::{Request, Response};
use crate::model::changes;
use crate::model::list::EntryList;
use crate::outbox::{Action, Answer, Event, Facts, Item, Outbox, Outcome, Rest};
use crate::platform::api::{self, ApiFault};
use crate::platform::browser;
use crate::platform::local_store;
use crate::platform::lock::{self, Lock};
use crate::workers::client::KeyringFault;

/// The pause before unsent changes are tried again.
const RETRY: Duration = Duration::from_secs(4);
/// Entries in one answer.
const PAGE: u32 = 500;

/// The entries that a caller waits for, or none for one that waits for rest; and how it is told.
type Awaited = (Option<BTreeSet<EntryId>>, oneshot::Sender<()>);

/// The outbox of an open vault, and what its driver needs.
pub(super) struct Driver {
    pub(super) account: AccountId,
    pub(super) outbox: RefCell<Outbox<ApiFault>>,
    is_running: Cell<bool>,
    is_retry_set: Cell<bool>,
    lock: RefCell<Option<Lock>>,
    /// The next page of a list, fetched while the keyring opens the one before.
    ahead: RefCell<Option<(u64, Answer<ApiFault>)>>,
    /// The last fault of the server or the keyring.
    fault: RefCell<Option<Fault>>,
    /// Callers that wait. What they wait for is not reported.
    awaited: RefCell<Vec<Awaited>>,
    /// The most entries that were to be sealed again at once.
    reseal_max: Cell<u32>,
}

impl Driver {
    pub(super) fn new(account: AccountId, in_page: Vec<Item<ApiFault>>) -> Rc<Self> {
        Rc::new(Self {
            account,
            outbox: RefCell::new(Outbox::new(in_page)),
            is_running: Cell::new(false),
            is_retry_set: Cell::new(false),
            lock: RefCell::new(None),
            ahead: RefCell::new(None),
            fault: RefCell::new(None),
            awaited: RefCell::new(Vec::new()),
            reseal_max: Cell::new(0),
        })
    }

    /// The refusal of a change of one of these entries, and whether any of their changes are still here.
    pub(super) fn state_of(&self, ids: &BTreeSet<EntryId>) -> (Option<ApiFault>, bool) {
        let outbox = self.outbox.borrow();
        let mut items = outbox.items().iter().filter(|item| ids.contains(&item.change.change.id)).peekable();
        let any = items.peek().is_some();
        (items.find_map(|item| item.refused.clone()), any)
    }

    /// True if no change of these entries is to be sent any more.
    fn is_done(&self, ids: &BTreeSet<EntryId>) -> bool {
        let outbox = self.outbox.borrow();
        !outbox.items().iter().any(|item| item.refused.is_none() && ids.contains(&item.change.change.id))
    }

    pub(super) fn fault(&self) -> Option<Fault> {
        self.fault.borrow().clone()
    }

    /// Ends the waiting of callers whose entries have no change left, or of all callers.
    fn tell_waiting(&self, all: bool) {
        let awaited = std::mem::take(&mut *self.awaited.borrow_mut());
        for (ids, sender) in awaited {
            let is_done = ids.as_ref().is_some_and(|ids| self.is_done(ids));
            if all || is_done {
                // A caller that waits no more misses nothing.
                let _ = sender.send(());
            } else {
                self.awaited.borrow_mut().push((ids, sender));
            }
        }
    }

    fn is_awaited(&self, id: EntryId) -> bool {
        self.awaited.borrow().iter().any(|(ids, _)| ids.as_ref().is_some_and(|ids| ids.contains(&id)))
    }
}

impl Session {
    /// Opens a vault's outbox: fetches all entries, and restores changes from the local store.
    pub(super) async fn open_outbox(self, open: &Rc<OpenVault>) -> Result<Rc<Driver>, Fault> {
        let mut in_page = Vec::new();
        self.in_page.update_value(|all| {
            for (_, item) in all.extract_if(.., |(account, _)| *account == open.account) {
                in_page.push(item);
            }
        });
        let driver = Driver::new(open.account, in_page);
        self.driver.set_value(Some(Rc::clone(&driver)));
        self.run(open, &driver).await;
        match driver.fault() {
            Some(fault) => Err(fault),
            None => {
                driver.outbox.borrow_mut().opened();
                Ok(driver)
            }
        }
    }

    /// Ends the outbox of a vault that is locked. Changes that only the page has stay in its memory.
    pub(super) fn end_outbox(self) {
        let Some(driver) = self.driver.try_update_value(Option::take).flatten() else { return };
        let ended = driver.outbox.replace(Outbox::new(Vec::new()));
        let left = ended.into_in_page().into_iter().map(|item| (driver.account, item));
        self.in_page.update_value(|all| all.extend(left));
        self.show_waiting(&driver);
    }

    /// Drops the changes of a deleted account that only the page has.
    pub(super) fn forget_in_page(self, account: AccountId) {
        self.in_page.update_value(|all| all.retain(|(its, _)| *its != account));
        let left = self.in_page.with_value(|all| all.iter().map(|(_, item)| PendingChange::new(item)).collect());
        self.waiting.set(left);
    }

    /// The fault that ended an outbox, if the vault was locked meanwhile: its changes may not have been sent.
    pub(super) fn ended_by(self, driver: &Rc<Driver>) -> Option<Fault> {
        let is_current = self.driver().is_some_and(|current| Rc::ptr_eq(&current, driver));
        (!is_current).then(|| driver.fault().unwrap_or(Fault::Keyring(KeyringFault::Ended)))
    }

    pub(super) fn driver(self) -> Option<Rc<Driver>> {
        self.driver.get_value()
    }

    /// Runs the outbox in the background.
    pub(super) fn run_in_background(self) {
        let Some((open, driver)) = self.open_vault().zip(self.driver()) else { return };
        spawn_local(async move { self.run(&open, &driver).await });
    }

    /// Runs the outbox until these entries have no change in it, or nothing more can be done now.
    pub(super) async fn run_for(self, open: &Rc<OpenVault>, driver: &Rc<Driver>, ids: BTreeSet<EntryId>) {
        self.run_while(open, driver, Some(ids)).await;
    }

    /// Runs the outbox until nothing more can be done now.
    pub(super) async fn run_until_rest(self, open: &Rc<OpenVault>, driver: &Rc<Driver>) {
        self.run_while(open, driver, None).await;
    }

    async fn run_while(self, open: &Rc<OpenVault>, driver: &Rc<Driver>, ids: Option<BTreeSet<EntryId>>) {
        let (sender, done) = oneshot::channel();
        driver.awaited.borrow_mut().push((ids, sender));
        self.run_in_background_of(open, driver);
        // The driver drops the sender only with the vault.
        let _ = done.await;
    }

    fn run_in_background_of(self, open: &Rc<OpenVault>, driver: &Rc<Driver>) {
        let (open, driver) = (Rc::clone(open), Rc::clone(driver));
        spawn_local(async move { self.run(&open, &driver).await });
    }

    /// Carries out the outbox's actions until it rests. If that goes on already, returns at once.
    async fn run(self, open: &Rc<OpenVault>, driver: &Rc<Driver>) {
        if driver.is_running.replace(true) {
            return;
        }
        let rest = loop {
            if self.driver().is_none_or(|current| !Rc::ptr_eq(&current, driver)) {
                break Rest::Over;
            }
            let action = driver.outbox.borrow_mut().next_action();
            match action {
                Action::Rest(rest) => break rest,
                Action::Write(write) => {
                    let written = local_store::write(driver.account, &write).await;
                    driver.outbox.borrow_mut().written(write, written);
                }
                action => {
                    let outcome = self.carry_out(open, driver, &action).await;
                    let events = driver.outbox.borrow_mut().done(action, outcome);
                    for event in events {
                        self.report_event(driver, event);
                    }
                }
            }
            self.show_waiting(driver);
            driver.tell_waiting(false);
        };
        drop(driver.lock.take());
        driver.is_running.set(false);
        driver.tell_waiting(true);
        if rest == Rest::Later && !driver.is_retry_set.replace(true) {
            let driver = Rc::clone(driver);
            set_timeout(
                move || {
                    driver.is_retry_set.set(false);
                    self.send_in_background();
                },
                RETRY,
            );
        }
    }

    fn report_event(self, driver: &Driver, event: Event<ApiFault>) {
        if let Event::Settled { change, quiet: false } = event
            && !driver.is_awaited(change.id)
            && let Some(name) = self.name_of(change.id)
        {
            self.report.set(Some(Report::Saved { name }));
        }
    }

    async fn carry_out(self, open: &Rc<OpenVault>, driver: &Driver, action: &Action) -> Outcome<ApiFault> {
        match action {
            Action::Lock => {
                let lock = lock::acquire(&format!("passmint.outbox.{}", driver.account)).await;
                driver.lock.replace(lock);
                Outcome::Done
            }
            Action::Unlock => {
                drop(driver.lock.take());
                Outcome::Done
            }
            Action::Read { known } => {
                local_store::find(driver.account, known).await.map_or(Outcome::Nothing, Outcome::Read)
            }
            Action::Recall { memory } => {
                // A memory that does not open is an old one of another vault key, or damaged: it tells nothing.
                let recalled = self.facts(open, driver, Request::Recall { memory: memory.clone() }).await;
                if matches!(recalled, Outcome::Nothing) {
                    driver.fault.take();
                }
                // A browser without a memory of the vault begins with the newest.
                if memory.is_none() {
                    self.told.set_value(None);
                }
                recalled
            }
            Action::Restore { items } => {
                self.facts(open, driver, Request::RestoreWaiting { items: items.clone() }).await
            }
            Action::Position => self.facts(open, driver, Request::ListPosition).await,
            Action::List { since } => {
                let ahead = driver.ahead.take().filter(|(number, _)| number == since);
                Outcome::Answer(match ahead {
                    Some((_, answer)) => answer,
                    None => self.list_page(open, driver, *since).await,
                })
            }
            Action::Apply { since, answer } => self.apply_list(open, driver, *since, answer).await,
            Action::Release { changes } => {
                self.facts(open, driver, Request::Release { changes: changes.clone() }).await
            }
            Action::Build { without, count, reseal } => {
                let (count, bytes) = (u32::try_from(*count).unwrap_or(1), u32::try_from(BODY_MAX).unwrap_or(u32::MAX));
                let request = Request::BuildBatch { without: without.clone(), count, bytes, reseal: *reseal };
                match open.keyring.ask(request).await {
                    Ok(Response::Batch { batch, left }) => {
                        self.show_resealing(driver, left);
                        let (body, changes) = batch.map_or((None, Vec::new()), |it| (Some(it.body), it.changes));
                        Outcome::Built { body, changes, left }
                    }
                    Ok(_) | Err(KeyringFault::Refused(_)) => {
                        Outcome::Built { body: None, changes: Vec::new(), left: 0 }
                    }
                    Err(_) => Outcome::Failed,
                }
            }
            Action::Send { body } => {
                let answer = api::post_as(&open.token, "changes", body).await;
                Outcome::Answer(self.answer(open, driver, answer))
            }
            Action::ApplySaved { body, answer } => {
                let (body, answer) = (body.clone(), answer.clone());
                self.facts(open, driver, Request::ApplySaved { body, answer }).await
            }
            Action::Remember { stored } => match open.keyring.ask(Request::Remember { stored: stored.clone() }).await {
                Ok(Response::Memory { sealed, .. }) => Outcome::Merged(sealed),
                Ok(_) | Err(KeyringFault::Refused(_)) => Outcome::Merged(None),
                Err(_) => Outcome::Failed,
            },
            Action::Pause { ms } => {
                // Two devices that meet must not go on in step.
                browser::pause_about(*ms).await;
                Outcome::Done
            }
            Action::Write(_) | Action::Rest(_) => Outcome::Done,
        }
    }

    /// Asks the keyring, and applies its update to the page.
    async fn facts(self, open: &OpenVault, driver: &Driver, request: Request) -> Outcome<ApiFault> {
        match open.keyring.ask(request).await {
            Ok(Response::Updated(mut update)) => {
                let facts = Facts::of(&mut update);
                if update.news.is_some() {
                    self.told.set_value(update.news);
                }
                for id in &update.conflicts {
                    if let Some(summary) = update.entries.iter().find(|entry| entry.id == *id) {
                        self.report.set(Some(Report::Conflict { name: summary.name.clone() }));
                    }
                }
                self.apply_update(update);
                Outcome::Facts(facts)
            }
            Ok(_) => Outcome::Nothing,
            Err(fault) => {
                let is_refusal = matches!(fault, KeyringFault::Refused(_));
                driver.fault.replace(Some(fault.into()));
                if is_refusal { Outcome::Nothing } else { Outcome::Failed }
            }
        }
    }

    async fn list_page(self, open: &Rc<OpenVault>, driver: &Driver, since: u64) -> Answer<ApiFault> {
        let answer = api::list_changes(&open.token, since, PAGE).await;
        self.answer(open, driver, answer)
    }

    /// Hands a page of a list to the keyring, and fetches the next one meanwhile; at most two are in memory.
    async fn apply_list(self, open: &Rc<OpenVault>, driver: &Driver, since: u64, answer: &str) -> Outcome<ApiFault> {
        if self.open_vault().is_none() {
            let done = self.entries.with_untracked(EntryList::len);
            self.stage.set(Stage::Busy(OpeningStep::Loading { done }));
        }
        let next = changes::next(answer).filter(|next| *next > since);
        let ahead = async {
            if let Some(next) = next {
                let answer = self.list_page(open, driver, next).await;
                driver.ahead.replace(Some((next, answer)));
            }
        };
        let request = Request::ApplyChanges { answer: answer.to_owned(), since };
        join(self.facts(open, driver, request), ahead).await.0
    }

    /// Sorts an answer of the server.
    fn answer(self, open: &OpenVault, driver: &Driver, answer: Result<String, ApiFault>) -> Answer<ApiFault> {
        let fault = match self.note_session_answer(open, answer) {
            Ok(answer) => {
                driver.fault.take();
                return Answer::Ok(answer);
            }
            Err(fault) => fault,
        };
        driver.fault.replace(Some(fault.clone().into()));
        match fault.code() {
            Some(ProblemCode::StaleHead) => Answer::Stale,
            // "Not found" is a change of an entry that the server has lost.
            Some(ProblemCode::StaleVersion | ProblemCode::NotFound) => Answer::Contradiction,
            Some(ProblemCode::SessionEnded) => Answer::Ended,
            Some(ProblemCode::StaleKey) => Answer::Silent,
            _ if fault.is_temporary() => Answer::Silent,
            _ => Answer::Refused(fault),
        }
    }

    fn show_resealing(self, driver: &Driver, left: u32) {
        let all = driver.reseal_max.get().max(left);
        driver.reseal_max.set(if left == 0 { 0 } else { all });
        let progress = (left > 0).then_some(((all - left) as usize, all as usize));
        if self.resealing.get_untracked() != progress {
            self.resealing.set(progress);
        }
    }
}

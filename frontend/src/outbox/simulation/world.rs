//! Devices with tabs, a server, and persons: what the outbox meets outside. Every step is small, and chance picks it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rand_core_06::RngCore;
use shared::ids::EntryId;

use super::browser::{Chance, Store};
use super::page::{Flight, Page};
use super::server::{Problem, Server};
use crate::keyring::protocol::entry::{EntryUpdate, ImportItem};
use crate::keyring::protocol::outbox::{ChangeRef, SealedChange};
use crate::keyring::protocol::{KeyringError, Request, Response};
use crate::keyring::simulated::{keyring_with, new_vault_head};
use crate::outbox::{Action, Answer, Event, Facts, Item, Outcome, Rest};

/// Changes in one answer: few, so that lists have pages.
const PAGE: usize = 3;

#[derive(Default)]
pub(super) struct Device {
    pub(super) store: Store,
    pub(super) pages: Vec<Page>,
    /// The page that has the lock of the outbox, and those that wait for it.
    lock: Option<u32>,
    queue: VecDeque<u32>,
    /// The page that imports.
    importer: Option<u32>,
}

pub(super) struct World {
    pub(super) chance: Chance,
    pub(super) server: Server,
    /// How often the database was put back.
    pub(super) restores: u32,
    pub(super) devices: Vec<Device>,
    /// Nothing fails any more.
    pub(super) is_calm: bool,
    /// Requests whose sender has given up; they still arrive.
    late: Vec<String>,
    pages: u32,
    /// The steps, if they are to be printed.
    pub(super) log: Option<Vec<String>>,
}

impl World {
    pub(super) fn new(seed: u64, devices: usize) -> Self {
        let mut chance = Chance(seed);
        let head = new_vault_head(&mut chance);
        let server = Server::new(1, head);
        let devices = (0..devices).map(|_| Device::default()).collect();
        let (late, log) = (Vec::new(), None);
        Self { chance, server, restores: 0, devices, is_calm: false, late, pages: 0, log }
    }

    pub(super) fn note(&mut self, text: impl Into<String>) {
        if let Some(log) = &mut self.log {
            log.push(text.into());
        }
    }

    /// A tab opens the vault. `in_page` are changes from before a lock.
    pub(super) fn open_page(&mut self, device: usize, in_page: Vec<Item<Problem>>) {
        self.pages += 1;
        let number = self.pages;
        let keyring = keyring_with(Chance(self.chance.next_u64()), self.server.key_no);
        self.note(format!("device {device}: page {number} opens, key {}", self.server.key_no));
        self.devices[device].pages.push(Page::new(number, keyring, in_page, self.server.key_no));
    }

    /// Takes a page away, as closing the tab or a crash does. A request under way may still arrive.
    pub(super) fn take_page(&mut self, device: usize, place: usize) -> Page {
        let mut page = self.devices[device].pages.remove(place);
        self.note(format!("page {} ends", page.number));
        match page.flight.take() {
            Some(Flight::Request(Action::Send { body })) if self.chance.once_in(2) => self.late.push(body),
            // A transaction under way is carried out, or not.
            Some(Flight::Write(write, None)) if self.chance.once_in(2) => {
                self.devices[device].store.write(&write);
            }
            _ => {}
        }
        if let Some(write) = &page.person
            && self.chance.once_in(2)
        {
            self.devices[device].store.write(write);
        }
        self.devices[device].queue.retain(|number| *number != page.number);
        self.release(device, page.number);
        self.end_import(device, page.number);
        page
    }

    fn release(&mut self, device: usize, number: u32) {
        let device = &mut self.devices[device];
        if device.lock == Some(number) {
            device.lock = device.queue.pop_front();
        }
    }

    /// A page begins to import, unless another tab does: the list is read first.
    pub(super) fn begin_import(&mut self, device: usize, place: usize, items: Vec<ImportItem>) {
        let Device { importer, pages, .. } = &mut self.devices[device];
        let page = &mut pages[place];
        if importer.is_none() {
            *importer = Some(page.number);
            page.import = Some(items);
            page.outbox.wake(true);
            page.rest = None;
        }
    }

    fn go_on_importing(&mut self, device: usize, place: usize, rest: Rest) {
        let page = &mut self.devices[device].pages[place];
        let number = page.number;
        match page.import.take() {
            // A change is still on its way into the store.
            items if page.person.is_some() => page.import = items,
            Some(items) if rest == Rest::Done => {
                page.rest = None;
                let request = Request::Import { items, first: true, again: false, now: 1_790_000_000_000 };
                self.note(format!("page {number}: an import"));
                self.person_asks(device, place, request).unwrap();
            }
            // The items wait or are saved, or the server does not list what is there.
            _ => self.end_import(device, number),
        }
    }

    fn end_import(&mut self, device: usize, number: u32) {
        if self.devices[device].importer == Some(number) {
            self.devices[device].importer = None;
        }
    }

    /// A late request arrives.
    pub(super) fn deliver_late(&mut self) {
        if self.late.is_empty() {
            return;
        }
        let at = self.chance.below(self.late.len());
        let body = self.late.remove(at);
        let result = self.server.save(&body);
        self.note(format!("a late request arrives: {:?}", result.err()));
    }

    /// One small step of a page. Returns what left its outbox.
    pub(super) fn step(&mut self, device: usize, place: usize) -> Vec<Event<Problem>> {
        let page = &mut self.devices[device].pages[place];
        if page.person.is_some() && self.chance.once_in(2) {
            self.finish_person(device, place);
            return Vec::new();
        }
        let page = &mut self.devices[device].pages[place];
        match page.flight.take() {
            None => self.begin(device, place),
            Some(Flight::Lock) => {
                if self.devices[device].lock == Some(self.devices[device].pages[place].number) {
                    return self.done(device, place, Action::Lock, Outcome::Done);
                }
                self.devices[device].pages[place].flight = Some(Flight::Lock);
                Vec::new()
            }
            Some(Flight::Outcome(action, outcome)) => self.done(device, place, action, outcome),
            Some(Flight::Read(known)) => {
                let outcome = Outcome::Read(self.devices[device].store.read(&known));
                if self.chance.once_in(2) {
                    return self.done(device, place, Action::Read { known }, outcome);
                }
                self.devices[device].pages[place].flight = Some(Flight::Outcome(Action::Read { known }, outcome));
                Vec::new()
            }
            Some(Flight::Write(write, written)) => {
                let known = written.is_some();
                let written = written.unwrap_or_else(|| self.devices[device].store.write(&write));
                let page = &mut self.devices[device].pages[place];
                if known || self.chance.once_in(2) {
                    page.outbox.written(write, written);
                } else {
                    page.flight = Some(Flight::Write(write, Some(written)));
                }
                Vec::new()
            }
            Some(Flight::Request(action)) => {
                let answer = self.answer(device, place, &action);
                self.devices[device].pages[place].flight = Some(Flight::Outcome(action, Outcome::Answer(answer)));
                Vec::new()
            }
        }
    }

    fn begin(&mut self, device: usize, place: usize) -> Vec<Event<Problem>> {
        let page = &mut self.devices[device].pages[place];
        let action = page.outbox.next_action();
        page.rest = None;
        match action {
            Action::Rest(rest) => {
                page.rest = Some(rest);
                if rest == Rest::Done && !page.is_open {
                    page.outbox.opened();
                    (page.is_open, page.rest) = (true, None);
                    return Vec::new();
                }
                self.go_on_importing(device, place, rest);
                return Vec::new();
            }
            Action::Lock => {
                page.flight = Some(Flight::Lock);
                let number = page.number;
                let device = &mut self.devices[device];
                match device.lock {
                    None => device.lock = Some(number),
                    Some(_) => device.queue.push_back(number),
                }
            }
            Action::Unlock => {
                let number = page.number;
                self.release(device, number);
                return self.done(device, place, action, Outcome::Done);
            }
            Action::Read { known } => page.flight = Some(Flight::Read(known)),
            Action::Write(write) => page.flight = Some(Flight::Write(write, None)),
            Action::List { .. } | Action::Send { .. } => page.flight = Some(Flight::Request(action)),
            Action::Pause { .. } => page.flight = Some(Flight::Outcome(action, Outcome::Done)),
            action => {
                let outcome = page.ask(&action);
                return self.done(device, place, action, outcome);
            }
        }
        Vec::new()
    }

    fn done(&mut self, device: usize, place: usize, action: Action, outcome: Outcome<Problem>) -> Vec<Event<Problem>> {
        let page = &mut self.devices[device].pages[place];
        if let (Action::Apply { .. }, Outcome::Facts(Facts { next: None, .. })) = (&action, &outcome) {
            page.listed_restores = page.asked_restores;
        }
        let text = match (&action, &outcome) {
            _ if self.log.is_none() => String::new(),
            (Action::Apply { since, .. }, Outcome::Facts(facts)) => {
                format!("apply list since {since}, then {:?}, settled {}", facts.next, facts.settled.len())
            }
            (Action::Send { .. }, Outcome::Answer(answer)) => match answer {
                Answer::Ok(_) => "sent".to_owned(),
                other => format!("sent: {other:?}"),
            },
            (Action::Build { without, .. }, Outcome::Built { changes, .. }) => {
                format!("built {changes:?} without {without:?}")
            }
            (Action::Restore { items }, Outcome::Facts(facts)) => {
                let items: Vec<_> = items.iter().map(|item| item.change).collect();
                format!("restored {items:?}, settled {:?}", facts.settled)
            }
            (Action::Release { changes }, _) => format!("released {changes:?}"),
            (Action::List { since }, Outcome::Answer(Answer::Ok(_))) => format!("listed since {since}"),
            (Action::ApplySaved { .. }, Outcome::Facts(facts)) => format!("saved: settled {:?}", facts.settled),
            (action, _) => {
                let text = format!("{action:?}");
                text.chars().take(40).collect()
            }
        };
        let number = page.number;
        let events = page.outbox.done(action, outcome);
        self.note(format!("page {number}: {text}"));
        events
    }

    /// A request arrives at the server, or not; and its answer arrives, or not.
    fn answer(&mut self, device: usize, place: usize, action: &Action) -> Answer<Problem> {
        let restores = self.restores;
        let page = &mut self.devices[device].pages[place];
        if page.key_no != self.server.key_no {
            // Another device has set a new vault key, which has ended this session.
            return Answer::Ended;
        }
        let is_lost = !self.is_calm && self.chance.once_in(8);
        match action {
            Action::List { .. } if is_lost => Answer::Silent,
            Action::List { since } => {
                page.asked_restores = restores;
                Answer::Ok(self.server.list(*since, PAGE))
            }
            Action::Send { body } if is_lost => {
                match self.chance.below(3) {
                    // It arrives later.
                    0 => self.late.push(body.clone()),
                    // It never arrives.
                    1 => {}
                    // It arrives, and the answer is lost.
                    _ => drop(self.server.save(body)),
                }
                Answer::Silent
            }
            Action::Send { body } => {
                if !self.is_calm && self.chance.once_in(8) {
                    // It arrives twice.
                    drop(self.server.save(body));
                }
                match self.server.save(body) {
                    Ok(answer) => Answer::Ok(answer),
                    Err(Problem::StaleHead) => Answer::Stale,
                    Err(Problem::StaleVersion | Problem::NotFound) => Answer::Contradiction,
                    Err(Problem::StaleKey) => Answer::Silent,
                    Err(Problem::Refused) => Answer::Refused(Problem::Refused),
                }
            }
            _ => Answer::Silent,
        }
    }

    /// A person's request to the keyring. The change is then on its way into the store.
    pub(super) fn person_asks(
        &mut self,
        device: usize,
        place: usize,
        request: Request,
    ) -> Result<(Option<EntryId>, Vec<ChangeRef>), KeyringError> {
        let page = &mut self.devices[device].pages[place];
        let (id, update) = match page.keyring.handle(request)? {
            Response::EntrySealed { id, update } => (Some(id), update),
            Response::Updated(update) | Response::Imported { update, .. } => (None, update),
            other => panic!("{other:?}"),
        };
        Ok((id, self.person_saves(device, place, update)))
    }

    /// The changes of an update are on their way into the store.
    fn person_saves(&mut self, device: usize, place: usize, mut update: EntryUpdate) -> Vec<ChangeRef> {
        let page = &mut self.devices[device].pages[place];
        let facts = Facts::of(&mut update);
        let sealed: Vec<ChangeRef> = facts.sealed.iter().map(|change| change.change).collect();
        page.show(update);
        let write = page.outbox.take(facts, false);
        if !write.is_empty() {
            assert!(page.person.is_none(), "one change at a time");
            page.person = Some(write);
        }
        let number = page.number;
        self.note(format!("page {number}: a person seals {sealed:?}"));
        sealed
    }

    /// The write of a person's change ends, and the outbox is woken.
    pub(super) fn finish_person(&mut self, device: usize, place: usize) {
        let Device { store, pages, .. } = &mut self.devices[device];
        let page = &mut pages[place];
        if let Some(write) = page.person.take() {
            let written = store.write(&write);
            page.outbox.written(write, written);
            page.outbox.wake(false);
        }
    }

    /// Whatever a browser holds for this account is cleared.
    pub(super) fn clear_store(&mut self, device: usize) {
        let birth = self.devices[device].store.birth + 1;
        self.devices[device].store = Store::new(birth);
    }

    pub(super) fn has_late(&self) -> bool {
        !self.late.is_empty()
    }

    /// Sets a new vault key from a page, if the page knows the vault as it is. All other sessions end.
    pub(super) fn set_new_key(&mut self, device: usize, place: usize) {
        let page = &mut self.devices[device].pages[place];
        if !page.is_open || page.person.is_some() || !page.has_session(&self.server) {
            return;
        }
        let key_no = self.server.key_no + 1;
        let Some((replaces, head)) = page.keyring.next_heads(key_no) else { return };
        if self.server.replace_key(replaces.as_bytes(), head.as_bytes()).is_err() {
            return;
        }
        let update = page.keyring.use_key(key_no, &head);
        page.key_no = key_no;
        let number = page.number;
        self.note(format!("page {number}: new vault key {key_no}"));
        self.person_saves(device, place, update);
        self.devices[device].pages[place].outbox.reseal();
    }

    /// A keyring that has just been opened, and knows this list of the server alone.
    fn reader(&self, answer: String) -> Page {
        let mut keyring = keyring_with(Chance(1), self.server.key_no);
        let update = match keyring.handle(Request::ApplyChanges { answer, since: 0 }) {
            Ok(Response::Updated(update)) => update,
            other => panic!("{other:?}"),
        };
        let mut page = Page::new(0, keyring, Vec::new(), self.server.key_no);
        page.show(update);
        page
    }

    /// The passwords in all entries of the server, with all previous ones.
    pub(super) fn passwords_of_server(&self) -> BTreeSet<String> {
        self.reader(self.server.list(0, usize::MAX)).passwords()
    }

    /// How often each password is in an entry of the server that is not in the bin.
    pub(super) fn count_on_server(&self) -> BTreeMap<String, usize> {
        let mut reader = self.reader(self.server.list(0, usize::MAX));
        let mut counts = BTreeMap::new();
        match reader.keyring.handle(Request::ListEntries { after: None, limit: 1000 }) {
            Ok(Response::Entries { entries, .. }) => {
                for (_, entry) in entries {
                    *counts.entry(entry.content.password.expose().to_owned()).or_default() += 1;
                }
            }
            other => panic!("{other:?}"),
        }
        counts
    }

    /// The passwords in changes of an outbox.
    pub(super) fn passwords_of_items(&self, items: &[SealedChange]) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for item in items {
            let mut keyring = keyring_with(Chance(1), self.server.key_no);
            if let Ok(Response::Updated(update)) = keyring.handle(Request::RestoreWaiting { items: vec![item.clone()] })
            {
                let mut page = Page::new(0, keyring, Vec::new(), self.server.key_no);
                page.show(update);
                found.extend(page.passwords());
            }
        }
        found
    }

    /// All changes in stores and pages.
    pub(super) fn items_left(&self) -> Vec<SealedChange> {
        let stored = self.devices.iter().flat_map(|device| device.store.changes.values());
        let pages = self.devices.iter().flat_map(|device| &device.pages);
        let in_pages = pages.flat_map(|page| page.outbox.items().iter().map(|item| &item.change));
        let mut all: Vec<SealedChange> = Vec::new();
        for change in stored.chain(in_pages) {
            if !all.contains(change) {
                all.push(change.clone());
            }
        }
        all
    }

    /// The state that must not change any more at rest.
    pub(super) fn state(&self) -> (String, Vec<Option<Vec<u8>>>, Vec<ChangeRef>) {
        let memories = self.devices.iter().map(|device| device.store.memory.clone()).collect();
        (self.server.list(0, usize::MAX), memories, self.items_left().iter().map(|item| item.change).collect())
    }
}

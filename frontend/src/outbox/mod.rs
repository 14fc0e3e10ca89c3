//! The outbox: sealed changes that the server may not have yet, and the order in which they are stored, sent and
//! dropped.
//!
//! It is a pure state machine: it has no browser, clock or network. A driver asks for the [`Action`] that is due
//! ([`Outbox::next_action`]), carries it out, and reports the [`Outcome`] ([`Outbox::done`]). The session drives it in the
//! page, `simulation` drives it in the tests. Between two actions, and while one is carried out, a person may seal
//! further changes ([`Outbox::take`]).
//!
//! Three rules keep every sealed change:
//!
//! - The browser's local store is the truth. A change is sent once it is stored, or once the browser has refused to
//!   store it, and tabs find each other's changes there.
//! - A change leaves only when the keyring says that it is **settled**: the server has these very bytes, or a person
//!   has resolved or discarded it. The proof of the server's state, the keyring's memory, is written in the same
//!   transaction.
//! - One tab at a time sends, under a lock of the browser. It reads the local store once it has the lock.

mod action;
mod item;

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod simulation;

use std::collections::BTreeSet;

use shared::changes::CHANGES_PER_SAVE;
use shared::ids::EntryId;

pub use self::action::{Action, Answer, Event, Facts, Found, Memory, Outcome, Rest, Write, Written};
pub use self::item::Item;
use self::item::Items;
use crate::keyring::protocol::outbox::{ChangeRef, SealedChange};

/// Attempts with another head that follow each other without a pause.
const PROMPT_TRIES: u32 = 3;
/// Attempts with another head before the changes wait for the next [`Outbox::wake`].
const MAX_TRIES: u32 = 8;
/// The first pause between such attempts, in milliseconds; each further one is twice as long.
const FIRST_PAUSE_MS: u64 = 100;
/// Attempts to write the memory that another tab has changed meanwhile.
const MEMORY_TRIES: u32 = 5;

/// The steps that are due.
#[derive(Debug, Default)]
struct Due {
    read: bool,
    recall: bool,
    remember: bool,
    /// List the server's changes: from here, or where the keyring says.
    list: bool,
    since: Option<u64>,
    apply: Option<(u64, String)>,
    restore: Vec<SealedChange>,
    pause_ms: Option<u64>,
    send: Option<String>,
    /// The request that the server has answered, and its answer.
    saved: Option<(String, String)>,
    unlock: bool,
    reseal: bool,
}

/// The outbox of an open vault.
#[derive(Debug)]
pub struct Outbox<F> {
    items: Items<F>,
    due: Due,
    /// Lists and reads only, until [`Outbox::opened`].
    is_opening: bool,
    is_locked: bool,
    halted: Option<Rest>,
    /// The list began from 0 once more since the last [`Outbox::wake`].
    relisted: bool,
    /// Attempts that met another head, since the last one that did not.
    tries: u32,
    memory_tries: u32,
    /// The store's birth, the memory as it is stored, and the one to write.
    birth: Option<u64>,
    /// Changes that only the page has are to be stored, once it is clear that they are not.
    is_store_due: bool,
    stored_memory: Option<Vec<u8>>,
    new_memory: Option<Vec<u8>>,
    /// Most changes in the next request. A refused request is split, to find the change that is at fault.
    limit: usize,
    batch: Vec<ChangeRef>,
    /// Changes and keys of the next [`Write`].
    add: Vec<SealedChange>,
    remove: Vec<u32>,
    /// Keys whose changes the server has: they go together with the memory of that.
    remove_saved: Vec<u32>,
    /// The last write was refused: there is no other before [`Outbox::wake`].
    write_refused: bool,
    events: Vec<Event<F>>,
}

impl<F: Clone> Outbox<F> {
    /// The outbox of a vault that is being opened. `in_page` are changes that only the page has, from before a lock.
    pub fn new(in_page: Vec<Item<F>>) -> Self {
        let restore = in_page.iter().map(|item| item.change.clone()).collect();
        let due = Due { list: true, since: Some(0), read: true, recall: true, restore, ..Due::default() };
        Self {
            items: Items::new(in_page),
            due,
            is_opening: true,
            is_locked: false,
            halted: None,
            relisted: false,
            tries: 0,
            memory_tries: 0,
            birth: None,
            is_store_due: true,
            stored_memory: None,
            new_memory: None,
            limit: CHANGES_PER_SAVE,
            batch: Vec::new(),
            add: Vec::new(),
            remove: Vec::new(),
            remove_saved: Vec::new(),
            write_refused: false,
            events: Vec::new(),
        }
    }

    /// The vault is open: changes may be sent from now on.
    pub fn opened(&mut self) {
        self.is_opening = false;
        self.reseal();
    }

    /// Has entries sealed again that are under an earlier key, when nothing else is to be sent.
    pub fn reseal(&mut self) {
        self.due.reseal = true;
    }

    /// All changes, in the order in which they were sealed or found.
    pub fn items(&self) -> &[Item<F>] {
        self.items.all()
    }

    /// The action that is due. It is carried out, and its outcome reported, before the next one is asked for.
    pub fn next_action(&mut self) -> Action {
        let action = self.keyring_action().or_else(|| self.store_action()).or_else(|| self.server_action());
        action.unwrap_or_else(|| {
            if std::mem::take(&mut self.is_locked) {
                return Action::Unlock;
            }
            Action::Rest(self.halted.unwrap_or(Rest::Done))
        })
    }

    /// Answers of the server are applied before anything else.
    fn keyring_action(&mut self) -> Option<Action> {
        if self.is_over() {
            return None;
        }
        if let Some((since, answer)) = self.due.apply.take() {
            return Some(Action::Apply { since, answer });
        }
        let (body, answer) = self.due.saved.take()?;
        Some(Action::ApplySaved { body, answer })
    }

    /// The local store is read, and written, before the server is asked again.
    fn store_action(&mut self) -> Option<Action> {
        if self.is_over() {
            return None;
        }
        if std::mem::take(&mut self.due.read) {
            return Some(Action::Read { known: self.items.known_keys() });
        }
        // The memory is recalled before the first list is judged by it.
        if std::mem::take(&mut self.due.recall) {
            return Some(Action::Recall { memory: self.stored_memory.clone() });
        }
        if !self.write_refused {
            if std::mem::take(&mut self.due.remember) {
                return Some(Action::Remember { stored: self.stored_memory.clone() });
            }
            let write = self.whole_write();
            if !write.is_empty() {
                return Some(Action::Write(write));
            }
        }
        // The keyring compares restored changes with the server's state, which must not be an old one: it would settle a
        // change that the server has lost meanwhile.
        if !self.due.list && !self.due.restore.is_empty() {
            return Some(Action::Restore { items: std::mem::take(&mut self.due.restore) });
        }
        // Other tabs get their turn.
        (std::mem::take(&mut self.due.unlock) && std::mem::take(&mut self.is_locked)).then_some(Action::Unlock)
    }

    fn server_action(&mut self) -> Option<Action> {
        if self.halted.is_some() {
            return None;
        }
        if let Some(ms) = self.due.pause_ms.take() {
            return Some(Action::Pause { ms });
        }
        if self.due.list {
            return Some(self.due.since.map_or(Action::Position, |since| Action::List { since }));
        }
        // Only after a list: until then the keyring may not have the state in which the other tab left the entry.
        let changes = self.items.gone();
        if !changes.is_empty() {
            return Some(Action::Release { changes });
        }
        if let Some(body) = self.due.send.take() {
            return Some(Action::Send { body });
        }
        let is_due = self.items.is_any_to_send() || self.due.reseal;
        if self.is_opening || !is_due {
            return None;
        }
        if !self.is_locked {
            return Some(Action::Lock);
        }
        self.items.ask();
        Some(Action::Build { without: self.items.not_to_send(), count: self.limit, reseal: self.due.reseal })
    }

    /// Reports the outcome of the action that [`Outbox::next_action`] gave last. Returns the changes that have left.
    pub fn done(&mut self, action: Action, outcome: Outcome<F>) -> Vec<Event<F>> {
        match (action, outcome) {
            (Action::Lock, Outcome::Done) => {
                self.is_locked = true;
                // Another tab may have sent some of the changes, and stored others.
                self.due.read = true;
            }
            (Action::Read { known }, Outcome::Read(found)) => self.found(&known, found),
            (Action::Position, Outcome::Facts(facts)) => {
                self.due.since = Some(facts.next.unwrap_or(0));
                self.apply(Facts { next: None, ..facts }, true, false);
            }
            (Action::List { since }, Outcome::Answer(answer)) => match answer {
                Answer::Ok(answer) => {
                    (self.due.list, self.due.since) = (false, None);
                    self.due.apply = Some((since, answer));
                }
                Answer::Ended => self.halted = Some(Rest::Over),
                Answer::Silent | Answer::Stale | Answer::Contradiction | Answer::Refused(_) => {
                    self.halted = Some(Rest::Later);
                }
            },
            (Action::Apply { since, .. }, Outcome::Facts(facts)) => {
                self.items.hold_none();
                self.continue_list(since, facts.next);
                self.apply(Facts { next: None, ..facts }, true, false);
            }
            (Action::Release { changes }, Outcome::Facts(facts)) => {
                self.items.forget(&changes);
                self.apply(facts, true, true);
            }
            (Action::Restore { items }, Outcome::Facts(facts)) => {
                let refused = items.iter().filter(|item| facts.refused.contains(&item.change.id));
                self.items.ignore(&refused.map(|item| item.change).collect::<Vec<_>>());
                self.items.hold_none();
                self.apply(facts, true, false);
            }
            (Action::Build { .. }, Outcome::Built { body, changes, left }) => {
                self.due.reseal = left > 0;
                if body.is_none() {
                    self.items.hold_asked();
                    self.due.reseal = false;
                }
                self.due.send = body;
                self.batch = changes;
            }
            (Action::Send { body }, Outcome::Answer(answer)) => self.answered(body, answer),
            (Action::ApplySaved { .. }, Outcome::Facts(facts)) => {
                self.tries = 0;
                self.limit = (self.limit * 2).min(CHANGES_PER_SAVE);
                self.due.unlock = true;
                self.items.hold_none();
                self.apply(facts, true, false);
            }
            (Action::Remember { .. }, Outcome::Merged(memory)) => self.new_memory = memory,
            (Action::Recall { .. }, Outcome::Facts(facts)) => self.apply(facts, true, false),
            (Action::Apply { .. } | Action::ApplySaved { .. }, Outcome::Nothing) => self.halted = Some(Rest::Later),
            (_, Outcome::Failed) => self.halted = Some(Rest::Over),
            _ => {}
        }
        std::mem::take(&mut self.events)
    }

    fn is_over(&self) -> bool {
        self.halted == Some(Rest::Over)
    }

    fn found(&mut self, known: &BTreeSet<u32>, found: Found) {
        let Found { keys, new, memory, birth } = found;
        if self.birth.is_some() && self.birth != birth {
            // The store was cleared: no other tab has removed the changes, and the keys are those of others.
            self.items.lose_store();
            self.birth = None;
            self.is_store_due = true;
            self.due.read = true;
            return;
        }
        self.birth = birth;
        if memory != self.stored_memory {
            // Another tab has written it: this page learns from it, and writes what it knows itself.
            self.due.remember |= !self.due.recall;
            self.new_memory = None;
        }
        self.stored_memory = memory;
        self.remove.extend(self.items.claim_keys(&keys, &new));
        let mut is_news = self.items.lose_keys(known, &keys);
        for (key, change) in new {
            if self.items.adopt(key, &change) {
                self.due.restore.push(change);
                is_news = true;
            }
        }
        if is_news {
            self.list(None);
        }
        if std::mem::take(&mut self.is_store_due) {
            self.add.extend(self.items.store_again());
        }
    }

    /// Has the server's changes listed, from here or where the keyring says.
    fn list(&mut self, since: Option<u64>) {
        self.due.list = true;
        self.due.since = since.or(self.due.since);
    }

    /// Goes on listing where the keyring says. A list that began from 0 twice is not begun once more.
    fn continue_list(&mut self, since: u64, next: Option<u64>) {
        let Some(next) = next else { return };
        let again = next <= since;
        if !again || !self.relisted {
            self.relisted |= again;
            self.list(Some(next));
        }
    }

    fn answered(&mut self, body: String, answer: Answer<F>) {
        match answer {
            Answer::Ok(answer) => self.due.saved = Some((body, answer)),
            Answer::Stale | Answer::Contradiction => {
                self.tries += 1;
                self.list(matches!(answer, Answer::Contradiction).then_some(0));
                if self.tries > MAX_TRIES {
                    self.tries = 0;
                    self.halted = Some(Rest::Later);
                } else if let Some(beyond) = self.tries.checked_sub(PROMPT_TRIES + 1) {
                    self.due.pause_ms = Some(FIRST_PAUSE_MS << beyond);
                }
            }
            Answer::Silent => self.halted = Some(Rest::Later),
            Answer::Ended => self.halted = Some(Rest::Over),
            Answer::Refused(why) => match *self.batch {
                // Sealing again may wait; the entries stay readable.
                [] => self.due.reseal = false,
                [change] => {
                    self.items.refuse(change, &why);
                    self.events.push(Event::Refused { change, why });
                }
                _ => self.limit = self.batch.len().div_ceil(2),
            },
        }
        self.batch.clear();
    }

    /// Takes the facts of an answer to a request that a person made, such as a new entry. The [`Write`] is to be carried
    /// out at once, and reported by [`Outbox::written`]. `quiet` as in [`Item`].
    pub fn take(&mut self, facts: Facts, quiet: bool) -> Write {
        self.items.hold_none();
        self.apply(facts, quiet, true);
        Write { add: std::mem::take(&mut self.add), remove: std::mem::take(&mut self.remove), memory: None }
    }

    /// `by_person`: the settled changes were resolved or discarded, here or in another tab.
    fn apply(&mut self, facts: Facts, quiet: bool, by_person: bool) {
        let Facts { sealed, settled, next, remember, .. } = facts;
        self.due.remember |= remember;
        if next.is_some() {
            self.list(next);
        }
        // One update may have a change that the next step has settled.
        for change in sealed {
            if self.items.push(&change, quiet) {
                self.add.push(change);
            }
        }
        for item in self.items.settle(&settled) {
            match item.key() {
                Some(key) if by_person => self.remove.push(key),
                Some(key) => self.remove_saved.push(key),
                None => {}
            }
            // It need not be stored any more, unless that is under way.
            self.add.retain(|change| change.change != item.change.change);
            if !by_person {
                self.events.push(Event::Settled { change: item.change.change, quiet: item.quiet });
            }
        }
    }

    fn whole_write(&mut self) -> Write {
        let mut remove = std::mem::take(&mut self.remove);
        remove.append(&mut self.remove_saved);
        let memory = self.new_memory.take().map(|new| Memory { expected: self.stored_memory.clone(), new });
        Write { add: std::mem::take(&mut self.add), remove, memory }
    }

    /// Reports the result of a [`Write`].
    pub fn written(&mut self, write: Write, written: Written) {
        let Write { add, remove, memory } = write;
        match written {
            Written::Done(keys) => {
                // A change may be settled while it is stored.
                self.remove.extend(self.items.stored(&add, &keys));
                if let Some(Memory { new, .. }) = memory {
                    self.stored_memory = Some(new);
                    self.memory_tries = 0;
                }
            }
            Written::MemoryMoved(stored) => {
                self.stored_memory = stored;
                self.memory_tries += 1;
                self.due.remember |= self.memory_tries < MEMORY_TRIES;
                self.add.extend(add);
                self.remove_saved.extend(remove);
            }
            Written::Refused => {
                self.items.not_stored(&add);
                self.remove_saved.extend(remove);
                self.due.remember |= memory.is_some();
                self.write_refused = true;
            }
        }
    }

    /// Lets the outbox try again: to store, to send, and, with `list`, to list the server's changes.
    pub fn wake(&mut self, list: bool) {
        if self.is_over() {
            return;
        }
        self.halted = None;
        self.relisted = false;
        self.memory_tries = 0;
        self.write_refused = false;
        if list {
            self.due.read = true;
            self.list(None);
        }
        self.add.extend(self.items.store_again());
    }

    /// Lets a refused change of an entry be sent again.
    pub fn try_again(&mut self, id: EntryId) {
        self.items.allow(id);
        self.wake(false);
    }

    /// The changes that only the page has: locking must not drop them.
    pub fn into_in_page(self) -> Vec<Item<F>> {
        self.items.into_in_page()
    }
}

//! A page: its keyring, its outbox, and the action under way.

use std::collections::{BTreeMap, BTreeSet};

use shared::ids::EntryId;

use super::browser::Chance;
use super::server::{Problem, Server};
use crate::keyring::Keyring;
use crate::keyring::protocol::entry::{Entry, EntryState, EntryUpdate, ImportItem};
use crate::keyring::protocol::outbox::Doubts;
use crate::keyring::protocol::{Request, Response};
use crate::outbox::{Action, Facts, Item, Outbox, Outcome, Rest, Write, Written};

/// The action under way in a page.
pub(super) enum Flight {
    /// A lock that another tab has.
    Lock,
    /// The outcome is known, and not delivered yet.
    Outcome(Action, Outcome<Problem>),
    /// A read of the store that has not happened yet.
    Read(BTreeSet<u32>),
    /// A write that has not happened yet, or is not reported yet.
    Write(Write, Option<Written>),
    /// A request on its way to the server.
    Request(Action),
}

/// A page: a tab, or what it becomes after a reload.
pub(super) struct Page {
    /// A number that no other page has.
    pub(super) number: u32,
    pub(super) keyring: Keyring<Chance>,
    pub(super) outbox: Outbox<Problem>,
    pub(super) is_open: bool,
    pub(super) rest: Option<Rest>,
    pub(super) flight: Option<Flight>,
    /// The write of a person's change, under way.
    pub(super) person: Option<Write>,
    /// The items to import, once the page has listed what others have saved.
    pub(super) import: Option<Vec<ImportItem>>,
    /// The state of every entry, as the page lists it.
    pub(super) list: BTreeMap<EntryId, EntryState>,
    pub(super) doubts: Doubts,
    /// The vault key that its session began with.
    pub(super) key_no: u32,
    /// The database of the last list that it has applied to its end.
    pub(super) listed_restores: u32,
    pub(super) asked_restores: u32,
}

impl Page {
    pub(super) fn new(number: u32, keyring: Keyring<Chance>, in_page: Vec<Item<Problem>>, key_no: u32) -> Self {
        Self {
            number,
            keyring,
            outbox: Outbox::new(in_page),
            is_open: false,
            rest: None,
            flight: None,
            person: None,
            import: None,
            list: BTreeMap::new(),
            doubts: Doubts::default(),
            key_no,
            listed_restores: 0,
            asked_restores: 0,
        }
    }

    /// True if the page has listed the vault since the database was last put back, and has stored what it found.
    pub(super) fn has_noticed(&self, restores: u32) -> bool {
        self.listed_restores == restores && self.rest.is_some()
    }

    /// Carries out an action of the keyring.
    pub(super) fn ask(&mut self, action: &Action) -> Outcome<Problem> {
        let request = match action.clone() {
            Action::Recall { memory } => Request::Recall { memory },
            Action::Restore { items } => Request::RestoreWaiting { items },
            Action::Position => Request::ListPosition,
            Action::Apply { since, answer } => Request::ApplyChanges { since, answer },
            Action::Release { changes } => Request::Release { changes },
            Action::Build { without, count, reseal } => {
                // Few, so that there are several requests.
                let count = u32::try_from(count.min(4)).unwrap();
                Request::BuildBatch { without, count, bytes: 128 * 1024, reseal }
            }
            Action::ApplySaved { body, answer } => Request::ApplySaved { body, answer },
            Action::Remember { stored } => Request::Remember { stored },
            other => panic!("{other:?}"),
        };
        match self.keyring.handle(request) {
            Ok(Response::Updated(mut update)) => {
                let facts = Facts::of(&mut update);
                self.show(update);
                Outcome::Facts(facts)
            }
            Ok(Response::Batch { batch, left }) => {
                let (body, changes) = batch.map_or((None, Vec::new()), |it| (Some(it.body), it.changes));
                Outcome::Built { body, changes, left }
            }
            Ok(Response::Memory { sealed, .. }) => Outcome::Merged(sealed),
            Ok(other) => panic!("{other:?}"),
            Err(error) => panic!("{action:?}: {error}"),
        }
    }

    pub(super) fn show(&mut self, update: EntryUpdate) {
        for entry in update.entries {
            self.list.insert(entry.id, entry.state);
        }
        for id in update.deleted {
            self.list.remove(&id);
        }
        if let Some(doubts) = update.doubts {
            self.doubts = doubts;
        }
    }

    /// The passwords that the page can show: of each entry, and of both sides of a conflict, with all previous ones.
    pub(super) fn passwords(&mut self) -> BTreeSet<String> {
        let ids: Vec<_> = self.list.keys().copied().collect();
        ids.into_iter().flat_map(|id| self.sides(id).concat()).collect()
    }

    /// The passwords of each side of a conflict, or of an entry without one.
    pub(super) fn sides(&mut self, id: EntryId) -> Vec<Vec<String>> {
        let is_conflict = self.list.get(&id) == Some(&EntryState::Conflict);
        let both = match self.keyring.handle(Request::Compare { id }) {
            Ok(Response::Comparison { mine, theirs }) => vec![Some(mine), theirs.filter(|_| is_conflict)],
            _ => Vec::new(),
        };
        let all = |entry: Box<Entry>| {
            let history = entry.history.into_iter().map(|previous| previous.password.expose().to_owned());
            std::iter::once(entry.content.password.expose().to_owned()).chain(history).collect::<Vec<_>>()
        };
        both.into_iter().flatten().map(all).collect()
    }

    /// True if the server has the session's key.
    pub(super) fn has_session(&self, server: &Server) -> bool {
        self.key_no == server.key_no
    }
}

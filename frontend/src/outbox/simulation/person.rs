//! A person at a page.

use shared::ids::EntryId;

use super::{Schedule, Value};
use crate::keyring::protocol::entry::{Content, EntryState, ImportItem};
use crate::keyring::protocol::outbox::ChangeRef;
use crate::keyring::protocol::{KeyringError, Request, Resolution};
use crate::secret::Secret;

/// A time in milliseconds since 1970. All clocks stand still.
const NOW: u64 = 1_790_000_000_000;

pub(super) struct Person<'a> {
    pub(super) schedule: &'a mut Schedule,
    pub(super) device: usize,
    pub(super) place: usize,
}

impl Person<'_> {
    /// Does one of the things that persons do.
    pub(super) fn act(&mut self) -> Result<(), String> {
        let page = &self.schedule.world.devices[self.device].pages[self.place];
        if !page.is_open || page.person.is_some() {
            return Ok(());
        }
        let entries: Vec<(EntryId, EntryState)> = page.list.iter().map(|(id, state)| (*id, *state)).collect();
        let has_doubts = page.doubts.vault.is_some() || !page.doubts.entries.is_empty();
        let chance = &mut self.schedule.world.chance;
        let chosen = (!entries.is_empty()).then(|| entries[chance.below(entries.len())]);
        let kind = chance.below(20);
        match chosen {
            _ if has_doubts && kind == 0 => self.ask(Request::KeepNewer { now: NOW }).map(drop),
            _ if has_doubts && kind == 1 => self.accept_server(),
            Some((id, EntryState::Conflict)) if kind < 10 => {
                let way = [Resolution::Mine, Resolution::Theirs, Resolution::Both][kind % 3];
                self.resolve(id, way)
            }
            Some((id, _)) if kind < 13 => self.save(Some(id)),
            Some((id, _)) if kind == 13 => self.ask(Request::Bin { id, binned: true, now: NOW }).map(drop),
            Some((id, _)) if kind == 14 => self.delete(id),
            _ if kind == 15 && self.device == 0 => {
                self.import();
                Ok(())
            }
            _ => self.save(None),
        }
    }

    /// Saves a new password, in an entry or a new one.
    fn save(&mut self, id: Option<EntryId>) -> Result<(), String> {
        let password = format!("password {}", self.schedule.values.len() + 1);
        let content =
            Content { name: "entry".to_owned(), password: Secret::new(password.clone()), ..Content::default() };
        let request = match id {
            Some(id) => Request::Change { id, content, now: NOW },
            None => Request::Create { content, now: NOW },
        };
        if let Some((entry, change)) = self.ask(request)? {
            self.schedule.world.note(format!("  {password}"));
            let holders = Default::default();
            let value = Value { password, entry, change, is_excused: false, lost_by_restore: false, holders };
            self.schedule.values.push(value);
        }
        Ok(())
    }

    /// Imports a file, always the same.
    fn import(&mut self) {
        let item = |number| ImportItem {
            content: Content {
                name: "item".to_owned(),
                password: Secret::new(format!("imported {number}")),
                ..Content::default()
            },
            history: Vec::new(),
            created_at: None,
            changed_at: None,
        };
        self.schedule.world.begin_import(self.device, self.place, (1..=3).map(item).collect());
    }

    /// Deletes an entry for good: what this person can see of it may be lost.
    fn delete(&mut self, id: EntryId) -> Result<(), String> {
        let page = &mut self.schedule.world.devices[self.device].pages[self.place];
        let known = page.sides(id).concat();
        if self.ask(Request::Delete { id })?.is_some() {
            for value in &mut self.schedule.values {
                value.is_excused |= known.contains(&value.password);
            }
        }
        Ok(())
    }

    /// Accepts what the server lists: entries that are missing there may be lost.
    fn accept_server(&mut self) -> Result<(), String> {
        let page = &self.schedule.world.devices[self.device].pages[self.place];
        let doubted: Vec<_> = page.doubts.entries.iter().map(|doubt| doubt.id).collect();
        self.ask(Request::AcceptServer { now: NOW })?;
        for value in &mut self.schedule.values {
            value.is_excused |= value.lost_by_restore && doubted.contains(&value.entry);
        }
        Ok(())
    }

    pub(super) fn resolve(&mut self, id: EntryId, resolution: Resolution) -> Result<(), String> {
        let page = &mut self.schedule.world.devices[self.device].pages[self.place];
        let given_up = match page.sides(id).as_slice() {
            // The other side is a deletion.
            [mine] if resolution == Resolution::Theirs => mine.clone(),
            _ => Vec::new(),
        };
        self.schedule.may_double |= resolution == Resolution::Both;
        self.ask(Request::Resolve { id, resolution, now: NOW })?;
        for value in &mut self.schedule.values {
            value.is_excused |= given_up.contains(&value.password);
        }
        Ok(())
    }

    /// None if the keyring refuses, for a reason that is in order.
    fn ask(&mut self, request: Request) -> Result<Option<(EntryId, ChangeRef)>, String> {
        let text = format!("{request:?}");
        match self.schedule.world.person_asks(self.device, self.place, request) {
            Ok((id, sealed)) => Ok(id.zip(sealed.last().copied())),
            Err(KeyringError::Conflict | KeyringError::NoSuchEntry) => Ok(None),
            Err(error) => Err(format!("{text}: {error}")),
        }
    }
}

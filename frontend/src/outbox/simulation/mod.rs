//! The outbox, with real keyrings, in random interleavings: tabs and devices, lost and doubled and late requests,
//! reloads, locks and crashes, a server's database that is put back, full and cleared storage, new vault keys.
//!
//! The invariant: every password that was sealed and stored is on the server, in an outbox, in an entry's history or
//! shown as a side of a conflict. Exceptions are those that a person made: what they deleted, or accepted as lost.
//!
//! A failure prints its seed. `PASSMINT_SEED=n cargo test -p frontend outbox` runs that schedule alone, and prints its
//! steps; `PASSMINT_SCHEDULES=n` runs another number of schedules.

mod browser;
mod page;
mod person;
mod server;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use shared::ids::EntryId;

use self::person::Person;
use self::world::World;
use crate::keyring::protocol::Resolution;
use crate::keyring::protocol::entry::EntryState;
use crate::keyring::protocol::outbox::{ChangeRef, SealedChange};
use crate::outbox::{Outbox, Rest};

/// Schedules in an ordinary test run.
const SCHEDULES: u64 = 20_000;
/// Random steps of a schedule before everything calms down.
const STEPS: usize = 50;
/// Rounds after which everything must have come to rest.
const ROUNDS: usize = 60;

/// A password that a person has saved.
struct Value {
    password: String,
    entry: EntryId,
    change: ChangeRef,
    /// It may be lost: it was never stored, was deleted, or was accepted as lost.
    is_excused: bool,
    /// The database was put back to a state without it. The pages that have it then, or none any more.
    lost_by_restore: bool,
    holders: BTreeSet<u32>,
}

/// A schedule: the world, and what must not be lost in it.
struct Schedule {
    world: World,
    values: Vec<Value>,
    /// Doubts are right: the database was put back.
    may_doubt: bool,
    /// A store was cleared.
    is_cleared: bool,
    /// An imported item may be there twice: a person kept both sides of a conflict, or the database was put back.
    may_double: bool,
}

#[test]
fn every_sealed_password_survives_any_interleaving() {
    let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    if let Some(seed) = number("PASSMINT_SEED") {
        let mut schedule = Schedule::new(seed);
        schedule.world.log = Some(Vec::new());
        let result = schedule.run();
        println!("{}", schedule.world.log.unwrap_or_default().join("\n"));
        return result.unwrap();
    }
    let (schedules, began) = (number("PASSMINT_SCHEDULES").unwrap_or(SCHEDULES), Instant::now());
    let first = number("PASSMINT_FIRST").unwrap_or(1);
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let failures: Vec<(u64, String)> = std::thread::scope(|scope| {
        let run = |thread| {
            (first + thread..first + schedules).step_by(usize::try_from(threads).unwrap()).filter_map(|seed| {
                let run = || Schedule::new(seed).run();
                let result = std::panic::catch_unwind(run).unwrap_or_else(|_| Err("a panic".to_owned()));
                result.err().map(|why| (seed, why))
            })
        };
        let threads: Vec<_> =
            (0..threads).map(|thread| scope.spawn(move || run(thread).take(3).collect::<Vec<_>>())).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(failures.is_empty(), "seeds with failures: {failures:#?}");
    println!("{schedules} schedules in {:?}", began.elapsed());
}

impl Schedule {
    fn new(seed: u64) -> Self {
        let mut schedule = Self {
            world: World::new(seed, 2),
            values: Vec::new(),
            may_doubt: false,
            is_cleared: false,
            may_double: false,
        };
        schedule.world.open_page(0, Vec::new());
        schedule
    }

    fn run(&mut self) -> Result<(), String> {
        let mut snapshot = None;
        // Schedules of different kinds: a rare fault must not hide what happens without it.
        let restores = self.world.chance.once_in(3);
        let keys = self.world.chance.once_in(4);
        let full = self.world.chance.once_in(4);
        for _ in 0..STEPS {
            match self.world.chance.below(100) {
                0..3 => {
                    let device = self.world.chance.below(2);
                    if self.world.devices[device].pages.len() < 2 {
                        self.world.open_page(device, Vec::new());
                    }
                }
                3..5 => self.end_some_page(),
                5..7 => self.lock_some_page(),
                7 if restores => snapshot = Some(self.world.server.clone()),
                8..10 if restores => {
                    if let Some(snapshot) = snapshot.clone().filter(|it| it.key_no == self.world.server.key_no) {
                        self.put_back(snapshot);
                    }
                }
                10 if keys => self.new_key(),
                11 if full => {
                    let device = self.world.chance.below(2);
                    let store = &mut self.world.devices[device].store;
                    store.is_full = !store.is_full;
                }
                12 if full => self.clear_some_store(),
                13 => self.world.deliver_late(),
                14..17 => self.on_some_page(|world, device, place| {
                    world.devices[device].pages[place].outbox.wake(true);
                }),
                17..40 => self.someone_acts()?,
                _ => self.on_some_page(|world, device, place| drop(world.step(device, place))),
            }
            // Several small steps, so that changes get through between the incidents.
            for _ in 0..self.world.chance.below(12) {
                self.on_some_page(|world, device, place| drop(world.step(device, place)));
            }
            self.check_doubts()?;
        }
        self.calm_down()?;
        self.check_values("after everything has come to rest")?;
        self.check_imports()?;
        self.resolve_conflicts()?;
        self.check_values("after all conflicts are resolved")?;
        self.check_outboxes()
    }

    fn on_some_page(&mut self, act: impl FnOnce(&mut World, usize, usize)) {
        let places: Vec<_> = (0..2)
            .flat_map(|device| (0..self.world.devices[device].pages.len()).map(move |place| (device, place)))
            .collect();
        if !places.is_empty() {
            let (device, place) = places[self.world.chance.below(places.len())];
            act(&mut self.world, device, place);
        }
    }

    fn some_page(&mut self) -> Option<(usize, usize)> {
        let mut found = None;
        self.on_some_page(|_, device, place| found = Some((device, place)));
        found
    }

    /// Notes that a page ends: what only it had may be lost.
    fn page_ends(&mut self, number: u32, only_here: &[SealedChange], has_noticed: bool) {
        // A resolved conflict has the passwords of both sides.
        let lost = self.world.passwords_of_items(only_here);
        for value in &mut self.values {
            value.is_excused |= lost.contains(&value.password);
            if !has_noticed {
                value.holders.remove(&number);
            }
        }
    }

    /// The changes of a page that are neither in the store nor in another page, because the store was cleared.
    fn cleared_changes(&self, device: usize, place: usize) -> Vec<SealedChange> {
        let device = &self.world.devices[device];
        let is_stored = |change: &SealedChange| device.store.changes.values().any(|stored| stored == change);
        let items = device.pages[place].outbox.items().iter().filter(|item| item.key().is_some());
        items.map(|item| item.change.clone()).filter(|change| self.is_cleared && !is_stored(change)).collect()
    }

    fn end_some_page(&mut self) {
        let Some((device, place)) = self.some_page() else { return };
        let restores = self.world.restores;
        let cleared = self.cleared_changes(device, place);
        let page = self.world.take_page(device, place);
        let (number, has_noticed) = (page.number, page.has_noticed(restores));
        let items = page.outbox.into_in_page();
        let changes: Vec<SealedChange> = items.into_iter().map(|item| item.change).chain(cleared).collect();
        self.page_ends(number, &changes, has_noticed);
    }

    /// Locks the vault and unlocks it again, in the same page.
    fn lock_some_page(&mut self) {
        if let Some((device, place)) = self.some_page() {
            self.lock(device, place);
        }
    }

    fn lock(&mut self, device: usize, place: usize) {
        let restores = self.world.restores;
        let cleared = self.cleared_changes(device, place);
        let page = self.world.take_page(device, place);
        let (number, has_noticed) = (page.number, page.has_noticed(restores));
        self.page_ends(number, &cleared, has_noticed);
        self.world.open_page(device, page.outbox.into_in_page());
    }

    /// Puts the server's database back.
    fn put_back(&mut self, snapshot: server::Server) {
        let before = self.world.passwords_of_server();
        self.world.server = snapshot;
        self.world.restores += 1;
        (self.may_doubt, self.may_double) = (true, true);
        self.world.note("the database is put back");
        let after = self.world.passwords_of_server();
        for value in &mut self.values {
            if before.contains(&value.password) && !after.contains(&value.password) {
                value.lost_by_restore = true;
                value.holders.clear();
                for page in self.world.devices.iter_mut().flat_map(|device| &mut device.pages) {
                    if page.is_open
                        && page.has_session(&self.world.server)
                        && page.passwords().contains(&value.password)
                    {
                        value.holders.insert(page.number);
                    }
                }
            }
        }
    }

    fn clear_some_store(&mut self) {
        let device = self.world.chance.below(2);
        let stored: BTreeSet<ChangeRef> =
            self.world.devices[device].store.changes.values().map(|change| change.change).collect();
        self.world.note(format!("device {device}: the store is cleared"));
        self.world.clear_store(device);
        (self.is_cleared, self.may_double) = (true, true);
        // Pages that are open have their own changes; those of other tabs that they have not read are gone.
        for value in self.values.iter_mut().filter(|value| stored.contains(&value.change)) {
            let of = |outbox: &Outbox<_>| outbox.items().iter().any(|item| item.change.change == value.change);
            if !self.world.devices[device].pages.iter().any(|page| of(&page.outbox)) {
                value.is_excused = true;
            }
        }
    }

    fn new_key(&mut self) {
        let Some((device, place)) = self.some_page() else { return };
        self.world.set_new_key(device, place);
    }

    /// Without a database that was put back, nobody may be alarmed.
    fn check_doubts(&mut self) -> Result<(), String> {
        for page in self.world.devices.iter().flat_map(|device| &device.pages) {
            let is_sure = page.doubts.vault.is_none() && page.doubts.entries.is_empty();
            if !is_sure && !self.may_doubt {
                return Err(format!("page {} doubts without a reason: {:?}", page.number, page.doubts));
            }
        }
        Ok(())
    }

    /// No more faults: everything comes to rest.
    fn calm_down(&mut self) -> Result<(), String> {
        self.world.is_calm = true;
        self.world.note("calm");
        self.world.server.refuses = None;
        while self.world.has_late() {
            self.world.deliver_late();
        }
        for device in 0..2 {
            self.world.devices[device].store.is_full = false;
            if self.world.devices[device].pages.is_empty() {
                self.world.open_page(device, Vec::new());
            }
        }
        self.come_to_rest()
    }

    fn come_to_rest(&mut self) -> Result<(), String> {
        let mut before = None;
        for _ in 0..ROUNDS {
            for device in 0..2 {
                for place in 0..self.world.devices[device].pages.len() {
                    self.world.finish_person(device, place);
                    self.world.devices[device].pages[place].outbox.wake(true);
                    self.run_page(device, place)?;
                }
            }
            self.check_doubts()?;
            let now = self.world.state();
            if before.as_ref() == Some(&now) {
                return Ok(());
            }
            before = Some(now);
        }
        Err("it does not come to rest".to_owned())
    }

    fn run_page(&mut self, device: usize, place: usize) -> Result<(), String> {
        for _ in 0..2000 {
            self.world.step(device, place);
            match self.world.devices[device].pages[place].rest {
                Some(Rest::Done) => return Ok(()),
                Some(Rest::Later) => self.world.devices[device].pages[place].outbox.wake(false),
                Some(Rest::Over) => {
                    // The person logs in again. The page is the last of its device then, so another one has its place.
                    self.lock(device, place);
                }
                None => {
                    // Another tab may have the lock: it moves on.
                    for other in 0..self.world.devices[device].pages.len() {
                        if other != place && self.world.chance.once_in(2) {
                            self.world.step(device, other);
                        }
                    }
                }
            }
        }
        Err(format!("page {} goes on for ever", self.world.devices[device].pages[place].number))
    }

    /// Every password is somewhere.
    fn check_values(&mut self, when: &str) -> Result<(), String> {
        let mut found = self.world.passwords_of_server();
        let left = self.world.items_left();
        found.extend(self.world.passwords_of_items(&left));
        for page in self.world.devices.iter_mut().flat_map(|device| &mut device.pages) {
            found.extend(page.passwords());
        }
        for value in &self.values {
            let may_be_lost = value.is_excused || (value.lost_by_restore && value.holders.is_empty());
            if !may_be_lost && !found.contains(&value.password) {
                return Err(format!("{} of {} is lost {when}", value.password, value.entry));
            }
        }
        Ok(())
    }

    /// However many tabs of a device have imported a file, every item is there once.
    fn check_imports(&self) -> Result<(), String> {
        let twice = self
            .world
            .count_on_server()
            .into_iter()
            .find(|(password, count)| *count > 1 && password.starts_with("imported"));
        match twice {
            Some((password, count)) if !self.may_double => Err(format!("{password} is there {count} times")),
            _ => Ok(()),
        }
    }

    fn resolve_conflicts(&mut self) -> Result<(), String> {
        for _ in 0..ROUNDS {
            let mut any = false;
            for device in 0..2 {
                for place in 0..self.world.devices[device].pages.len() {
                    let list: BTreeMap<EntryId, EntryState> = self.world.devices[device].pages[place].list.clone();
                    let conflicts = list.into_iter().filter(|(_, state)| *state == EntryState::Conflict);
                    let ways = [Resolution::Mine, Resolution::Theirs, Resolution::Both];
                    if let Some((id, _)) = conflicts.into_iter().next() {
                        let way = ways[self.world.chance.below(3)];
                        Person { schedule: self, device, place }.resolve(id, way)?;
                        any = true;
                        self.come_to_rest()?;
                    }
                }
            }
            if !any {
                return Ok(());
            }
        }
        Err("conflicts do not end".to_owned())
    }

    /// Without conflicts and doubts, nothing waits.
    fn check_outboxes(&mut self) -> Result<(), String> {
        let is_sure = |page: &page::Page| page.doubts.vault.is_none() && page.doubts.entries.is_empty();
        if self.world.devices.iter().flat_map(|device| &device.pages).all(is_sure) {
            let left = self.world.items_left();
            if !left.is_empty() {
                return Err(format!("changes stay in the outbox: {:?}", left[0].change));
            }
        }
        Ok(())
    }

    fn someone_acts(&mut self) -> Result<(), String> {
        let Some((device, place)) = self.some_page() else { return Ok(()) };
        Person { schedule: self, device, place }.act()
    }
}

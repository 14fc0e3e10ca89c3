//! A browser: chance, and its local store.

use std::collections::{BTreeMap, BTreeSet};

use rand_core_06::{CryptoRng, Error, RngCore};

use crate::keyring::protocol::outbox::SealedChange;
use crate::outbox::{Found, Write, Written};

/// SplitMix64: a schedule is repeated by its seed.
#[derive(Clone)]
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next_u64() % end.max(1) as u64).unwrap()
    }

    /// True once in `times`.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

impl RngCore for Chance {
    fn next_u32(&mut self) -> u32 {
        self.next_u64() as u32
    }
    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
    fn fill_bytes(&mut self, dest: &mut [u8]) {
        for chunk in dest.chunks_mut(8) {
            chunk.copy_from_slice(&self.next_u64().to_le_bytes()[..chunk.len()]);
        }
    }
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(dest);
        Ok(())
    }
}
impl CryptoRng for Chance {}

/// The database of a browser, for one account.
#[derive(Default)]
pub(super) struct Store {
    pub(super) changes: BTreeMap<u32, SealedChange>,
    pub(super) memory: Option<Vec<u8>>,
    pub(super) birth: u64,
    last_key: u32,
    /// Its space is used up.
    pub(super) is_full: bool,
}

impl Store {
    pub(super) fn new(birth: u64) -> Self {
        // Keys rise from the birth, as in the browser.
        let last_key = u32::try_from(birth * 1000).unwrap();
        Self { birth, last_key, ..Self::default() }
    }

    pub(super) fn read(&self, known: &BTreeSet<u32>) -> Found {
        let new = self.changes.iter().filter(|(key, _)| !known.contains(key));
        Found {
            keys: self.changes.keys().copied().collect(),
            new: new.map(|(key, change)| (*key, change.clone())).collect(),
            memory: self.memory.clone(),
            birth: Some(self.birth),
        }
    }

    pub(super) fn write(&mut self, write: &Write) -> Written {
        if self.is_full && (!write.add.is_empty() || write.memory.is_some()) {
            return Written::Refused;
        }
        if let Some(memory) = &write.memory {
            if memory.expected != self.memory {
                return Written::MemoryMoved(self.memory.clone());
            }
            self.memory = Some(memory.new.clone());
        }
        for key in &write.remove {
            self.changes.remove(key);
        }
        let mut keys = Vec::new();
        for change in &write.add {
            self.last_key += 1;
            self.changes.insert(self.last_key, change.clone());
            keys.push(self.last_key);
        }
        Written::Done(keys)
    }
}

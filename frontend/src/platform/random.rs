//! Randomness, from the browser's `crypto.getRandomValues` by getrandom. The page and the workers have no other source.

use std::cell::RefCell;

use generator::random::{RandomnessError, Source};
use getrandom::SysRng;
use rand_core_06::{CryptoRng, Error, RngCore};
use shared::ids::EntryId;
use wasm_bindgen::throw_str;

thread_local! {
    /// Bytes fetched ahead for the generator.
    static SOURCE: RefCell<BrowserSource> = RefCell::new(Source::new(SysRng));
}

/// The browser's randomness for samplers.
pub type BrowserSource = Source<SysRng>;

/// Calls a sampler with the page's source.
pub fn with_source<T>(sample: impl FnOnce(&mut BrowserSource) -> T) -> T {
    SOURCE.with_borrow_mut(sample)
}

/// A separate source for minting many passwords: it asks the browser less often.
pub fn bulk_source() -> BrowserSource {
    Source::bulk(SysRng)
}

/// A uniform choice of `count` different numbers from 0 to `below - 1`, in ascending order.
///
/// # Errors
/// If the browser has no randomness.
pub fn pick(count: usize, below: usize) -> Result<Vec<usize>, RandomnessError> {
    use generator::random::Choose;
    SOURCE.with_borrow_mut(|source| {
        let mut left: Vec<usize> = (0..below).collect();
        let mut picked = Vec::with_capacity(count);
        while picked.len() < count {
            picked.push(left.swap_remove(source.below(left.len())?));
        }
        picked.sort_unstable();
        Ok(picked)
    })
}

/// The same source for the keyring, whose crates use rand_core 0.6.
pub struct BrowserRandom;

impl RngCore for BrowserRandom {
    fn next_u32(&mut self) -> u32 {
        rand_core_06::impls::next_u32_via_fill(self)
    }
    fn next_u64(&mut self) -> u64 {
        rand_core_06::impls::next_u64_via_fill(self)
    }
    fn fill_bytes(&mut self, dest: &mut [u8]) {
        // This method cannot return an error, and nothing may continue without randomness.
        if getrandom::fill(dest).is_err() {
            throw_str("the browser has no randomness");
        }
    }
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(dest);
        Ok(())
    }
}

impl CryptoRng for BrowserRandom {}

pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    BrowserRandom.fill_bytes(&mut bytes);
    bytes
}

pub fn entry_id(now: u64) -> EntryId {
    EntryId::from_time(now, bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::browser_test::test;
    use generator::Plan as _;
    use generator::characters::{Plan, Rules};
    use generator::password::Password;

    #[test]
    fn minting_with_browser_randomness_uses_every_allowed_character() {
        let plan = Plan::new(&Rules::default()).unwrap();
        let minted: Vec<Password> = (0..500).map(|_| with_source(|source| plan.mint(source)).unwrap()).collect();
        let mut seen = BTreeSet::new();
        for password in &minted {
            let text = password.expose();
            assert_eq!(text.len(), 30);
            for class in [char::is_lowercase, char::is_uppercase, |c: char| c.is_ascii_digit()] {
                assert!(text.contains(class));
            }
            assert!(text.contains(|c: char| c.is_ascii_punctuation()));
            seen.extend(text.chars());
        }
        // The chance that one of 94 is missing from 15,000 characters is below 1 in 10^66.
        assert_eq!(seen.len(), 94);
        let different: BTreeSet<&str> = minted.iter().map(Password::expose).collect();
        assert_eq!(different.len(), minted.len());
    }

    #[test]
    fn pick_returns_different_numbers_and_reaches_every_number() {
        let mut counts = [0; 12];
        for _ in 0..400 {
            let picked = pick(3, counts.len()).unwrap();
            assert!(picked.len() == 3 && picked.is_sorted_by(|a, b| a < b), "{picked:?}");
            picked.into_iter().for_each(|number| counts[number] += 1);
        }
        // The expectation is 100 each, with a standard deviation below 9.
        assert!(counts.iter().all(|count| (40..160).contains(count)), "{counts:?}");
    }

    #[test]
    fn entry_ids_of_the_same_time_differ() {
        assert_ne!(entry_id(1), entry_id(1));
    }
}

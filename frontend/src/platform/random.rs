//! Where randomness comes from: the browser's `crypto.getRandomValues`, by getrandom. There is no other source.

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

/// The browser's randomness, as samplers take it.
pub type BrowserSource = Source<SysRng>;

/// Lends the page's source to a sampler.
pub fn with_source<T>(sample: impl FnOnce(&mut BrowserSource) -> T) -> T {
    SOURCE.with_borrow_mut(sample)
}

/// A source of its own for many passwords at once: it asks the browser less often.
#[must_use]
pub fn bulk_source() -> BrowserSource {
    Source::bulk(SysRng)
}

/// A uniform choice of `count` different numbers from 0 to `below - 1`, rising.
///
/// # Errors
/// [`RandomnessError`] if the browser has no randomness.
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

/// The same source for the keyring, whose crates speak an older version of the interface.
pub struct BrowserRandom;

impl RngCore for BrowserRandom {
    fn next_u32(&mut self) -> u32 {
        rand_core_06::impls::next_u32_via_fill(self)
    }
    fn next_u64(&mut self) -> u64 {
        rand_core_06::impls::next_u64_via_fill(self)
    }
    fn fill_bytes(&mut self, dest: &mut [u8]) {
        // The interface knows no failure here. Without randomness nothing may go on.
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

/// Random bytes.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    BrowserRandom.fill_bytes(&mut bytes);
    bytes
}

#[must_use]
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
    fn the_browser_mints_what_the_rules_allow() {
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
        // That one of 94 is missing from 15,000 characters has a chance below 1 in 10^66.
        assert_eq!(seen.len(), 94);
        let different: BTreeSet<&str> = minted.iter().map(Password::expose).collect();
        assert_eq!(different.len(), minted.len());
    }

    #[test]
    fn a_pick_is_of_different_numbers_and_misses_none() {
        let mut counts = [0; 12];
        for _ in 0..400 {
            let picked = pick(3, counts.len()).unwrap();
            assert!(picked.len() == 3 && picked.is_sorted_by(|a, b| a < b), "{picked:?}");
            picked.into_iter().for_each(|number| counts[number] += 1);
        }
        // 100 each is expected, with a standard deviation below 9.
        assert!(counts.iter().all(|count| (40..160).contains(count)), "{counts:?}");
    }

    #[test]
    fn two_entries_made_at_once_have_different_ids() {
        assert_ne!(entry_id(1), entry_id(1));
    }
}

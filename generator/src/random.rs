//! Uniform numbers from a source of uniform octets.
//!
//! There is one way to a number below `n`, by rejection, and everything else in the crate goes through it.

use num_bigint::BigUint;
use rand_core::TryCryptoRng;
use zeroize::Zeroize;

/// The system's source of randomness failed, or gives what no random source would. Nothing may be made then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the source of randomness fails")]
pub struct RandomnessError;

/// What the samplers ask for: a uniform choice among `n`. Tests answer it with every possible choice in turn.
pub trait Choose {
    /// A uniform number from 0 to `n - 1`, for `n` from 1 to 256.
    ///
    /// # Errors
    /// [`RandomnessError`] if the source fails.
    fn below(&mut self, n: usize) -> Result<usize, RandomnessError>;

    /// A uniform number from 0 to `n - 1`, for `n` of at least 1.
    ///
    /// # Errors
    /// [`RandomnessError`] if the source fails.
    fn below_big(&mut self, n: &BigUint) -> Result<BigUint, RandomnessError>;
}

/// Octets fetched ahead: one call to the browser for many characters.
const BLOCK: usize = 256;

/// Draws in a row that may be rejected. Each is rejected with a probability below 1/2, so reaching this many has a
/// probability below 2^-256: the source is broken.
const REJECTIONS_MAX: usize = 256;

/// Uniform numbers from a cryptographic random source, read a block at a time. Octets are wiped as they are used.
pub struct Source<R> {
    rng: R,
    block: [u8; BLOCK],
    used: usize,
}

impl<R: TryCryptoRng> Source<R> {
    /// A source over `rng`; nothing is read yet.
    pub fn new(rng: R) -> Self {
        Self { rng, block: [0; BLOCK], used: BLOCK }
    }

    fn octet(&mut self) -> Result<u8, RandomnessError> {
        if self.used == BLOCK {
            self.rng.try_fill_bytes(&mut self.block).map_err(|_| RandomnessError)?;
            self.used = 0;
        }
        let octet = std::mem::take(&mut self.block[self.used]);
        self.used += 1;
        Ok(octet)
    }
}

impl<R: TryCryptoRng> Choose for Source<R> {
    fn below(&mut self, n: usize) -> Result<usize, RandomnessError> {
        debug_assert!((1..=256).contains(&n), "an octet cannot choose among {n}");
        // The largest multiple of n that an octet can reach: below it every remainder is equally frequent.
        let limit = 256 - 256 % n;
        for _ in 0..REJECTIONS_MAX {
            let octet = usize::from(self.octet()?);
            if octet < limit {
                return Ok(octet % n);
            }
        }
        Err(RandomnessError)
    }

    fn below_big(&mut self, n: &BigUint) -> Result<BigUint, RandomnessError> {
        debug_assert!(*n != BigUint::ZERO, "there is no number below zero");
        let highest = n - 1_u8;
        let octets = highest.bits().div_ceil(8);
        // The bits of the leading octet that numbers below n use: half of all draws or more then fit.
        #[expect(clippy::cast_possible_truncation, reason = "the mask is below 256")]
        let mask = (0xff_u32 >> ((8 - highest.bits() % 8) % 8)) as u8;
        for _ in 0..REJECTIONS_MAX {
            let mut draw = Vec::new();
            for _ in 0..octets {
                draw.push(self.octet()?);
            }
            if let Some(leading) = draw.first_mut() {
                *leading &= mask;
            }
            let number = BigUint::from_bytes_be(&draw);
            draw.zeroize();
            if number < *n {
                return Ok(number);
            }
        }
        Err(RandomnessError)
    }
}

impl<R> Drop for Source<R> {
    fn drop(&mut self) {
        self.block.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use rand_core::TryRng;

    use super::*;

    /// Plays back octets, over and over.
    struct Playback(Vec<u8>, usize);

    impl TryRng for Playback {
        type Error = Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            unreachable!("octets only")
        }
        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            unreachable!("octets only")
        }
        fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
            for octet in dst {
                *octet = self.0[self.1 % self.0.len()];
                self.1 += 1;
            }
            Ok(())
        }
    }
    impl TryCryptoRng for Playback {}

    /// Feeds every octet once: each number must come out equally often, and only the surplus may be rejected.
    #[test]
    fn every_number_below_every_n_is_equally_likely() {
        for n in 1..=256_usize {
            let mut source = Source::new(Playback((0..=255).collect(), 0));
            let mut counts = vec![0_usize; n];
            for _ in 0..256 - 256 % n {
                counts[source.below(n).unwrap()] += 1;
            }
            assert!(counts.iter().all(|count| *count == 256 / n), "n = {n}: {counts:?}");
            let read = source.rng.1 - BLOCK + source.used;
            assert_eq!(read, 256 - 256 % n, "n = {n}: the octets above the limit come last and were not needed");
        }
    }

    /// The same for the large sampler, with every octet or every pair of octets.
    #[test]
    fn every_large_number_is_equally_likely() {
        for n in [1_u32, 2, 3, 255, 256, 257, 1000, 4095, 4096, 4097, 40_000, 65_535, 65_536] {
            let wanted = BigUint::from(n);
            let width = (n - 1).checked_ilog2().map_or(0, |top| top + 1).div_ceil(8);
            let octets: Vec<u8> = match width {
                0 => vec![0],
                1 => (0..=255).collect(),
                // Every pair once, in an order that does not put all that is rejected in one row.
                _ => (0..=u16::MAX).flat_map(|k| k.wrapping_mul(40_503).to_be_bytes()).collect(),
            };
            let draws = octets.len() / width.max(1) as usize;
            let space = (n - 1).checked_ilog2().map_or(1, |top| 1_usize << (top + 1));
            let accepted = if width == 0 { 1 } else { draws / space * n as usize };
            let mut source = Source::new(Playback(octets, 0));
            let mut counts = vec![0_usize; n as usize];
            for _ in 0..accepted {
                let number: u32 = source.below_big(&wanted).unwrap().try_into().unwrap();
                counts[number as usize] += 1;
            }
            assert!(counts.iter().all(|count| *count == accepted / n as usize), "n = {n}");
        }
    }

    #[test]
    fn a_source_that_repeats_itself_is_refused() {
        assert_eq!(Source::new(Playback(vec![255], 0)).below(94), Err(RandomnessError));
        assert_eq!(Source::new(Playback(vec![255], 0)).below_big(&BigUint::from(200_u8)), Err(RandomnessError));
    }

    #[test]
    fn a_source_that_fails_is_an_error() {
        struct Broken;
        impl TryRng for Broken {
            type Error = std::fmt::Error;
            fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
                Err(std::fmt::Error)
            }
            fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
                Err(std::fmt::Error)
            }
            fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> {
                Err(std::fmt::Error)
            }
        }
        impl TryCryptoRng for Broken {}
        assert_eq!(Source::new(Broken).below(2), Err(RandomnessError));
    }

    #[test]
    fn used_octets_are_wiped() {
        let mut source = Source::new(Playback((1..=255).collect(), 0));
        for _ in 0..10 {
            source.below(256).unwrap();
        }
        assert_eq!(source.block[..10], [0; 10]);
        assert_ne!(source.block[10], 0);
    }
}

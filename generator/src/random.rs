//! Uniform numbers from a source of uniform bytes.
//!
//! Every number below `n` in this crate comes from here, and is drawn by rejection.

use num_bigint::BigUint;
use rand_core::TryCryptoRng;
use zeroize::Zeroizing;

/// The source of randomness failed, or yields values that no random source would. Nothing may be minted then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the source of randomness fails")]
pub struct RandomnessError;

/// Makes uniform choices among `n` for the samplers. Tests implement it to enumerate every choice.
pub trait Choose {
    /// A uniform number from 0 to `n - 1`, for `n` from 1 to 65,536.
    ///
    /// # Errors
    /// [`RandomnessError`] if the source fails.
    fn below(&mut self, n: usize) -> Result<usize, RandomnessError>;

    /// Fills `numbers` with independent numbers, each as if by [`Choose::below`], for `n` from 1 to 256.
    ///
    /// # Errors
    /// [`RandomnessError`] if the source fails; some of the numbers may be drawn then.
    fn fill_below(&mut self, n: usize, numbers: &mut [u8]) -> Result<(), RandomnessError> {
        for number in numbers {
            *number = u8::try_from(self.below(n)?).map_err(|_| RandomnessError)?;
        }
        Ok(())
    }

    /// A uniform number from 0 to `n - 1`, for `n` of at least 1.
    ///
    /// # Errors
    /// [`RandomnessError`] if the source fails.
    fn below_big(&mut self, n: &BigUint) -> Result<BigUint, RandomnessError>;
}

/// Bytes fetched ahead, so that one call to the browser serves many characters.
const BLOCK: usize = 256;

/// Bytes fetched ahead in bulk: the most that one call of `crypto.getRandomValues` gives.
const BULK_BLOCK: usize = 65_536;

/// Most draws that may be rejected in a row; blocks hold at least as many bytes. Each draw is rejected with a
/// probability of 1/2 or less, so that many have a probability of at most 2^-256: the source is broken.
const REJECTIONS_MAX: usize = BLOCK;

/// Uniform numbers from a cryptographic random source, read a block at a time. Each byte is wiped when it is used, and
/// unused ones are wiped when the source is dropped.
pub struct Source<R> {
    rng: R,
    block: Zeroizing<Box<[u8]>>,
    used: usize,
}

impl<R: TryCryptoRng> Source<R> {
    /// A source over `rng`; nothing is read yet.
    pub fn new(rng: R) -> Self {
        Self::in_blocks(rng, BLOCK)
    }

    /// A source over `rng` for thousands of passwords, which reads 64 KiB at a time.
    pub fn bulk(rng: R) -> Self {
        Self::in_blocks(rng, BULK_BLOCK)
    }

    fn in_blocks(rng: R, bytes: usize) -> Self {
        Self { rng, block: Zeroizing::new(vec![0; bytes].into()), used: bytes }
    }

    /// The bytes not used yet, at least one.
    fn unused(&mut self) -> Result<&mut [u8], RandomnessError> {
        if self.used == self.block.len() {
            self.rng.try_fill_bytes(&mut self.block).map_err(|_| RandomnessError)?;
            self.used = 0;
        }
        Ok(&mut self.block[self.used..])
    }

    fn byte(&mut self) -> Result<u8, RandomnessError> {
        let byte = std::mem::take(&mut self.unused()?[0]);
        self.used += 1;
        Ok(byte)
    }
}

/// Scales a uniform number of `bits` bits to a uniform one below `n` by a multiplication: the whole part of
/// `drawn · n / 2^bits`. That accepts `2^bits mod n` draws too many. Rejecting the draws whose remainder is below this
/// number leaves an equal number of draws for each result (D. Lemire, "Fast Random Integer Generation in an Interval",
/// ACM Transactions on Modeling and Computer Simulation 29, 2019).
struct Scale {
    bits: u32,
    n: u32,
    surplus: u32,
}

impl Scale {
    /// For up to 16 bits and `n` from 1 to `2^bits`.
    fn new(bits: u32, n: usize) -> Self {
        debug_assert!((1..=1 << bits).contains(&n), "{bits} bits cannot choose among {n}");
        #[expect(clippy::cast_possible_truncation, reason = "at most 65,536")]
        let n = n as u32;
        Self { bits, n, surplus: (1 << bits) % n }
    }

    /// The number, and whether to accept the draw. It is inlined because a call would take longer than the work.
    #[inline(always)]
    fn number(&self, drawn: u32) -> (u32, bool) {
        let product = drawn * self.n;
        (product >> self.bits, product & ((1 << self.bits) - 1) >= self.surplus)
    }
}

impl<R: TryCryptoRng> Choose for Source<R> {
    fn below(&mut self, n: usize) -> Result<usize, RandomnessError> {
        if n <= 256 {
            let mut number = [0];
            self.fill_below(n, &mut number)?;
            return Ok(number[0].into());
        }
        let scale = Scale::new(16, n);
        for _ in 0..REJECTIONS_MAX {
            let drawn = u16::from_le_bytes([self.byte()?, self.byte()?]);
            if let (number, true) = scale.number(drawn.into()) {
                return Ok(number as usize);
            }
        }
        Err(RandomnessError)
    }

    fn fill_below(&mut self, n: usize, numbers: &mut [u8]) -> Result<(), RandomnessError> {
        let scale = Scale::new(8, n);
        let (mut filled, mut rejected) = (0, 0);
        while filled < numbers.len() {
            let (unused, before) = (self.unused()?, filled);
            let mut read = 0;
            // No branch depends on the drawn values: the next draw overwrites a rejected one.
            for byte in unused {
                let (number, taken) = scale.number(std::mem::take(byte).into());
                #[expect(clippy::cast_possible_truncation, reason = "below 256")]
                let number = number as u8;
                numbers[filled] = number;
                filled += usize::from(taken);
                read += 1;
                if filled == numbers.len() {
                    break;
                }
            }
            self.used += read;
            // Rejections are counted only at the end of each block.
            rejected = if filled == before { rejected + read } else { 0 };
            if rejected >= REJECTIONS_MAX {
                return Err(RandomnessError);
            }
        }
        Ok(())
    }

    #[expect(clippy::cast_possible_truncation, reason = "counts have few bytes")]
    fn below_big(&mut self, n: &BigUint) -> Result<BigUint, RandomnessError> {
        debug_assert!(*n != BigUint::ZERO, "there is no number below zero");
        let highest = n - 1_u8;
        let bytes = highest.bits().div_ceil(8) as usize;
        // The mask keeps the bits of the leading byte that numbers below n use: at least half of all draws then fit.
        let mask = 0xff_u8 >> ((8 - highest.bits() % 8) % 8);
        for _ in 0..REJECTIONS_MAX {
            let mut digits = vec![0_u32; bytes.div_ceil(4)];
            for place in 0..bytes {
                let byte = self.byte()? & if place + 1 == bytes { mask } else { 0xff };
                digits[place / 4] |= u32::from(byte) << (place % 4 * 8);
            }
            let number = BigUint::new(digits);
            if number < *n {
                return Ok(number);
            }
        }
        Err(RandomnessError)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use rand_core::TryRng;

    use super::*;

    /// Repeats its bytes for ever.
    struct Playback(Vec<u8>, usize);

    impl TryRng for Playback {
        type Error = Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            unreachable!("bytes only")
        }
        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            unreachable!("bytes only")
        }
        fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
            for byte in dst {
                *byte = self.0[self.1 % self.0.len()];
                self.1 += 1;
            }
            Ok(())
        }
    }
    impl TryCryptoRng for Playback {}

    /// Feeds every byte once: each number must come equally often, and only the surplus may be rejected.
    #[test]
    fn every_number_below_every_n_is_equally_likely() {
        for n in 1..=256_usize {
            let mut source = Source::new(Playback((0..=255).collect(), 0));
            let mut numbers = vec![0; 256 - 256 % n];
            source.fill_below(n, &mut numbers).unwrap();
            let mut counts = vec![0_usize; n];
            numbers.iter().for_each(|number| counts[usize::from(*number)] += 1);
            assert!(counts.iter().all(|count| *count == 256 / n), "n = {n}: {counts:?}");
            assert_eq!(source.rng.1, 256, "n = {n}: no byte was read twice");
        }
    }

    /// Feeds every pair of bytes once.
    #[test]
    fn every_number_below_a_larger_n_is_equally_likely() {
        for n in [257, 258, 1000, 4095, 4096, 4097, 7776, 10_007, 32_767, 32_768, 32_769, 40_000, 65_535, 65_536] {
            let mut source = Source::bulk(Playback((0..=u16::MAX).flat_map(u16::to_le_bytes).collect(), 0));
            let mut counts = vec![0_usize; n];
            for _ in 0..65_536 - 65_536 % n {
                counts[source.below(n).unwrap()] += 1;
            }
            assert!(counts.iter().all(|count| *count == 65_536 / n), "n = {n}");
            assert_eq!(source.rng.1, 2 * 65_536, "n = {n}: no pair was read twice");
        }
    }

    /// Neither the length of a block nor that of a row changes the numbers.
    #[test]
    fn fill_below_yields_the_same_numbers_as_below() {
        for n in [2, 94, 255, 256] {
            for bytes in [1, 7, 255, 256, 257, 1000] {
                let source =
                    || Source::in_blocks(Playback((0..=255).map(|byte: u8| byte.wrapping_mul(77)).collect(), 3), bytes);
                let (mut rows, mut one_by_one) = (source(), source());
                for length in [0, 1, 5, 30, 400, 1, 30] {
                    let mut row = vec![0; length];
                    rows.fill_below(n, &mut row).unwrap();
                    for number in row {
                        assert_eq!(usize::from(number), one_by_one.below(n).unwrap(), "{n}, {bytes}, {length}");
                    }
                }
            }
        }
    }

    /// Feeds every byte or every pair of bytes to the sampler of large numbers.
    #[test]
    fn every_large_number_is_equally_likely() {
        for n in [1_u32, 2, 3, 255, 256, 257, 1000, 4095, 4096, 4097, 40_000, 65_535, 65_536] {
            let wanted = BigUint::from(n);
            let width = (n - 1).checked_ilog2().map_or(0, |top| top + 1).div_ceil(8);
            let bytes: Vec<u8> = match width {
                0 => vec![0],
                1 => (0..=255).collect(),
                // Every pair once, in an order that does not put all rejected ones in a row.
                _ => (0..=u16::MAX).flat_map(|k| k.wrapping_mul(40_503).to_be_bytes()).collect(),
            };
            let draws = bytes.len() / width.max(1) as usize;
            let space = (n - 1).checked_ilog2().map_or(1, |top| 1_usize << (top + 1));
            let accepted = if width == 0 { 1 } else { draws / space * n as usize };
            let mut source = Source::new(Playback(bytes, 0));
            let mut counts = vec![0_usize; n as usize];
            for _ in 0..accepted {
                let number: u32 = source.below_big(&wanted).unwrap().try_into().unwrap();
                counts[number as usize] += 1;
            }
            assert!(counts.iter().all(|count| *count == accepted / n as usize), "n = {n}");
        }
    }

    /// The first byte is the lowest one, and of the highest byte only the needed bits are used.
    #[test]
    fn large_numbers_are_composed_from_bytes() {
        let of = |n: BigUint| Source::new(Playback((0xf1..=0xff).collect(), 0)).below_big(&n).unwrap();
        let bytes = [0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9];
        assert_eq!(of(BigUint::from(1_u8) << 72), BigUint::from_bytes_le(&bytes));
        assert_eq!(of(BigUint::from(1_u8) << 70), BigUint::from_bytes_le(&[&bytes[..8], &[0x39]].concat()));
        assert_eq!(of(BigUint::from(1_u8) << 32), BigUint::from_bytes_le(&bytes[..4]));
        assert_eq!(of(BigUint::from(1_u8)), BigUint::ZERO);
    }

    #[test]
    fn a_source_that_repeats_itself_is_refused() {
        for n in [94, 1000] {
            assert_eq!(Source::new(Playback(vec![0], 0)).below(n), Err(RandomnessError));
            assert_eq!(Source::bulk(Playback(vec![0], 0)).below(n), Err(RandomnessError));
        }
        assert_eq!(Source::new(Playback(vec![255], 0)).below_big(&BigUint::from(200_u8)), Err(RandomnessError));
        // A row whose first number is accepted.
        let mut bytes = vec![0; 1000];
        bytes[0] = 1;
        assert_eq!(Source::new(Playback(bytes, 0)).fill_below(94, &mut [0; 2]), Err(RandomnessError));
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
        assert_eq!(Source::new(Broken).below(7776), Err(RandomnessError));
        assert_eq!(Source::bulk(Broken).fill_below(2, &mut [0; 30]), Err(RandomnessError));
        assert_eq!(Source::new(Broken).below_big(&BigUint::from(2_u8)), Err(RandomnessError));
    }

    #[test]
    fn used_bytes_are_wiped() {
        let mut source = Source::new(Playback((1..=255).collect(), 0));
        let uses: [fn(&mut Source<Playback>); 4] = [
            |source| assert!(source.below(256).is_ok()),
            |source| assert!(source.below(65_536).is_ok()),
            |source| assert!(source.fill_below(94, &mut [0; 30]).is_ok()),
            |source| assert!(source.below_big(&(BigUint::from(1_u8) << 80)).is_ok()),
        ];
        for read in uses {
            let before = source.used % BLOCK;
            read(&mut source);
            assert!(source.used > before);
            let (used, unused) = source.block.split_at(source.used);
            assert!(used.iter().all(|byte| *byte == 0), "{used:?}");
            assert!(unused.iter().all(|byte| *byte != 0), "{unused:?}");
        }
    }
}

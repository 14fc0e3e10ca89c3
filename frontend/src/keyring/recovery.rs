//! The recovery code: 128 random bits as twelve words of BIP 39's English list, each with a check digit.
//!
//! BIP 39 gives the words (no two share their first four letters) and a checksum of 4 bits over all of them. The check
//! digit of a word depends on the word and its place, so that the page can name a wrong word, or two that were swapped.
//! Digits need not be typed: the checksum then still finds 15 of 16 mistakes, but not their place.

use rand_core_06::{CryptoRng, RngCore};
use sha2::{Digest, Sha256, Sha512};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::protocol::RecoveryFault;
use crate::secret::Secret;

pub const WORDS: usize = 12;
const ENTROPY_LEN: usize = 16;

/// BIP 39's English list: 2048 words, one a line.
const LIST: &str = include_str!("../../words/bip39-english.txt");

/// A recovery code: wiped when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct RecoveryCode([u8; ENTROPY_LEN]);

/// The indexes of a code's words in the list: 128 bits of the code and 4 of checksum, in groups of eleven.
type WordIndexes = Zeroizing<[u16; WORDS]>;

impl RecoveryCode {
    pub fn generate(random: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut code = Self([0; ENTROPY_LEN]);
        random.fill_bytes(&mut code.0);
        code
    }

    /// The code's bytes: the secret of the account's second OPAQUE credential.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The code as the page shows it: each word with its check digit, separated by spaces.
    #[expect(clippy::expect_used, reason = "eleven bits name one of 2048 words")]
    pub fn to_text(&self) -> Secret {
        // Capacity for the longest code: growing would leave copies of the secret in memory.
        let mut text = String::with_capacity(WORDS * "abstract0 ".len());
        for (place, index) in self.indexes().iter().enumerate() {
            let word = LIST.lines().nth(usize::from(*index)).expect("the list has 2048 words");
            if place > 0 {
                text.push(' ');
            }
            text.push_str(word);
            text.push(check_digit(place, word));
        }
        Secret::new(text)
    }

    /// Reads a typed code: any case, any separators, with or without check digits.
    ///
    /// # Errors
    /// [`RecoveryFault`] names the first mistake.
    pub fn from_text(text: &str) -> Result<Self, RecoveryFault> {
        let words: Vec<TypedWord> = read(text);
        if words.len() != WORDS {
            return Err(RecoveryFault::Count { found: words.len() as u32 });
        }
        let mut indexes = WordIndexes::default();
        for (place, typed) in words.iter().enumerate() {
            let Some(index) = LIST.lines().position(|word| word == typed.word) else {
                return Err(RecoveryFault::UnknownWord { place: place as u32 + 1 });
            };
            if typed.digit.is_some_and(|digit| digit != check_digit(place, &typed.word)) {
                return Err(RecoveryFault::WrongWord { place: place as u32 + 1 });
            }
            indexes[place] = index as u16;
        }
        let [first @ .., last] = &*indexes;
        let bits = first.iter().fold(0, |bits, index| bits << 11 | u128::from(*index)) << 7 | u128::from(last >> 4);
        let code = Self(bits.to_be_bytes());
        if code.indexes() == indexes { Ok(code) } else { Err(RecoveryFault::SomeWordWrong) }
    }

    fn indexes(&self) -> WordIndexes {
        let bits = u128::from_be_bytes(self.0);
        let checksum = u16::from(Sha256::digest(self.0)[0] >> 4);
        let mut indexes = WordIndexes::default();
        let [first @ .., last] = &mut *indexes;
        *last = (bits as u16 & 0x7f) << 4 | checksum;
        for (shift, place) in (7..).step_by(11).zip(first.iter_mut().rev()) {
            *place = (bits >> shift) as u16 & 0x7ff;
        }
        indexes
    }
}

/// A typed word, and its check digit if there is one.
#[derive(Zeroize, ZeroizeOnDrop)]
struct TypedWord {
    word: String,
    digit: Option<char>,
}

fn read(text: &str) -> Vec<TypedWord> {
    let mut words: Vec<TypedWord> = Vec::new();
    let mut within = false;
    for character in text.chars() {
        // The list is ASCII; any other character separates words.
        if character.is_ascii_alphabetic() {
            if !within {
                words.push(TypedWord { word: String::new(), digit: None });
            }
            if let Some(typed) = words.last_mut() {
                typed.word.push(character.to_ascii_lowercase());
            }
            within = true;
            continue;
        }
        // A digit right after a word is its check digit. Other digits number the lines.
        if within
            && character.is_ascii_digit()
            && let Some(typed) = words.last_mut()
        {
            typed.digit = Some(character);
        }
        within = false;
    }
    words
}

/// The check digit of a word at a place (from 0).
fn check_digit(place: usize, word: &str) -> char {
    let mut digest = Sha512::new_with_prefix(b"passmint/1/recovery check digit");
    digest.update([u8::try_from(place).unwrap_or(u8::MAX)]);
    digest.update(word);
    char::from(b'0' + digest.finalize()[0] % 10)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use crate::browser_test::test;
    #[cfg(not(target_arch = "wasm32"))]
    use proptest::prelude::*;

    use super::*;

    /// 128 zero bits: BIP 39's own first test vector.
    const ZERO: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

    fn text(bytes: [u8; ENTROPY_LEN]) -> String {
        RecoveryCode(bytes).to_text().expose().to_owned()
    }

    #[test]
    fn words_are_those_of_bip_39() {
        let plain: String = text([0; 16]).chars().filter(|c| !c.is_ascii_digit()).collect();
        assert_eq!(plain, ZERO);
        assert_eq!(RecoveryCode::from_text(ZERO).unwrap().expose(), [0; 16]);
        let vector = "legal winner thank year wave sausage worth useful legal winner thank yellow";
        assert_eq!(RecoveryCode::from_text(vector).unwrap().expose(), [0x7f; 16]);
    }

    #[cfg(not(target_arch = "wasm32"))]
    #[test]
    fn list_is_that_of_bip_39() {
        assert!(LIST.lines().eq(bip39::Language::English.word_list().iter().copied()));
    }

    #[test]
    fn format_1_is_frozen() {
        assert_eq!(text([0x7f; 16]), include_str!("../../vectors/recovery-code-7f.txt").trim());
    }

    #[test]
    fn typed_code_is_read_in_any_case_and_with_any_separators() {
        let written = text([0x7f; 16]);
        let words: Vec<&str> = written.split(' ').collect();
        let numbered: Vec<String> = words.iter().enumerate().map(|(n, word)| format!("{}. {word}", n + 1)).collect();
        for typed in [
            written.to_uppercase(),
            format!("\n  {}\t", written.replace(' ', "\r\n")),
            words.join(", "),
            words.join("-"),
            words.join("\u{a0}– "),
            numbered.join("\n"),
            written.chars().filter(|c| !c.is_ascii_digit()).collect(),
        ] {
            assert_eq!(RecoveryCode::from_text(&typed).map(|code| code.0), Ok([0x7f; 16]), "{typed}");
        }
    }

    #[test]
    fn mistake_is_named_with_its_place() {
        let written = text([0x7f; 16]);
        let words: Vec<&str> = written.split(' ').collect();
        let fault = |words: &[&str]| RecoveryCode::from_text(&words.join(" ")).err();
        assert_eq!(fault(&words[1..]), Some(RecoveryFault::Count { found: 11 }));
        assert_eq!(RecoveryCode::from_text("").err(), Some(RecoveryFault::Count { found: 0 }));
        let mut wrong = words.clone();
        wrong[4] = "waive";
        assert_eq!(fault(&wrong), Some(RecoveryFault::UnknownWord { place: 5 }));
        // Two words are swapped: the first of them is named.
        let mut wrong = words.clone();
        wrong.swap(2, 5);
        assert_eq!(fault(&wrong), Some(RecoveryFault::WrongWord { place: 3 }));
        // Without digits there is only the checksum of all words.
        assert_eq!(RecoveryCode::from_text(&ZERO.replace("about", "zoo")).err(), Some(RecoveryFault::SomeWordWrong));
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest! {
        #[test]
        fn code_survives_writing_and_reading(bytes: [u8; ENTROPY_LEN]) {
            prop_assert_eq!(RecoveryCode::from_text(&text(bytes)).unwrap().0, bytes);
        }

        #[test]
        fn words_and_checksum_are_those_of_the_crate_bip39(bytes: [u8; ENTROPY_LEN]) {
            let theirs = bip39::Mnemonic::from_entropy_in(bip39::Language::English, &bytes).unwrap();
            let ours: String = text(bytes).chars().filter(|c| !c.is_ascii_digit()).collect();
            prop_assert!(theirs.words().eq(ours.split(' ')));
        }

        #[test]
        fn no_typed_text_panics(typed in ".{0,200}") {
            let _ = RecoveryCode::from_text(&typed);
        }
    }
}

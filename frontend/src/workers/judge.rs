//! The strength of passwords whose rules nobody knows: the guesses that an attacker needs who knows words, names, dates,
//! keyboards and habits (zxcvbn). It is a worker of its own, started for the health check only, because its word lists
//! are larger than the rest of the page.

use serde::{Deserialize, Serialize};

use crate::secret::Secret;

#[derive(Debug, Serialize, Deserialize)]
pub struct ForeignPasswords(Vec<Password>);

/// One of them, and words that an attacker would try first.
#[derive(Debug, Serialize, Deserialize)]
struct Password {
    #[serde(serialize_with = "Secret::serialize_exposed")]
    password: Secret,
    known: Vec<String>,
}

impl ForeignPasswords {
    /// Passwords, each with words that an attacker would try first: its entry's name and username.
    #[must_use]
    pub fn new(passwords: impl IntoIterator<Item = (Secret, Vec<String>)>) -> Self {
        Self(passwords.into_iter().map(|(password, known)| Password { password, known }).collect())
    }

    #[cfg(all(test, target_arch = "wasm32", feature = "page"))]
    pub(crate) fn passwords(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|it| it.password.expose())
    }
}

/// The guesses that each needs, as powers of ten.
#[cfg(feature = "judge")]
#[must_use]
pub fn guesses(foreign: ForeignPasswords) -> Vec<f32> {
    #[expect(clippy::cast_possible_truncation, reason = "two digits are enough")]
    let judge = |Password { password, known }: &Password| {
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        // The logarithm of an empty password is minus infinity.
        (zxcvbn::zxcvbn(password.expose(), &known).guesses_log10() as f32).max(0.0)
    };
    foreign.0.iter().map(judge).collect()
}

#[cfg(all(test, feature = "judge"))]
mod tests {
    use super::*;

    fn judge(password: &str, known: &[&str]) -> f32 {
        let known = known.iter().map(|word| (*word).to_owned()).collect();
        guesses(ForeignPasswords::new([(Secret::new(password.into()), known)]))[0]
    }

    #[test]
    fn what_people_make_up_is_told_from_chance() {
        for weak in ["password", "P@ssw0rd1", "qwertz123", "12.03.1985", "Sommer2024", "aaaaaaaaaaaa"] {
            assert!(judge(weak, &[]) < 8.0, "{weak}: {}", judge(weak, &[]));
        }
        for strong in ["kV9!mQ2#xL5$", "crumpet-anvil-moss-tulip"] {
            assert!(judge(strong, &[]) > 10.0, "{strong}: {}", judge(strong, &[]));
        }
    }

    #[test]
    fn the_entrys_own_words_are_tried_first() {
        assert!(judge("Xylotheque1", &["xylotheque"]) + 1.0 < judge("Xylotheque1", &[]));
    }

    #[test]
    fn odd_ones_are_judged_too() {
        for odd in ["", "\u{0}", "🦀🦀🦀", &"long ".repeat(200)] {
            assert!(judge(odd, &[]).is_finite(), "{odd}");
        }
    }
}

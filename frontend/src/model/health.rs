//! The health of a vault: its reused, weak and old passwords, and those unchanged since an import.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use generator::kind::Rules;
use shared::ids::EntryId;

use crate::keyring::protocol::entry::Entry;
use crate::secret::Secret;

/// A password is weak if fewer guesses find it, as a power of ten: an attacker who has a site's stolen hashes makes
/// that many in a moment.
const WEAK_BELOW: f64 = 8.0;
/// Age from which a password is old, in milliseconds: two years.
const OLD_AFTER: u64 = 2 * 365 * 24 * 60 * 60 * 1000;

/// An objection to a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Concern {
    /// Other entries have the same password.
    Reused,
    Weak,
    /// It has not been changed since it was imported.
    Imported,
    /// It has not been changed for two years.
    Old,
}

impl Concern {
    pub const ALL: [Self; 4] = [Self::Reused, Self::Weak, Self::Imported, Self::Old];
}

/// An entry with concerns about its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub id: EntryId,
    pub name: String,
    pub username: String,
    /// The concerns, worst first.
    pub concerns: Vec<Concern>,
    /// The number of other entries with the same password.
    pub others: usize,
}

/// The result for a whole vault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// The number of entries with a password.
    pub all: usize,
    /// The entries with concerns, worst first.
    pub findings: Vec<Finding>,
}

impl Health {
    /// The number of entries with this concern.
    pub fn count(&self, concern: Concern) -> usize {
        self.findings.iter().filter(|finding| finding.concerns.contains(&concern)).count()
    }

    /// The number of entries without concerns.
    pub fn fine(&self) -> usize {
        self.all - self.findings.len()
    }
}

/// A check of a vault in progress.
#[derive(Debug)]
pub struct HealthCheck {
    now: u64,
    looked_at: Vec<CheckedEntry>,
}

#[derive(Debug)]
struct CheckedEntry {
    id: EntryId,
    name: String,
    username: String,
    password: Secret,
    is_weak: bool,
    is_imported: bool,
    is_old: bool,
}

impl HealthCheck {
    /// Begins a check at a time in milliseconds since 1970 (UTC).
    pub fn new(now: u64) -> Self {
        Self { now, looked_at: Vec::new() }
    }

    /// Adds some entries. Returns the passwords of unknown strength for the judge: their indices for
    /// [`HealthCheck::judged`], and each password with words that an attacker would try first.
    pub fn look_at(&mut self, entries: Vec<(EntryId, Entry)>) -> (Vec<usize>, Vec<(Secret, Vec<String>)>) {
        let (mut places, mut foreign) = (Vec::new(), Vec::new());
        for (id, entry) in entries {
            let Entry { content, created_at, history, imported_at, .. } = entry;
            if content.password.is_empty() {
                continue;
            }
            let since = history.first().map_or(created_at, |former| former.until);
            let guesses = content.rules.as_ref().and_then(guesses);
            if guesses.is_none() {
                let password = Secret::new(content.password.expose().to_owned());
                foreign.push((password, vec![content.name.clone(), content.username.clone(), content.website]));
                places.push(self.looked_at.len());
            }
            self.looked_at.push(CheckedEntry {
                id,
                name: content.name,
                username: content.username,
                password: content.password,
                is_weak: guesses.is_some_and(|guesses| guesses < WEAK_BELOW),
                is_imported: imported_at.is_some(),
                is_old: self.now.saturating_sub(since) > OLD_AFTER,
            });
        }
        (places, foreign)
    }

    /// Stores the guesses that the passwords at these indices need, as powers of ten.
    pub fn judged(&mut self, places: &[usize], guesses: &[f32]) {
        for (place, guesses) in places.iter().zip(guesses) {
            if let Some(looked_at) = self.looked_at.get_mut(*place) {
                looked_at.is_weak = f64::from(*guesses) < WEAK_BELOW;
            }
        }
    }

    pub fn finish(self) -> Health {
        let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
        for looked_at in &self.looked_at {
            *uses.entry(looked_at.password.expose()).or_default() += 1;
        }
        let finding = |looked_at: &CheckedEntry| {
            let others = uses.get(looked_at.password.expose()).map_or(0, |uses| uses - 1);
            let is = |concern: &Concern| match concern {
                Concern::Reused => others > 0,
                Concern::Weak => looked_at.is_weak,
                Concern::Imported => looked_at.is_imported,
                Concern::Old => looked_at.is_old,
            };
            let concerns: Vec<Concern> = Concern::ALL.into_iter().filter(is).collect();
            let CheckedEntry { id, name, username, .. } = looked_at;
            (!concerns.is_empty()).then(|| Finding {
                id: *id,
                name: name.clone(),
                username: username.clone(),
                concerns,
                others,
            })
        };
        let mut findings: Vec<Finding> = self.looked_at.iter().filter_map(finding).collect();
        findings.sort_by_cached_key(|finding| {
            let Finding { concerns, others, name, .. } = finding;
            (concerns.first().copied(), Reverse(concerns.len()), Reverse(*others), name.clone())
        });
        Health { all: self.looked_at.len(), findings }
    }
}

/// The guesses that a password minted by these rules needs on average, as a power of ten: half of all that they allow.
/// PINs and passphrases count as strong: a PIN cannot be stronger, and four words are strong enough.
fn guesses(rules: &Rules) -> Option<f64> {
    match rules {
        Rules::Pin(_) | Rules::Phrase(_) => Some(f64::INFINITY),
        Rules::Characters(_) | Rules::Site(_) => {
            let bits = rules.plan(None).ok()?.bits();
            Some((bits.value() - 1.0) * std::f64::consts::LOG10_2)
        }
    }
}

#[cfg(test)]
mod tests {
    use generator::characters::{self, ClassRule};

    use super::*;
    use crate::keyring::protocol::entry::{Content, PreviousPassword};

    const NOW: u64 = 1_790_000_000_000;
    const YEAR: u64 = OLD_AFTER / 2;

    fn entry(tag: u8, password: &str) -> (EntryId, Entry) {
        let content = Content { name: format!("e{tag}"), password: Secret::new(password.into()), ..Content::default() };
        let whole =
            Entry { content, created_at: NOW, changed_at: NOW, history: vec![], binned_at: None, imported_at: None };
        (EntryId::from_time(1, [tag; 10]), whole)
    }

    /// Checks entries; every password of unknown strength needs `guesses`.
    fn check(entries: Vec<(EntryId, Entry)>, guesses: f32) -> (usize, Health) {
        let mut check = HealthCheck::new(NOW);
        let (places, _) = check.look_at(entries);
        check.judged(&places, &vec![guesses; places.len()]);
        (places.len(), check.finish())
    }

    fn concerns(health: &Health) -> Vec<(&str, &[Concern], usize)> {
        health.findings.iter().map(|it| (it.name.as_str(), &it.concerns[..], it.others)).collect()
    }

    #[test]
    fn a_password_of_several_entries_is_reused() {
        let (_, health) = check(vec![entry(1, "a"), entry(2, "b"), entry(3, "a"), entry(4, "a"), entry(5, "A")], 20.0);
        let reused: &[Concern] = &[Concern::Reused];
        assert_eq!(concerns(&health), [("e1", reused, 2), ("e3", reused, 2), ("e4", reused, 2)]);
        assert_eq!((health.all, health.fine(), health.count(Concern::Reused)), (5, 2, 3));
    }

    #[test]
    fn foreign_passwords_go_to_the_judge_and_minted_ones_do_not() {
        let minted = |tag, rules| {
            let (id, mut whole) = entry(tag, &format!("minted {tag}"));
            whole.content.rules = Some(rules);
            (id, whole)
        };
        let off = ClassRule { on: false, minimum: 0 };
        let digits = characters::Rules { length: 8, lower: off, upper: off, symbols: off, ..Default::default() };
        let entries = vec![
            entry(1, "foreign"),
            minted(2, Rules::default()),
            minted(3, Rules::Characters(digits)),
            minted(4, Rules::Pin(Default::default())),
            minted(5, Rules::Phrase(Default::default())),
        ];
        let weak: &[Concern] = &[Concern::Weak];
        let (foreign, health) = check(entries, 7.9);
        assert_eq!(foreign, 1);
        assert_eq!(concerns(&health), [("e1", weak, 0), ("e3", weak, 0)], "eight digits are 10^8 at most");
        let (_, health) = check(vec![entry(1, "foreign")], 8.0);
        assert_eq!(health.findings, []);
    }

    #[test]
    fn a_password_is_as_old_as_its_last_change() {
        let aged = |tag, created_at, until: Option<u64>| {
            let (id, mut whole) = entry(tag, &format!("p{tag}"));
            whole.created_at = created_at;
            whole.history.extend(until.map(|until| PreviousPassword { password: Secret::default(), until }));
            (id, whole)
        };
        let entries = vec![
            aged(1, NOW - 3 * YEAR, None),
            aged(2, NOW - 3 * YEAR, Some(NOW - YEAR)),
            aged(3, NOW - 9 * YEAR, Some(NOW - 3 * YEAR)),
            aged(4, NOW - YEAR, None),
            aged(5, NOW + YEAR, None),
        ];
        let old: &[Concern] = &[Concern::Old];
        assert_eq!(concerns(&check(entries, 20.0).1), [("e1", old, 0), ("e3", old, 0)]);
    }

    #[test]
    fn findings_begin_with_the_worst_and_skip_entries_without_a_password() {
        let imported = |tag, password| {
            let (id, mut whole) = entry(tag, password);
            whole.imported_at = Some(NOW);
            (id, whole)
        };
        let (_, health) =
            check(vec![imported(1, "x"), entry(2, ""), entry(3, ""), imported(4, "y"), entry(5, "y")], 20.0);
        let expected: [(&str, &[Concern], usize); 3] = [
            ("e4", &[Concern::Reused, Concern::Imported], 1),
            ("e5", &[Concern::Reused], 1),
            ("e1", &[Concern::Imported], 0),
        ];
        assert_eq!(concerns(&health), expected);
        assert_eq!(health.all, 3);
    }
}

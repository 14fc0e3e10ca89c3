use num_bigint::BigUint;

use super::*;
use crate::characters::{Class, ClassRule, Rules};
use crate::proof::source;

/// A source with a fault, which derives its answers from a good source.
struct Faulty<C>(C, fn(&mut C, usize) -> usize);

impl<C: Choose> Choose for Faulty<C> {
    fn below(&mut self, n: usize) -> Result<usize, RandomnessError> {
        Ok(self.1(&mut self.0, n))
    }
    fn below_big(&mut self, n: &BigUint) -> Result<BigUint, RandomnessError> {
        self.0.below_big(n)
    }
}

fn plan(rules: Rules) -> Plan {
    Plan::new(&rules).unwrap()
}

fn eight() -> Plan {
    plan(Rules { length: 8, ..Rules::default() })
}

/// Rules for which the plan draws counts first.
fn tight() -> Plan {
    plan(Rules { length: 8, digits: ClassRule { on: true, minimum: 5 }, ..Rules::default() })
}

fn result(plan: Plan, place: usize, choose: &mut impl Choose) -> TrialResult {
    let mut trial = Trial::new(plan, place);
    for _ in 0..4 {
        trial.step(choose, 10_000).unwrap();
    }
    trial.result()
}

#[test]
fn a_good_source_passes() {
    for place in [3, 99] {
        for plan in [eight(), tight()] {
            let result = result(plan, place, &mut source(21));
            assert_eq!((result.draws, result.degrees), (40_000, 93));
            assert!((0.0001..0.9999).contains(&result.p), "{place}: {}", result.p);
            assert_eq!(result.characters.iter().map(|it| it.observed).sum::<u64>(), 40_000);
            let expected: f64 = result.characters.iter().map(|it| it.expected).sum();
            assert!((expected - 40_000.0).abs() < 1e-6, "{expected}");
        }
    }
}

#[test]
fn modulo_bias_is_detected() {
    let modulo = |choose: &mut _, n| Choose::below(choose, 256).unwrap() % n;
    let result = result(eight(), 0, &mut Faulty(source(22), modulo));
    assert!(result.p < 1e-50, "{}", result.p);
}

#[test]
fn a_missing_letter_is_detected() {
    let last_never = |choose: &mut _, n| Choose::below(choose, n).unwrap() % (n - 1).max(1);
    let result = result(eight(), 0, &mut Faulty(source(23), last_never));
    assert!(result.p < 1e-9, "{}", result.p);
    assert_eq!(result.characters.last().map(|it| (it.character, it.observed)), Some(('~', 0)));
}

/// Many generators draw one character of each class, the rest of all, and shuffle. (At a length of 8, one position has
/// nearly the right distribution: detecting it takes a walk.)
#[test]
fn forced_picks_are_detected() {
    let mut source = source(24);
    let mut below = |n| source.below(n).unwrap();
    let all: Vec<char> = Class::ALL.iter().flat_map(|class| class.characters().chars()).collect();
    let mut trial = Trial::new(plan(Rules::default()), 2);
    for _ in 0..40_000 {
        let pick = |class: Class, index| class.characters().chars().nth(index).unwrap();
        let mut password: Vec<char> =
            Class::ALL.into_iter().map(|class| pick(class, below(class.characters().len()))).collect();
        password.extend((4..30).map(|_| all[below(all.len())]));
        for last in (1..password.len()).rev() {
            password.swap(last, below(last + 1));
        }
        trial.count(&password.iter().collect::<String>());
    }
    assert!(trial.result().p < 1e-9, "{}", trial.result().p);
}

#[test]
fn impossible_characters_are_detected() {
    let mut trial = Trial::new(eight(), 0);
    trial.step(&mut source(25), 1000).unwrap();
    assert!(trial.result().p > 0.0001);
    trial.count("é2345678");
    assert_eq!((trial.result().chi_square, trial.result().p), (f64::INFINITY, 0.0));

    // Eight digits of eight characters: the alphabet has letters, but no password has room for one.
    let digits = ClassRule { on: true, minimum: 8 };
    let none = ClassRule { on: true, minimum: 0 };
    let full = plan(Rules { length: 8, lower: none, upper: none, symbols: none, digits, ..Rules::default() });
    let mut trial = Trial::new(full, 0);
    trial.step(&mut source(26), 1000).unwrap();
    assert_eq!((trial.result().degrees, trial.result().p > 0.0001), (9, true));
    trial.count("a2345678");
    assert_eq!((trial.result().chi_square, trial.result().p), (f64::INFINITY, 0.0));
}

#[test]
fn a_trial_without_draws_or_without_choice_passes() {
    let result_of = |trial: &Trial| (trial.result().chi_square, trial.result().p);
    assert_eq!(result_of(&Trial::new(eight(), 0)), (0.0, 1.0));
    let off = ClassRule { on: false, minimum: 0 };
    let only = Rules { lower: off, upper: off, digits: off, symbols: off, include: "a".into(), ..Rules::default() };
    let mut trial = Trial::new(plan(only), 0);
    trial.step(&mut source(27), 100).unwrap();
    assert_eq!(result_of(&trial), (0.0, 1.0));
    assert_eq!(trial.result().degrees, 0);
}

#[test]
fn a_source_that_fails_is_an_error() {
    let mut trial = Trial::new(eight(), 0);
    assert_eq!(trial.step(&mut crate::proof::FailsAt(3), 10), Err(RandomnessError));
    assert_eq!(trial.result().draws, 0);
}

#[test]
fn the_examples_are_uniform() {
    let loose = Example::LOOSE.walk().unwrap();
    // 6^5 strings less those that lack a kind are allowed; every row of five out of six was tried.
    let expected = WalkResult { runs: 7776, allowed: 3660, reached: 3660, broken: 0, even: true };
    assert_eq!(loose, expected);
    let tight = Example::TIGHT.walk().unwrap();
    assert_eq!((tight.allowed, tight.is_uniform()), (48, true));
    assert!(tight.runs > 48);
}

/// [`walk`] ignores only the error by which it ends a run at a second row of numbers.
#[test]
fn a_walk_ends_without_a_result_if_the_sampler_fails_by_itself() {
    assert_eq!(walk(|_| Err(RandomnessError)), None);
    let one_row = |choose: &mut EveryChoice| {
        choose.fill_below(2, &mut [0])?;
        Err(RandomnessError)
    };
    assert_eq!(walk(one_row), None);
}

/// Walks every choice of samplers with a fault.
#[test]
fn a_walk_detects_each_fault() {
    let example = Example { sets: &["ab", "12"], minimums: &[1, 1], length: 4 };
    let allowed = example.walk().unwrap();
    assert_eq!((allowed.allowed, allowed.is_uniform()), (224, true));
    let judged = |mint: &dyn Fn(&mut EveryChoice) -> Result<[char; 4], RandomnessError>| {
        let minted = |choose: &mut EveryChoice| {
            let characters = mint(choose)?;
            let mut password = Password::with_capacity(8);
            password.text_mut().extend(characters);
            Ok(password)
        };
        let (made, runs) = walk(minted).unwrap();
        example.judge(&made, runs, 224)
    };
    let all = ['a', 'b', '1', '2'];

    let forced = judged(&|choose| {
        let mut made = [all[choose.below(2)?], all[2 + choose.below(2)?], all[choose.below(4)?], all[choose.below(4)?]];
        made.swap(3, choose.below(4)?);
        made.swap(2, choose.below(3)?);
        made.swap(1, choose.below(2)?);
        Ok(made)
    });
    assert_eq!((forced.reached, forced.broken, forced.even), (224, 0, false));

    let unguarded = judged(&|choose| {
        Ok([all[choose.below(4)?], all[choose.below(4)?], all[choose.below(4)?], all[choose.below(4)?]])
    });
    assert_eq!((unguarded.reached, unguarded.broken, unguarded.even), (224, 32, true));

    let poor = judged(&|choose| Ok(['a', all[2 + choose.below(2)?], all[choose.below(4)?], all[choose.below(4)?]]));
    assert_eq!((poor.reached, poor.broken, poor.even), (32, 0, true));
    assert!([forced, unguarded, poor].iter().all(|walk| !walk.is_uniform()));
}

#[test]
fn a_walk_too_large_for_exact_fractions_ends_without_a_result() {
    let long = |choose: &mut EveryChoice| {
        choose.fill_below(256, &mut [0; 9])?;
        Ok(Password::with_capacity(0))
    };
    assert_eq!(walk(long), None);
}

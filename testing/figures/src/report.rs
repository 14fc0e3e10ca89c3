//! The figures of the page as a table and as JSON, and the types that all tables share.

use std::fmt;

use serde::Serialize;

use crate::loading::{Bytes, File, Phase, Throttle, Times};
use crate::minting::Rate;
use crate::runs::Runs;

#[derive(Serialize)]
pub(crate) struct PageFigures {
    pub(crate) bytes: Bytes,
    pub(crate) loopback: Times,
    /// A page of one word, loaded in the same turns: the browser's own share.
    pub(crate) one_word: Times,
    pub(crate) throttle: Throttle,
    pub(crate) slow: Times,
    pub(crate) minting: Vec<Rate>,
}

impl PageFigures {
    /// The rate of one contender divided by that of another: the median over the rounds, so that other work on the
    /// machine affects both.
    fn ratio(&self, one: &str, other: &str) -> f64 {
        let runs =
            |name: &str| self.minting.iter().find(|rate| rate.name == name).map(|rate| rate.per_second.as_slice());
        match (runs(one), runs(other)) {
            (Some(one), Some(other)) => {
                Runs::new(one.iter().zip(other).map(|(one, other)| one / other).collect()).median()
            }
            _ => f64::NAN,
        }
    }
}

impl fmt::Display for PageFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kilo = |bytes: usize| bytes as f64 / 1e3;
        at_most(f, "kB to a usable generator", kilo(self.bytes.generator), 110.0)?;
        at_most(f, "kB with the keyring", kilo(self.bytes.with_keyring), 220.0)?;
        writeln!(f, "{:10.2}  kB until a vault is being opened, all told", kilo(self.bytes.until_opening))?;
        at_most(f, "ms to a usable generator, loopback", self.loopback.inserted.median(), 150.0)?;
        at_most(f, "ms the same, slow machine and network", self.slow.inserted.median(), 1200.0)?;
        writeln!(f, "{:10.2}  ms of a page with one word, loopback", self.one_word.inserted.median())?;
        at_least(f, "times Bitwarden, strings", self.ratio("passmintStrings", "bitwarden"), 40.0)?;
        at_least(f, "times JavaScript by hand, strings", self.ratio("passmintStrings", "byHand"), 1.0)?;
        at_least(f, "the same, a thousand a call", self.ratio("passmintStrings", "byHandStrings"), 1.0)?;
        at_least(f, "times JavaScript by hand, lines in bulk", self.ratio("passmintLines", "byHandLines"), 1.0)?;
        for (other, words) in
            [("bitwarden", "Bitwarden"), ("byHand", "JavaScript by hand"), ("generatePassword", "generate-password")]
        {
            writeln!(f, "{:10.2}  times {words}, one string a call", self.ratio("passmint", other))?;
        }

        writeln!(f, "\nmilliseconds from the start of the navigation     median   lowest  highest")?;
        let slow = format!(
            "{}x slower CPU, {} kbit/s, {} ms",
            self.throttle.cpu, self.throttle.kilobits_per_second, self.throttle.latency_ms
        );
        for (times, name) in
            [(&self.loopback, "loopback"), (&self.one_word, "a page with one word"), (&self.slow, slow.as_str())]
        {
            for (runs, what) in [(&times.inserted, "in the page"), (&times.painted, "painted")] {
                let (lowest, highest) = runs.range();
                let name = format!("{name}: {what}");
                writeln!(f, "  {name:46} {:8.1} {lowest:8.1} {highest:8.1}", runs.median())?;
            }
        }

        writeln!(
            f,
            "\nminted a second, 30 characters, each class guaranteed   median      lowest     highest  alphabet"
        )?;
        for Rate { words, alphabet, per_second, .. } in &self.minting {
            let (lowest, highest) = per_second.range();
            let median = per_second.median();
            writeln!(f, "  {words:52} {median:9.0} {lowest:11.0} {highest:11.0} {alphabet:9}")?;
        }

        writeln!(f, "\nfetched                            bytes    head    asked, there (ms)  encoding  status, file")?;
        files(f, "for the generator", &self.bytes.visit, Phase::Generator)?;
        files(f, "afterwards", &self.bytes.visit, Phase::Afterwards)?;
        files(f, "another visit, afterwards", &self.bytes.keyring, Phase::Afterwards)?;
        files(f, "another visit, to open a vault", &self.bytes.keyring, Phase::Keyring)?;
        let without = if self.bytes.generator_needs_no_more { "mints" } else { "does not mint" };
        writeln!(f, "without what is fetched afterwards the generator {without}")
    }
}

pub(crate) fn at_most(f: &mut fmt::Formatter<'_>, what: &str, value: f64, goal: f64) -> fmt::Result {
    let verdict = if value <= goal { "reached" } else { "MISSED" };
    writeln!(f, "{value:10.2}  {what:42} at most  {goal:>6}  {verdict}")
}

pub(crate) fn at_least(f: &mut fmt::Formatter<'_>, what: &str, value: f64, goal: f64) -> fmt::Result {
    let verdict = if value >= goal { "reached" } else { "MISSED" };
    writeln!(f, "{value:10.2}  {what:42} at least {goal:>6}  {verdict}")
}

fn files(f: &mut fmt::Formatter<'_>, when: &str, files: &[File], phase: Phase) -> fmt::Result {
    let files: Vec<_> = files.iter().filter(|file| file.phase == phase).collect();
    if files.is_empty() {
        return Ok(());
    }
    let sum: usize = files.iter().map(|file| file.bytes).sum();
    writeln!(f, "  {when:32}{sum:8}")?;
    for File { path, status, encoding, bytes, head_bytes, asked_ms, answered_ms, .. } in files {
        let encoding = if encoding.is_empty() { "none" } else { encoding };
        writeln!(
            f,
            "{:34}{bytes:8}{head_bytes:8}{asked_ms:10.1}{answered_ms:10.1}  {encoding:8}  {status} {path}",
            ""
        )?;
    }
    Ok(())
}

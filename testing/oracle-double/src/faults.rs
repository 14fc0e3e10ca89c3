//! Faults that a test requests: lines of `<service>.faults`, read again whenever the file's content changes.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// The effect of a fault on a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The call fails with this number.
    Fail(i32),
    /// The session is lost, with this number.
    Drop(i32),
    /// The server is frozen that long. A time-out of the caller's ends the call and the session.
    Hang(Duration),
    /// The server works or waits that long, and hears the caller's break: a time-out ends the call only.
    Wait(Duration),
    /// The call takes that much longer, whatever timeouts say.
    Slow(Duration),
}

/// The operations that `any` includes. `executed` and `committed` come after the work is done and must be named.
const OPS: &[&str] = &["connect", "execute", "fetch", "commit", "ping"];

struct Line {
    op: String,
    text: String,
    skip: u64,
    times: u64,
    effect: Effect,
}

/// The faults of one service, and how often each has matched.
#[derive(Default)]
pub struct Faults {
    path: PathBuf,
    content: String,
    lines: Vec<Line>,
    pub down: bool,
    /// Something listens and never answers.
    pub silent: bool,
}

impl Faults {
    pub fn at(path: PathBuf) -> Self {
        Self { path, ..Self::default() }
    }

    /// Reads the file again if it has changed; that resets all counts.
    pub fn refresh(&mut self) {
        let content = fs::read_to_string(&self.path).unwrap_or_default();
        if content == self.content {
            return;
        }
        let lines = || content.lines().map(str::trim);
        self.down = lines().any(|line| line == "down");
        self.silent = lines().any(|line| line == "silent");
        self.lines = lines().filter_map(parse).collect();
        self.content = content;
    }

    /// The fault that strikes this call, if one does.
    pub fn strike(&mut self, op: &str, sql: &str) -> Option<Effect> {
        let sql = sql.to_lowercase();
        let mut struck = None;
        for line in &mut self.lines {
            let any = line.op == "any" && OPS.contains(&op);
            if (line.op != op && !any) || !sql.contains(&line.text) {
                continue;
            }
            if line.skip > 0 {
                line.skip -= 1;
            } else if line.times > 0 && struck.is_none() {
                line.times -= u64::from(line.times != u64::MAX);
                struck = Some(line.effect);
            }
        }
        struck
    }
}

/// A line `op|text|skip|times|effect`; anything else is no fault.
fn parse(line: &str) -> Option<Line> {
    let mut fields = line.split('|').map(str::trim);
    let op = fields.next()?.to_lowercase();
    let text = fields.next()?.to_lowercase();
    let skip = fields.next()?.parse().unwrap_or(0);
    let times = match fields.next()? {
        "*" => u64::MAX,
        times => times.parse().unwrap_or(1),
    };
    let effect = effect(fields.next()?)?;
    Some(Line { op, text, skip, times, effect })
}

fn effect(text: &str) -> Option<Effect> {
    let lower = text.to_lowercase();
    let (kind, amount) = lower.split_once(['-', ':'])?;
    let amount: u64 = amount.parse().ok()?;
    match kind {
        "ora" => Some(Effect::Fail(amount as i32)),
        "drop" => Some(Effect::Drop(amount as i32)),
        "hang" => Some(Effect::Hang(Duration::from_millis(amount))),
        "wait" => Some(Effect::Wait(Duration::from_millis(amount))),
        "slow" => Some(Effect::Slow(Duration::from_millis(amount))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_strikes_and_stops() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.faults");
        fs::write(&path, "execute|Accounts|1|2|ORA-18\nfetch||0|*|hang:5\n# nothing\n").unwrap();
        let mut faults = Faults::at(path.clone());
        faults.refresh();
        let mut struck = |op, sql| faults.strike(op, sql);
        assert_eq!(struck("execute", "select from other"), None);
        assert_eq!(struck("execute", "SELECT FROM ACCOUNTS"), None);
        assert_eq!(struck("execute", "SELECT FROM ACCOUNTS"), Some(Effect::Fail(18)));
        assert_eq!(struck("execute", "SELECT FROM ACCOUNTS"), Some(Effect::Fail(18)));
        assert_eq!(struck("execute", "SELECT FROM ACCOUNTS"), None);
        assert_eq!(struck("fetch", ""), Some(Effect::Hang(Duration::from_millis(5))));
        fs::write(&path, "down\n").unwrap();
        faults.refresh();
        assert!(faults.down && !faults.silent);
        assert_eq!(faults.strike("fetch", ""), None);
    }
}

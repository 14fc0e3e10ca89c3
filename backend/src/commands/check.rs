//! `passmint check`: tests the connection to an Oracle database step by step, and says what to do about the first step
//! that fails.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::try_log_in::second_try;
use crate::database::{self, DataArgs};
use crate::store::oracle::{CheckStep, check_connection};

/// Settings of `passmint check`.
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
    /// Data folder and database.
    #[command(flatten)]
    pub data: DataArgs,
}

/// # Errors
/// If standard output cannot be written. A step that fails is no error: it is printed, and the exit code is 1.
pub fn run(args: &CheckArgs) -> Result<ExitCode> {
    let mut out = io::stdout();
    let mut steps = Vec::new();
    let mut printed = Ok(());
    let settings = database::oracle_settings(&args.data);
    let warnings = settings
        .as_ref()
        .map(|settings| database::oracle_warnings(&args.data.oracle, &settings.descriptor))
        .unwrap_or_default();
    if !args.json {
        warnings.iter().try_for_each(|warning| writeln!(out, "! {warning}"))?;
    }
    let mut report = |step: CheckStep| {
        if !args.json && printed.is_ok() {
            let CheckStep { name, detail, ms, .. } = &step;
            let mark = if step.ok { '✓' } else { '✗' };
            let ms = ms.map_or_else(String::new, |ms| format!("{ms:.1} ms"));
            printed = writeln!(out, "{mark} {name:<20} {ms:>11}  {detail}");
        }
        steps.push(step);
    };
    let ok = match settings {
        Ok(settings) => check_connection(&settings, || second_try(&settings), &mut report),
        Err(error) => {
            report(CheckStep { name: "settings", ok: false, detail: format!("{error:#}"), ms: None });
            false
        }
    };
    printed?;
    if args.json {
        writeln!(out, "{}", serde_json::json!({ "ok": ok, "warnings": warnings, "steps": steps }))?;
    }
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

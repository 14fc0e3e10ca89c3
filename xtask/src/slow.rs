//! `cargo xtask slow`: long searches that may find a new defect each time. `cargo xtask test` leaves them out; a
//! workflow runs them regularly.

use anyhow::{Context, Result, bail, ensure};

use crate::shell::{command, root, run as sh, target};
use crate::{dist, test, tools};

/// A part: its name and its function.
type Part = (&'static str, fn() -> Result<()>);

const PARTS: &[Part] = &[("fuzz", fuzz), ("api", api), ("mutants", mutants)];

/// A package whose code is mutated.
struct Mutated {
    package: &'static str,
    files: &'static str,
    features: &'static str,
    /// The level with the lowest sum of compile and test time.
    opt_level: &'static str,
}

/// The generator, and the keyring.
const MUTATED: [Mutated; 2] = [
    Mutated { package: "generator", files: "generator/src/**/*.rs", features: "--all-features", opt_level: "1" },
    Mutated {
        package: "frontend",
        files: "frontend/src/keyring/**/*.rs",
        features: "--no-default-features",
        opt_level: "0",
    },
];

/// Runs the parts named, or all of them.
pub(crate) fn run(named: &[String]) -> Result<()> {
    if let Some(unknown) = named.iter().find(|name| !PARTS.iter().any(|(part, _)| part == name)) {
        let known: Vec<_> = PARTS.iter().map(|(part, _)| *part).collect();
        bail!("there is no part {unknown}; the parts are: {}", known.join(", "));
    }
    for (name, part) in PARTS.iter().filter(|(name, _)| named.is_empty() || named.iter().any(|n| n == name)) {
        println!("\n=== {name}");
        part().with_context(|| format!("part {name}"))?;
    }
    Ok(())
}

/// Runs libFuzzer over every parser for a bounded time. Inputs that reach new code stay in the build output; additions
/// to the corpus are made by hand, after `cargo fuzz cmin`.
fn fuzz() -> Result<()> {
    let seconds = std::env::var("PASSMINT_FUZZ_SECONDS").unwrap_or_else(|_| "60".into());
    let seconds: u32 = seconds.parse().context("PASSMINT_FUZZ_SECONDS must be a number of seconds")?;
    let tool = tools::cargo_fuzz()?;
    let targets = std::fs::read_dir(root().join("testing/fuzz/fuzz_targets"))?;
    let mut names = Vec::new();
    for target in targets {
        names.extend(target?.path().file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    for name in names {
        let found = target()?.join("fuzz-found").join(&name);
        std::fs::create_dir_all(&found)?;
        // The parsers have no `unsafe` code, so a sanitizer would find nothing; without one the stable compiler is
        // enough.
        sh(command(&tool)
            .args(["run", "--fuzz-dir", "testing/fuzz", "--sanitizer", "none", &name])
            .arg(&found)
            .arg(root().join("testing/fuzz/corpus").join(&name))
            .arg("--")
            .args([&format!("-max_total_time={seconds}"), "-max_len=65536", "-timeout=10", "-rss_limit_mb=2048"])
            .args(["-print_final_stats=1", "-verbosity=0"])
            .env("CARGO_TARGET_DIR", target()?.join("fuzz")))?;
    }
    Ok(())
}

/// Lets Schemathesis generate requests for every operation of a served document, with and without a session.
fn api() -> Result<()> {
    let tool = tools::schemathesis()?;
    dist::run()?;
    test::e2e_with(&["--ignored", "schemathesis"], |tests| {
        tests.env("PASSMINT_SCHEMATHESIS", &tool);
    })
}

/// Changes the generator and the keyring in one place at a time, and checks that a test fails. `.cargo/mutants.toml`
/// lists the changes that do not change the behaviour.
fn mutants() -> Result<()> {
    let tool = tools::cargo_mutants()?;
    for Mutated { package, files, features, opt_level } in MUTATED {
        let output = target()?.join("mutants").join(package);
        std::fs::create_dir_all(&output)?;
        let mut line = command(&tool);
        line.args(["mutants", "--package", package, "--test-package", package, "--file", files, features]);
        line.args(["--cargo-arg=--lib", "--no-shuffle", "--jobs", "2", "--output"]).arg(&output);
        line.envs([("CARGO_PROFILE_DEV_OPT_LEVEL", opt_level), ("CARGO_PROFILE_DEV_DEBUG", "0")]);
        line.env_remove("CARGO_TARGET_DIR");
        // 2: some were missed. 3: some timed out, which counts as noticed.
        let status = line.status()?;
        ensure!(matches!(status.code(), Some(0 | 2 | 3)), "cargo-mutants failed: {status}");
        let missed = std::fs::read_to_string(output.join("mutants.out/missed.txt"))?;
        ensure!(missed.trim().is_empty(), "no test notices these changes:\n{missed}");
    }
    Ok(())
}

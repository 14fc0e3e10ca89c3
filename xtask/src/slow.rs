//! `cargo xtask slow`: what takes long, and may find something new each time. It is no part of `cargo xtask test`; a
//! workflow runs it now and then.

use anyhow::{Context, Result, bail, ensure};

use crate::shell::{command, root, run as sh, target};
use crate::{dist, test, tools};

/// A part: its name, what it does.
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
        bail!("no part is called {unknown}; there are: {}", known.join(", "));
    }
    for (name, part) in PARTS.iter().filter(|(name, _)| named.is_empty() || named.iter().any(|n| n == name)) {
        println!("\n=== {name}");
        part().with_context(|| format!("part {name}"))?;
    }
    Ok(())
}

/// Runs libFuzzer over every parser for a bounded time. What it finds that leads to new code is kept in the build
/// output; what belongs into the corpus is put there by hand, after `cargo fuzz cmin`.
fn fuzz() -> Result<()> {
    let seconds = std::env::var("PASSMINT_FUZZ_SECONDS").unwrap_or_else(|_| "60".into());
    let seconds: u32 = seconds.parse().context("PASSMINT_FUZZ_SECONDS is a number of seconds")?;
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
        // Nothing here is `unsafe`: what a sanitizer finds is not to be had, and without one the stable compiler does.
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

/// Has Schemathesis make up requests for every operation of a served document, with a session and without.
fn api() -> Result<()> {
    let tool = tools::schemathesis()?;
    dist::run()?;
    test::e2e_with(&["--ignored", "schemathesis"], |tests| {
        tests.env("PASSMINT_SCHEMATHESIS", &tool);
    })
}

/// Changes the generator and the keyring in every place, one at a time, and sees whether a test fails. Those that no
/// test can tell from the original are named, with the reason, in `.cargo/mutants.toml`.
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
        // 2: some were missed. 3: some ran for too long, and nobody would have taken that for a pass.
        let status = line.status()?;
        ensure!(matches!(status.code(), Some(0 | 2 | 3)), "cargo-mutants failed: {status}");
        let missed = std::fs::read_to_string(output.join("mutants.out/missed.txt"))?;
        ensure!(missed.trim().is_empty(), "no test notices these changes:\n{missed}");
    }
    Ok(())
}

//! `cargo xtask`: the commands that build, run and test Passmint. Each subcommand is one file; `--help` lists them.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks on its terminal")]

mod bench;
mod dist;
mod page;
mod references;
mod reproduce;
mod sbom;
mod shell;
mod slow;
mod test;
mod tidy;
mod tools;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <command>

  run [-- <flags>]   build the page and the server, start it on http://127.0.0.1:8080 with its data in ./data;
                     flags after -- go to `passmint serve`
  test [<step> ...]  everything that must pass: format, tidy, clippy, tests, browser tests; or only the steps named
  test e2e -- <name> the tests of a step (browser, e2e) whose names hold this
  test --oracle      the store contract and the main job against an Oracle server: see docs/ORACLE.md
  page               the page alone, as it is released, into dist/page: a debug build of the server serves it from there
  trunk <arguments>  Trunk, with its tools on its PATH: `trunk serve` rebuilds the page with each change (CONTRIBUTING.md)
  finish-page        called by Trunk, when it has compiled the page: see Trunk.toml
  dist               one release binary with the page inside: dist/passmint
  reproduce          builds the page twice, in two places, and compares every byte
  sbom               what binary and page are made of, as CycloneDX: dist/passmint.cdx.json, dist/page.cdx.json
  bench [<part>]     every figure in one table: docs/BENCHMARKS.md. Parts: page (bytes, time to usable, minting), keyring
                     (opening, sealing), list (1,000 and 10,000 entries), server (saves, sync, log-ins, memory)
  slow [<part>]      what takes long and may find something new: fuzz (every parser, PASSMINT_FUZZ_SECONDS each, 60 if not
                     set), api (Schemathesis against the served OpenAPI document), mutants (generator and keyring)
  tidy               the rules of this repository that no other tool checks

What is missing (WebAssembly target, Trunk, wasm-bindgen, for a release wasm-split, and for `test` and `bench` a browser)
is installed into a cache of your own, ~/.cache/passmint or $PASSMINT_CACHE, where build output is kept too.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("--help", &[][..]),
    };
    let result = match (command, rest) {
        ("run", []) => dist::run_server(&[]),
        ("run", [dashes, flags @ ..]) if dashes == "--" => dist::run_server(flags),
        ("test", [flag]) if flag == "--oracle" => test::against_oracle(),
        ("test", steps) => test::run(steps),
        ("page", []) => page::build(),
        ("trunk", arguments) => page::run_trunk(arguments),
        ("finish-page", []) => page::finish(),
        ("dist", []) => dist::run(),
        ("reproduce", []) => reproduce::run(),
        ("sbom", []) => sbom::run(),
        ("bench", []) => bench::run(None),
        ("bench", [part]) if bench::PARTS.contains(&part.as_str()) => bench::run(Some(part)),
        ("slow", parts) => slow::run(parts),
        ("tidy", []) => tidy::run(),
        ("--help" | "-h" | "help", _) => {
            print!("{HELP}");
            Ok(())
        }
        _ => Err(anyhow::anyhow!("unknown command: {}\n\n{HELP}", arguments.join(" "))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

//! `cargo xtask`: the commands that build, run and test Passmint. Each subcommand is one file; `--help` lists them.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks on its terminal")]

mod bench;
mod dist;
mod oracle_wire;
mod page;
mod python;
mod references;
mod reproduce;
mod sbom;
mod shell;
mod slow;
mod test;
mod tidy;
mod tools;
mod words;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <command>

  run [-- <flags>]   build the page and the server, and start it on http://127.0.0.1:8080 with its data in ./data;
                     flags after -- go to `passmint serve`
  test [<step> ...]  run all checks (format, tidy, clippy, tests, browser tests), or only the named steps
  test e2e -- <name> run the tests of a step (browser, e2e, wire) whose names contain this text
  test wire          run the finished binary with Oracle's client library against an independent server of Oracle's
                     protocol (testing/oracle-wire/README.md); PASSMINT_BIN names another binary
  test --oracle      run the store contract and the main job against an Oracle server: see docs/ORACLE.md
  page               build the release page into dist/page, from where a debug build of the server serves it
  trunk <arguments>  run Trunk with its tools: `trunk serve` rebuilds the page at each change (docs/CONTRIBUTING.md)
  finish-page        called by Trunk's hook when it has compiled the page: see Trunk.toml
  dist               build one release binary with the page inside: dist/passmint
  reproduce          build the page twice, in two folders, and compare every byte
  sbom               list the dependencies of binary and page as CycloneDX: dist/passmint.cdx.json, dist/page.cdx.json
  bench [<part>]     measure every figure of docs/BENCHMARKS.md, or one part: page (bytes, time to usable, minting),
                     keyring (opening, sealing), list (1,000 and 10,000 entries), server (saves, sync, log-ins, memory)
  slow [<part>]      run long searches for new defects: fuzz (every parser, for PASSMINT_FUZZ_SECONDS each, default 60),
                     api (Schemathesis on the served OpenAPI document), mutants (generator and keyring)
  tidy               check the rules of this repository that no other tool checks

Missing tools (the WebAssembly target, Trunk, wasm-bindgen; wasm-split for a release; a browser for `test` and `bench`)
are installed into ~/.cache/passmint or $PASSMINT_CACHE, which holds the build output too.
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

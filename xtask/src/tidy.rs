//! `cargo xtask tidy`: the rules of this repository that no other tool checks. A rule is an entry of a table: words
//! that some files may not name. The rules enforce the directions of imports.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::references::Repository;
use crate::shell::root;
use crate::words;

/// Words that may not be named in some files.
struct Ban {
    /// Files under these folders (or these files) are read.
    within: &'static [&'static str],
    except: &'static [&'static str],
    /// Text that they may not contain, except in comments.
    words: &'static [&'static str],
    why: &'static str,
}

const BANS: &[Ban] = &[
    Ban {
        within: &["shared/", "generator/"],
        except: &[],
        words: &["leptos", "web_sys", "js_sys", "gloo", "axum", "tokio", "hyper", "rusqlite", "std::fs", "std::net"],
        why: "shared and generator do no I/O and know no framework",
    },
    Ban {
        within: &["shared/src/"],
        except: &[],
        words: &["generator::", "frontend::", "backend::"],
        why: "shared knows no other crate of the workspace",
    },
    Ban {
        within: &["generator/src/"],
        except: &[],
        words: &["shared::", "frontend::", "backend::"],
        why: "generator knows no other crate of the workspace",
    },
    Ban {
        within: &["frontend/src/keyring/", "frontend/src/model/"],
        except: &[],
        words: &["leptos", "web_sys", "js_sys", "gloo", "wasm_bindgen", "getrandom"],
        why: "keyring and model are pure: randomness and time are passed in",
    },
    Ban {
        within: &["frontend/src/keyring/", "frontend/src/model/"],
        except: &["frontend/src/keyring/tests/"],
        words: &["crate::platform", "crate::session", "crate::text", "crate::ui", "crate::workers"],
        why: "keyring and model know no browser, no session and no page",
    },
    Ban {
        within: &["frontend/src/session/", "frontend/src/text/"],
        except: &[],
        words: &["web_sys", "js_sys", "gloo", "wasm_bindgen"],
        why: "platform wraps the browser's interfaces; workers, opener and ui name the rest of them",
    },
    Ban {
        within: &["frontend/src/session/"],
        except: &[],
        words: &["crate::text", "crate::ui"],
        why: "the session reports facts; the page has the words for them",
    },
    Ban {
        within: &["frontend/src/text/"],
        except: &[],
        words: &["crate::session", "crate::ui"],
        why: "text knows the languages, and none of the words",
    },
    Ban {
        within: &["frontend/src/platform/", "frontend/src/workers/"],
        except: &[],
        words: &["crate::session", "crate::text", "crate::ui"],
        why: "platform and workers know no page",
    },
    Ban {
        within: &["frontend/src/ui/"],
        except: &[],
        words: &["set(text::get", "set(text::with", "set(say::fault", "set(say::named"],
        why: "a sentence that is kept as text stays in its language: keep a `Sentence`",
    },
    Ban {
        within: &["frontend/"],
        except: &[],
        words: &["backend::", "path = \"../backend\""],
        why: "frontend and backend never meet",
    },
    Ban {
        within: &["frontend/src/"],
        except: &["frontend/src/platform/random.rs"],
        words: &["getrandom", "Math.random", "Math::random"],
        why: "randomness enters the frontend in one file",
    },
    Ban {
        within: &["backend/src/", "backend/Cargo.toml"],
        except: &[],
        words: &["frontend::", "../frontend", "XChaCha"],
        why: "frontend and backend never meet, and the server cannot open an entry",
    },
    Ban {
        within: &["backend/src/"],
        except: &["backend/src/commands/generate.rs"],
        words: &["generator::"],
        why: "the server mints nothing; only its generate command does",
    },
    Ban {
        within: &["backend/src/store/"],
        except: &[],
        words: &["crate::server", "crate::commands", "crate::backup", "crate::metrics", "crate::database"],
        why: "the store is the lowest box of the backend",
    },
    Ban {
        within: &["backend/src/metrics/", "backend/src/database.rs", "backend/src/server_key.rs"],
        except: &[],
        words: &["crate::server::", "crate::commands", "crate::backup"],
        why: "boxes of the backend import downward only",
    },
    Ban {
        within: &["backend/src/server/"],
        except: &[],
        words: &["crate::commands", "crate::backup"],
        why: "boxes of the backend import downward only",
    },
    Ban {
        within: &["backend/src/backup/"],
        except: &[],
        words: &["crate::commands"],
        why: "boxes of the backend import downward only",
    },
    Ban {
        within: &["backend/src/store/"],
        except: &[],
        words: &["axum", "hyper", "http::", "StatusCode"],
        why: "the store knows no HTTP",
    },
    Ban {
        within: &["backend/src/", "backend/tests/"],
        except: &["backend/src/store/sqlite"],
        words: &["rusqlite"],
        why: "SQLite is named in its driver only",
    },
    Ban {
        within: &["backend/src/", "backend/tests/"],
        except: &["backend/src/store/oracle", "backend/tests/real_oracle", "backend/tests/oracle_double"],
        // Not `store::oracle::`, which is the driver.
        words: &[" oracle::", "(oracle::", "<oracle::", "&oracle::"],
        why: "the oracle crate is named in its driver only",
    },
    Ban {
        within: &["backend/src/"],
        except: &["backend/src/server/gate.rs"],
        words: &["spawn_blocking"],
        why: "blocking work goes through the gate, which bounds it",
    },
    Ban {
        within: &["shared/src/", "generator/src/", "frontend/src/", "backend/src/"],
        except: &["tests.rs"],
        words: &["thread_rng", "SmallRng", "seed_from_u64"],
        why: "secrets come from the system's cryptographic randomness only",
    },
    Ban {
        within: &["shared/src/", "generator/src/", "frontend/", "backend/src/", "index.html"],
        except: &[],
        words: &["inner_html", "'unsafe-inline'", "'unsafe-eval'"],
        why: "no string becomes markup or code",
    },
];

/// The maximum of lines in a Rust file.
const LINES_MAX: usize = 500;

/// The folders with sources.
const SOURCES: [&str; 7] = ["shared", "generator", "frontend", "backend", "testing", "xtask", "assets"];

/// The folders whose files a document may name by their path.
const FOLDERS: [&str; 9] =
    ["shared", "generator", "frontend", "backend", "testing", "xtask", "assets", "docs", "packaging"];

/// Checks the repository.
///
/// # Errors
/// Lists the rules that are broken, with file and line.
pub(crate) fn run() -> Result<()> {
    let mut files = Vec::new();
    for top in SOURCES {
        collect(&root().join(top), &mut files)?;
    }
    files.push(root().join("index.html"));
    let mut faults = Vec::new();
    let repository = Repository {
        exists: &|path| root().join(path).exists(),
        read: &|path| fs::read_to_string(root().join(path)).ok(),
    };
    for file in &files {
        let Ok(text) = fs::read_to_string(file) else { continue };
        let name = name_of(file)?;
        check(&name, &text, &mut faults);
        words::check(&name, &text, &mut faults);
        // Its tests refer to files that are not there.
        if name != "xtask/src/references.rs" {
            repository.check(&name, &text, &FOLDERS, &mut faults);
        }
    }
    for file in documents()? {
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        words::check(&name_of(&file)?, &text, &mut faults);
        repository.check(&name_of(&file)?, &text, &FOLDERS, &mut faults);
    }
    let read = |name: &str| fs::read_to_string(root().join(name)).with_context(|| name.to_owned());
    let container = "packaging/Containerfile";
    for left_out in left_out(&read("Cargo.toml")?, &read(container)?) {
        faults.push(format!(
            "{container}: does not copy `{left_out}`, a folder with members of the workspace: builds would fail"
        ));
    }
    for driver in folders_in("backend/src/store")? {
        let folder = format!("backend/src/store/{driver}");
        if !BANS.iter().any(|ban| ban.except.contains(&folder.as_str())) {
            faults.push(format!("xtask/src/tidy.rs: no ban names the crate of {folder}: only this folder may use it"));
        }
        let test = format!("backend/tests/store_{driver}.rs");
        if !read(&test).unwrap_or_default().contains("contract::suite!(") {
            faults.push(format!("{test}: the driver {folder} does not run `contract::suite!`"));
        }
    }
    let suite = read("backend/tests/contract/mod.rs")?;
    for file in files.iter().filter(|file| file.parent().is_some_and(|folder| folder.ends_with("tests/contract"))) {
        for case in left_out_of_suite(&suite, &fs::read_to_string(file)?) {
            faults.push(format!("{}: `suite!` does not list `{case}`: it would never run", name_of(file)?));
        }
    }
    if !faults.is_empty() {
        bail!("{} rules broken:\n{}", faults.len(), faults.join("\n"));
    }
    println!("tidy: {} files obey the rules", files.len());
    Ok(())
}

/// The path of a file from the top of the repository, with `/`.
fn name_of(file: &Path) -> Result<String> {
    Ok(file.strip_prefix(root())?.to_string_lossy().replace('\\', "/"))
}

/// The files without code of ours whose references are checked: documents, packaging and workflows.
fn documents() -> Result<Vec<PathBuf>> {
    let mut files = vec![root().join("README.md"), root().join("CHANGELOG.md"), root().join("Cargo.toml")];
    for folder in ["docs", "packaging", ".github/workflows"] {
        for entry in fs::read_dir(root().join(folder)).with_context(|| folder.to_owned())? {
            files.push(entry?.path());
        }
    }
    files.retain(|file| file.extension().is_none_or(|kind| kind != "png"));
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|kind| ["rs", "toml", "js", "css", "html"].iter().any(|k| kind == *k)) {
            files.push(path);
        }
    }
    Ok(())
}

fn check(name: &str, text: &str, faults: &mut Vec<String>) {
    let is_test = name.ends_with("tests.rs") || name.contains("/tests/");
    if name.ends_with(".rs") {
        if !is_test && !text.starts_with("//!") {
            faults.push(format!("{name}: does not begin with `//!`: state what the module owns"));
        }
        let lines = text.lines().count();
        if lines > LINES_MAX {
            faults.push(format!("{name}: has {lines} lines: split it, the limit is {LINES_MAX}"));
        }
    }
    // The double speaks C, so it alone may contain `unsafe`; the fuzz targets are a workspace of their own.
    let has_own_lints = ["testing/oracle-double/Cargo.toml", "testing/fuzz/Cargo.toml"].contains(&name);
    if name.ends_with("Cargo.toml") && !has_own_lints && !text.contains("[lints]\nworkspace = true") {
        faults.push(format!("{name}: does not inherit the workspace's lints"));
    }
    // The table above contains the banned words.
    if name == "xtask/src/tidy.rs" {
        return;
    }
    for ban in BANS {
        let read = ban.within.iter().any(|place| name.starts_with(place));
        if !read || ban.except.iter().any(|place| name.starts_with(place) || name.ends_with(place)) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            // Comments and descriptions may contain any word.
            if line.trim_start().starts_with("//") || line.starts_with("description") {
                continue;
            }
            for word in ban.words.iter().filter(|word| line.contains(**word)) {
                faults.push(format!("{name}:{}: names `{word}`: {}", number + 1, ban.why));
            }
        }
    }
}

/// Folders with members of the workspace that the container's build does not copy. No test here builds the container.
fn left_out(manifest: &str, container: &str) -> Vec<String> {
    let members = manifest.split("members = [").nth(1).and_then(|rest| rest.split(']').next()).unwrap_or_default();
    let folders = members.split('"').skip(1).step_by(2).filter_map(|member| member.split('/').next());
    let mut folders: Vec<_> = folders.map(str::to_owned).collect();
    folders.dedup();
    folders.retain(|folder| !container.lines().any(|line| line == format!("COPY {folder} {folder}")));
    folders
}

/// The names of the folders inside a folder.
fn folders_in(folder: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join(folder)).with_context(|| folder.to_owned())? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

/// Cases of the store contract that its suite does not run. The compiler is silent about them: it allows dead code
/// there.
fn left_out_of_suite<'a>(suite: &str, cases: &'a str) -> Vec<&'a str> {
    let cases = cases.lines().filter_map(|line| line.strip_prefix("pub fn ")?.split_once("(driver: "));
    let is_listed = |case: &str| suite.lines().any(|line| line.trim() == format!("{case},"));
    cases.map(|(case, _)| case).filter(|case| !is_listed(case)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(name: &str, text: &str) -> usize {
        let mut faults = Vec::new();
        check(name, text, &mut faults);
        faults.len()
    }

    #[test]
    fn directions_are_held() {
        assert_eq!(faults("shared/src/a.rs", "//! A.\nuse axum::Router;\n"), 1);
        assert_eq!(faults("frontend/src/keyring/a.rs", "//! A.\nuse leptos::prelude::*;\n"), 1);
        assert_eq!(faults("frontend/src/session/a.rs", "//! A.\nuse crate::text::Msg;\n"), 1);
        assert_eq!(faults("frontend/src/session/a.rs", "//! A.\nuse web_sys::Event;\n"), 1);
        assert_eq!(faults("frontend/src/ui/a.rs", "//! A.\nfault.set(text::get(Msg::NoPart));\n"), 1);
        assert_eq!(faults("backend/src/store/a.rs", "//! A.\nuse rusqlite::Connection;\n"), 1);
        assert_eq!(faults("backend/src/store/sqlite/a.rs", "//! A.\nuse rusqlite::Connection;\n"), 0);
        assert_eq!(faults("backend/src/server/routes/a.rs", "//! A.\ntokio::task::spawn_blocking(f);\n"), 1);
        assert_eq!(faults("backend/src/server/routes/a.rs", "//! A.\nuse oracle::Connection;\n"), 1);
        assert_eq!(faults("backend/src/server/routes/a.rs", "//! A.\nuse crate::store::oracle::Code;\n"), 0);
        assert_eq!(faults("backend/src/store/a.rs", "//! A.\nuse crate::server::gate::Gate;\n"), 1);
        assert_eq!(faults("backend/src/server/a.rs", "//! A.\nuse crate::commands::command_line::Cli;\n"), 1);
    }

    #[test]
    fn the_container_gets_every_member() {
        let manifest = "members = [\"a\", \"b\", \"b/c\",\n\"d/e\"]\ndefault-members = [\"x\"]";
        assert_eq!(left_out(manifest, "COPY a a\nCOPY bb bb\n  COPY d d\n"), ["b", "d"]);
        assert_eq!(left_out(manifest, "COPY a a\nCOPY b b\nCOPY d d\n"), [""; 0]);
    }

    #[test]
    fn a_contract_case_that_the_suite_does_not_list_is_found() {
        let cases =
            "pub fn helper(store: &dyn Store) {\npub fn a(driver: &impl Driver) {\npub fn b(driver: &impl Driver) {";
        assert_eq!(left_out_of_suite("    cases!($make:\n        b,\n", cases), ["a"]);
    }

    #[test]
    fn a_comment_may_name_anything() {
        assert_eq!(faults("shared/src/a.rs", "//! A.\n// not axum\n"), 0);
    }

    #[test]
    fn headers_sizes_and_lints_are_checked() {
        assert_eq!(faults("shared/src/a.rs", "fn a() {}\n"), 1);
        assert_eq!(faults("shared/src/a.rs", &format!("//! A.\n{}", "\n".repeat(LINES_MAX))), 1);
        assert_eq!(faults("shared/Cargo.toml", "[package]\n"), 1);
    }
}

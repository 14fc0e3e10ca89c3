//! `cargo xtask finish-page`, which Trunk's hook calls when everything is compiled and copied (`post_build`). It gives
//! workers and texts hashed names and writes names and hashes of all files into `index.html`. For a release it also
//! splits the page, lists all files for the service worker and compresses them.
//!
//! `index.html` names all files but the parts that load later, which the page's own script names. The page loads no
//! other file, and none whose hash is different.

use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use texts::{Catalog, FIRST, LATER};

use super::files::{File, Folder, version};
use super::{CALLED, compress, fallback, opener, split};
use crate::shell::{command, root};

/// The place in `index.html` for the list of files (`pattern_script` in `Trunk.toml`).
const FILES: &str = "<!-- files -->";

/// The end of a worker's script: it starts the compiled module, which the page sends.
const WORKER_START: &str =
    "\naddEventListener('message', ({ data }) => __wbg_init({ module_or_path: data }), { once: true });\n";

/// Finishes the page in Trunk's staging folder.
pub(crate) fn run() -> Result<()> {
    let variable = |name: &str| std::env::var(name).with_context(|| format!("Trunk's hook calls this: no {name}"));
    let folder = Folder::new(PathBuf::from(variable("TRUNK_STAGING_DIR")?));
    let is_release = variable("TRUNK_PROFILE")? == "release";
    finish(&folder, is_release)?;
    if is_release {
        compress::all(&folder.paths()?)?;
    } else if std::env::var_os(CALLED).is_none() {
        let server = proxied(&fs::read_to_string(root().join("Trunk.toml"))?)?;
        if TcpStream::connect(&server).is_err() {
            println!(
                "no server at http://{server}: the generator works, the vault does not. Start one: cargo xtask run"
            );
        }
    }
    Ok(())
}

/// Turns what Trunk has built into the files that are served.
fn finish(folder: &Folder, is_release: bool) -> Result<()> {
    let mut files = page(folder, is_release)?;
    let catalog = Catalog::read(&root().join("frontend/texts"))?;
    files.extend(workers(folder, is_release, &catalog)?);
    files.extend(copied(folder)?);
    files.extend(texts(folder, &catalog)?);
    let html = document(&fallback::fill(&folder.remove_text("index.html")?, &catalog)?, &files)?;
    folder.write("index.html", html.as_bytes())?;
    let worker = if is_release {
        listing(&folder.all()?, &fs::read_to_string(root().join("assets/service-worker.js"))?)?
    } else {
        fs::read_to_string(root().join("assets/no-service-worker.js"))?
    };
    folder.write("service-worker.js", worker.as_bytes())
}

/// The address of the server to which Trunk passes on requests below `/api/`, by `Trunk.toml`.
fn proxied(settings: &str) -> Result<String> {
    let (_, rest) = settings.split_once("backend = \"http://").context("Trunk.toml names no server")?;
    let (address, _) = rest.split_once('/').context("the server's address in Trunk.toml has no path")?;
    Ok(address.to_owned())
}

/// A file of the page, and the name by which the page asks for it.
type Named = (String, File);

/// The files that Trunk has copied.
fn copied(folder: &Folder) -> Result<Vec<Named>> {
    let icon = folder.find("icon-", ".svg")?;
    let manifest = folder.remove_text("manifest.webmanifest")?.replace("ICON", &format!("/{icon}"));
    Ok(vec![
        ("words".into(), folder.add("words", "txt", &folder.remove("eff-large.txt")?)?),
        ("manifest".into(), folder.add("manifest", "webmanifest", manifest.as_bytes())?),
        ("styles".into(), folder.add("later", "css", &folder.remove("later.css")?)?),
    ])
}

/// Two files for each language: the texts of the first part of the page, and the others.
fn texts(folder: &Folder, catalog: &Catalog) -> Result<Vec<Named>> {
    let mut files = Vec::new();
    for language in catalog.languages() {
        for (stem, section) in [("text", FIRST), ("more", LATER)] {
            let name = format!("{stem}-{}", language.tag);
            let file = folder.add(&name, "txt", catalog.lines(language, section).as_bytes())?;
            files.push((name, file));
        }
    }
    Ok(files)
}

/// The page's script and module; in parts if it was compiled to be split.
fn page(folder: &Folder, is_release: bool) -> Result<Vec<Named>> {
    let (script, module) = (folder.find("frontend-", ".js")?, folder.find("frontend-", "_bg.wasm")?);
    let (script, module) = (folder.remove(&script)?, remove_module(folder, &module, is_release)?);
    let is_split = String::from_utf8_lossy(&script).contains(split::TO_BE_SPLIT);
    let named = |name: &str, file: File| (name.to_owned(), file);
    if !is_split {
        if is_release {
            println!(
                "the page is in one piece, and four times as large: cargo xtask page splits it (--features split)"
            );
        }
        let script = folder.add("page", "js", &script)?;
        let module = folder.add("page", "wasm", &module)?;
        return Ok(vec![named("script", script), named("module", module)]);
    }
    // Splitting needs relocations, which wasm-bindgen has dropped from Trunk's module: start from the linker's output.
    let output = trunk_output()?;
    let linked =
        output.join("wasm32-unknown-unknown").join(if is_release { "wasm" } else { "debug" }).join("frontend.wasm");
    let parts = split::split(&linked, &output.join("wasm-split"))?;
    let files = folder.add_group("page", &parts)?;
    let find = |name: &str| {
        let place = parts.iter().position(|(part, _)| part == name).with_context(|| name.to_owned())?;
        Ok::<_, anyhow::Error>(files[place].clone())
    };
    Ok(vec![
        named("script", find(split::SCRIPT)?),
        named("module", find(split::MODULE)?),
        named("loader", find(split::LOADER)?),
    ])
}

/// Removes a module from the folder; for a release without custom sections, which only tools read.
fn remove_module(folder: &Folder, name: &str, is_release: bool) -> Result<Vec<u8>> {
    let module = folder.remove(name)?;
    if is_release { split::without_custom_sections(&module) } else { Ok(module) }
}

/// The folder of cargo's output: it depends on who called Trunk, `cargo xtask` or a person.
fn trunk_output() -> Result<PathBuf> {
    let answer = command("cargo").args(["metadata", "--no-deps", "--format-version", "1"]).output()?;
    let metadata: serde_json::Value = serde_json::from_slice(&answer.stdout).context("cargo metadata")?;
    Ok(metadata["target_directory"].as_str().context("cargo metadata names no target_directory")?.into())
}

/// The workers, and the template of a backup's file.
fn workers(folder: &Folder, is_release: bool, catalog: &Catalog) -> Result<Vec<Named>> {
    let compiled = |name: &str| {
        let module = remove_module(folder, &format!("{name}_bg.wasm"), is_release)?;
        Ok::<_, anyhow::Error>((folder.remove_text(&format!("{name}.js"))?, module))
    };
    let mut files = Vec::new();
    for name in ["keyring", "judge"] {
        let (script, module) = compiled(name)?;
        files.push((format!("{name}-script"), folder.add(name, "js", (script + WORKER_START).as_bytes())?));
        files.push((format!("{name}-module"), folder.add(name, "wasm", &module)?));
    }
    let (script, module) = compiled("opener")?;
    let source = |path: &str| fs::read_to_string(root().join(path)).with_context(|| path.to_owned());
    let html = opener::template(
        &script,
        &module,
        &fallback::fill(&source("assets/opener.html")?, catalog)?,
        &source("assets/opener.css")?,
        &source("assets/icon.svg")?,
    )?;
    files.push(("opener".into(), folder.add("opener", "txt", html.as_bytes())?));
    Ok(files)
}

/// `index.html` with the list of these files, the first of which the browser preloads.
fn document(html: &str, files: &[Named]) -> Result<String> {
    let preload = files.iter().filter_map(|(name, File { url, integrity })| match name.as_str() {
        "script" | "loader" => Some(format!(r#"<link rel="modulepreload" href="{url}" integrity="{integrity}">"#)),
        "module" => {
            Some(format!(r#"<link rel="preload" as="fetch" crossorigin href="{url}" integrity="{integrity}">"#))
        }
        _ => None,
    });
    let named = files.iter().map(|(name, File { url, integrity })| {
        format!(r#"<meta name="file" content="{name}" data-url="{url}" data-integrity="{integrity}">"#)
    });
    let lines: Vec<String> = preload.chain(named).collect();
    ensure!(html.matches(FILES).count() == 1, "index.html has not one {FILES}");
    // Trunk leaves empty lines in place of its links.
    let html = html.replace(FILES, &lines.join("\n    "));
    Ok(html.lines().filter(|line| !line.trim().is_empty()).flat_map(|line| [line, "\n"]).collect())
}

/// The service worker's script with the list of all files and their integrity, and the name of this version.
fn listing(files: &[File], template: &str) -> Result<String> {
    let lines: String = files
        .iter()
        .map(|File { url, integrity }| {
            format!("  [\"{}\", \"{integrity}\"],\n", if url == "/index.html" { "/" } else { url })
        })
        .collect();
    let place = "/* files */";
    ensure!(template.matches(place).count() == 1, "service-worker.js has not one place for the list of files");
    Ok(template.replace(place, &format!("const VERSION = \"{}\";\nconst FILES = [\n{lines}];", version(files))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(url: &str) -> File {
        File { url: url.into(), integrity: "sha256-x".into() }
    }

    /// A folder as Trunk leaves it, with minimal files.
    fn staged() -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        let module = "\0asm\u{1}\0\0\0";
        for (name, content) in [
            ("index.html", "<head>\n<!-- files -->\n</head>\n"),
            ("page-1234567812345678.css", "p { }"),
            ("icon-89ee8db3098912c8.svg", "<svg/>"),
            ("frontend-1234567812345678.js", "export default 1;"),
            ("frontend-1234567812345678_bg.wasm", module),
            ("keyring.js", "1;"),
            ("keyring_bg.wasm", module),
            ("judge.js", "1;"),
            ("judge_bg.wasm", module),
            ("opener.js", "1;"),
            ("opener_bg.wasm", module),
            ("eff-large.txt", "words"),
            ("later.css", "q { }"),
            ("manifest.webmanifest", "{ \"src\": \"ICON\" }"),
        ] {
            fs::write(place.path().join(name), content).unwrap();
        }
        place
    }

    #[test]
    fn all_files_but_two_have_hashed_names_that_the_document_lists() {
        for is_release in [false, true] {
            let place = staged();
            let folder = Folder::new(place.path().to_owned());
            finish(&folder, is_release).unwrap();
            let html = fs::read_to_string(place.path().join("index.html")).unwrap();
            let names = folder.names("").unwrap();
            for name in names.iter().filter(|name| !["index.html", "service-worker.js"].contains(&name.as_str())) {
                let (_, hash) = name.rsplit_once('-').unwrap();
                assert!(hash.split('.').next().unwrap().len() == 16, "{name}");
                // Trunk itself names style and icon.
                assert!(
                    html.contains(&format!("\"/{name}\"")) || name.ends_with("678.css") || name.starts_with("icon-"),
                    "{name}"
                );
            }
            for asked in ["script", "module", "text-en", "more-en", "text-ja", "styles", "manifest", "words", "opener"]
            {
                assert!(html.contains(&format!("content=\"{asked}\"")), "{asked}");
            }
            for worker in ["keyring", "judge"] {
                let script = names.iter().find(|name| name.starts_with(worker) && name.ends_with(".js")).unwrap();
                assert!(fs::read_to_string(place.path().join(script)).unwrap().ends_with(WORKER_START));
            }
            let manifest = names.iter().find(|name| name.starts_with("manifest-")).unwrap();
            assert!(
                fs::read_to_string(place.path().join(manifest)).unwrap().contains("\"/icon-89ee8db3098912c8.svg\"")
            );
            let worker = fs::read_to_string(place.path().join("service-worker.js")).unwrap();
            assert_eq!(worker.contains("const FILES"), is_release, "in development it caches nothing");
        }
    }

    #[test]
    fn error_names_the_file_that_trunk_did_not_bring() {
        let place = staged();
        fs::remove_file(place.path().join("judge_bg.wasm")).unwrap();
        let error = finish(&Folder::new(place.path().to_owned()), false).unwrap_err();
        assert!(format!("{error:#}").contains("judge_bg.wasm"), "{error:#}");
    }

    #[test]
    fn document_lists_all_files_and_preloads_the_first() {
        let files =
            [("script".into(), file("/a.js")), ("module".into(), file("/b.wasm")), ("words".into(), file("/c.txt"))];
        let html = document("<head>\n  \n  <!-- files -->\n</head>\n", &files).unwrap();
        assert_eq!(html.matches("<meta name=\"file\"").count(), 3);
        assert!(html.contains(r#"<link rel="modulepreload" href="/a.js" integrity="sha256-x">"#), "{html}");
        assert!(
            html.contains(r#"<link rel="preload" as="fetch" crossorigin href="/b.wasm" integrity="sha256-x">"#),
            "{html}"
        );
        assert!(html.contains(r#"content="words" data-url="/c.txt" data-integrity="sha256-x">"#), "{html}");
        assert_eq!(html.matches("/c.txt").count(), 1, "a later file is not preloaded");
        assert!(html.lines().all(|line| !line.trim().is_empty()));
        assert!(document("<head></head>", &files).is_err());
    }

    #[test]
    fn service_worker_gets_all_files_and_their_version() {
        let files = [file("/index.html"), file("/a.js")];
        let script = listing(&files, "/* files */\nconst rest = 1;").unwrap();
        assert!(script.contains("[\"/\", \"sha256-x\"],\n  [\"/a.js\", \"sha256-x\"],\n];"), "{script}");
        let other = listing(&[file("/index.html"), file("/b.js")], "/* files */").unwrap();
        assert_ne!(script.lines().next(), other.lines().next(), "the version");
        assert!(listing(&files, "").is_err());
    }

    #[test]
    fn server_address_is_read_from_trunks_settings() {
        assert_eq!(proxied("[[proxy]]\nbackend = \"http://127.0.0.1:8080/api/\"\n").unwrap(), "127.0.0.1:8080");
        assert!(proxied("").is_err());
    }
}

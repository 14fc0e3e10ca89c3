//! Builds the page into dist/page: WebAssembly, scripts, styles, texts, named by their hashes, tied to one another by
//! their integrity, and compressed ahead.
//!
//! `index.html` names and vouches for the first files, the page's script for the parts that load later. What is not
//! named there is not loaded, and what was changed on the way is not run.

mod compile;
mod files;
mod opener;
mod trim;

use std::fs;

use anyhow::{Context, Result, ensure};

use self::files::{Folder, Named};
use crate::shell::root;

/// The languages that the page speaks: `frontend/texts/NAME.txt`.
const LANGUAGES: [&str; 3] = ["en", "de", "ja"];

/// The line before the texts that the first part of the page can do without.
const OTHER_TEXTS: &str = "\n# ===\n";

/// The finished page.
pub(crate) struct Page {
    /// A hash over all files: changes when any of them does.
    pub(crate) hash: String,
}

/// Builds the page.
pub(crate) fn build() -> Result<Page> {
    let mut folder = Folder::empty(root().join("dist/page"))?;
    let source = |path: &str| fs::read_to_string(root().join(path)).with_context(|| path.to_owned());

    // What the document names, and what only a list names that is fetched once the generator is drawn.
    let mut first: Vec<(String, Named)> = Vec::new();
    let mut later: Vec<(String, Named)> = Vec::new();
    for (name, worker) in [("keyring", compile::keyring()?), ("judge", compile::judge()?)] {
        let script = files::lean_script(&worker.script)?;
        later.push((format!("{name}-script"), folder.add(name, "js", script.as_bytes())?));
        later.push((format!("{name}-module"), folder.add(name, "wasm", &worker.module)?));
    }
    let words = source("generator/words/eff-large.txt")?;
    later.push(("words".into(), folder.add("words", "txt", words.as_bytes())?));
    let icon_source = source("assets/icon.svg")?;
    let opener = opener::template(
        &compile::opener()?,
        &source("assets/opener.html")?,
        &source("assets/opener.css")?,
        &icon_source,
    )?;
    // As text: visited by itself, it is shown and not run.
    later.push(("opener".into(), folder.add("opener", "txt", opener.as_bytes())?));
    for language in LANGUAGES {
        let texts = source(&format!("frontend/texts/{language}.txt"))?;
        let (texts, others) = texts.split_once(OTHER_TEXTS).context("texts are not parted")?;
        let others = folder.add(&format!("more-{language}"), "txt", values(others)?.as_bytes())?;
        let texts = values(texts)?.replace("OTHERS", &format!("{} {}", others.url, others.integrity));
        first.push((language.into(), folder.add(&format!("text-{language}"), "txt", texts.as_bytes())?));
    }

    let page = compile::page(&mut folder)?;
    let script = folder.add("page", "js", files::lean_script(&page.script)?.as_bytes())?;
    let module = folder.add("page", "wasm", &page.module)?;
    let boot = files::lean_script(&source("assets/boot.js")?)?;
    ensure!(!boot.contains("</script"), "boot.js would end its element");
    let style = folder.add("page", "css", files::without_comments(&source("assets/page.css")?).as_bytes())?;
    let looks = files::without_comments(&source("assets/later.css")?);
    first.push(("looks".into(), folder.add("later", "css", looks.as_bytes())?));
    let icon = folder.add("icon", "svg", icon_source.as_bytes())?;
    let manifest = source("assets/manifest.webmanifest")?.replace("ICON", &icon.url);
    later.push(("manifest".into(), folder.add("manifest", "webmanifest", manifest.as_bytes())?));

    let lines = later.iter().map(|(name, Named { url, integrity })| format!("{name} {url} {integrity}\n"));
    first.push(("files".into(), folder.add("files", "txt", lines.collect::<String>().as_bytes())?));

    let mut head = vec![
        format!(r#"<link rel="stylesheet" {}>"#, style.tied("href")),
        format!(r#"<link rel="icon" type="image/svg+xml" {}>"#, icon.tied("href")),
        format!(r#"<link rel="modulepreload" {}>"#, script.tied("href")),
        format!(r#"<link rel="preload" as="fetch" crossorigin {}>"#, module.tied("href")),
    ];
    let declared = [("script".into(), script), ("module".into(), module)].into_iter().chain(first);
    head.extend(declared.map(|(name, Named { url, integrity })| {
        format!(r#"<meta name="file" content="{name}" data-url="{url}" data-integrity="{integrity}">"#)
    }));
    // The server's policy lets this one script run inside the page, by its hash: the page waits for no file before it
    // starts. It stands where everything that it looks for is there already.
    let boot = format!("<script type=\"module\" async>\n{boot}</script>");
    let mut html = source("index.html")?;
    for (place, what) in [("<!-- files -->", head.join("\n    ")), ("<!-- boot -->", boot)] {
        ensure!(html.matches(place).count() == 1, "index.html has not one {place}");
        html = html.replace(place, &what);
    }
    check(&html)?;
    folder.write("index.html", html.as_bytes())?;
    folder.write("service-worker.js", service_worker(&folder, &source("assets/service-worker.js")?)?.as_bytes())?;
    Ok(Page { hash: folder.finish()? })
}

/// The script that keeps the page in the browser: told every file and its integrity, and a name for this version.
fn service_worker(folder: &Folder, template: &str) -> Result<String> {
    let files = folder.all()?;
    let names: Vec<String> = files
        .iter()
        .map(|Named { url, integrity }| {
            format!("  [\"{}\", \"{integrity}\"],\n", if url == "/index.html" { "/" } else { url })
        })
        .collect();
    let version = files::version(&files);
    let place = "/* files */";
    ensure!(template.matches(place).count() == 1, "service-worker.js has no place for the names of files");
    Ok(template.replace(place, &format!("const VERSION = \"{version}\";\nconst FILES = [\n{}];", names.concat())))
}

/// The texts of a language without their names and without comments, in the order of the file: line by line what
/// `frontend::text` reads. That the order is the right one is tested there.
fn values(texts: &str) -> Result<String> {
    let lines = texts.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let values = lines.map(|line| line.split_once(" = ").map(|(_, text)| text).context(line.to_owned()));
    Ok(values.collect::<Result<Vec<_>>>()?.join("\n"))
}

/// What must hold for the policy that the page is served under.
fn check(html: &str) -> Result<()> {
    let inline =
        html.split("<script").skip(1).filter(|script| !script.split('>').next().unwrap_or_default().contains("src="));
    ensure!(inline.count() == 1, "another script than boot.js is inline");
    ensure!(!html.contains("<style") && !html.contains(" style="), "index.html has inline styles");
    Ok(())
}

pub(crate) use self::files::transfer_size;

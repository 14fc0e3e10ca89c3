//! Generates `Msg` and the list of languages from `frontend/texts`, for `src/text/table.rs`; and has the linker keep
//! its relocations where the page is to be split, since wasm-split works on them.

use std::fmt::Write;
use std::path::Path;
use std::{env, error, fs};

use texts::{Catalog, FIRST, LATER};

fn main() -> Result<(), Box<dyn error::Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    // A folder stands for all files in it: a new one counts as a change.
    println!("cargo::rerun-if-changed=texts");
    let catalog = Catalog::read(Path::new("texts"))?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("texts.rs"), table(&catalog)?)?;

    let is_split = env::var_os("CARGO_FEATURE_SPLIT").is_some();
    let is_wasm = env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32");
    if is_split && is_wasm {
        println!("cargo::rustc-link-arg-bin=frontend=--emit-relocs");
    }
    Ok(())
}

/// Rust source: the keys, the languages, and for tests the lines that the page fetches.
fn table(catalog: &Catalog) -> Result<String, Box<dyn error::Error>> {
    let english = catalog.languages().next().ok_or("no language")?;
    let mut rust = String::from(
        "/// The texts that the page fetches, by the keys in `frontend/texts`, in the order of their lines.\n\
         #[derive(Clone, Copy, Debug, PartialEq, Eq)]\npub enum Msg {\n",
    );
    let keys: Vec<&str> = catalog.keys(FIRST).chain(catalog.keys(LATER)).collect();
    for key in &keys {
        // An editor shows what the text says.
        writeln!(rust, "    #[doc = {:?}]\n    {key},", format!("`{}`", catalog.text(english, key)))?;
    }
    writeln!(rust, "}}\n\nconst COUNT: usize = {};\n", keys.len())?;

    let languages = catalog.languages();
    let named: Vec<_> = languages.map(|it| (it.tag.as_str(), catalog.text(it, "LanguageName"))).collect();
    writeln!(rust, "/// The languages: tags (RFC 5646), and what each calls itself. English comes first.")?;
    writeln!(rust, "pub const LANGUAGES: [(&str, &str); {}] = {named:?};\n", named.len())?;

    let languages = catalog.languages();
    let lines: Vec<_> = languages.map(|it| (&it.tag, catalog.lines(it, FIRST), catalog.lines(it, LATER))).collect();
    writeln!(rust, "/// Each language's tag, and its two files as the page fetches them.")?;
    writeln!(rust, "#[cfg(test)]\npub(crate) const FILES: [(&str, &str, &str); {}] = {lines:?};", lines.len())?;
    Ok(rust)
}

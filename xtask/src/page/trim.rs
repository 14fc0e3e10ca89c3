//! Makes modules and their scripts smaller without changing what they do.

use anyhow::{Result, ensure};
use wasm_encoder::reencode::{self, Reencode, utils};
use wasm_encoder::{CustomSection, ExportSection, ImportSection, Module};

use super::compile::Compiled;

/// Encodes a module anew: numbers in their shortest form (a linker that keeps relocations pads them to five octets), no
/// sections that are for tools only, and imports of a script renamed.
struct Trim {
    /// The script, as imports name it, and the names of what is taken from it, in the order of their new names.
    renamed: Option<(String, Vec<String>)>,
}

impl Reencode for Trim {
    type Error = std::convert::Infallible;

    fn parse_custom_section(
        &mut self,
        _: &mut Module,
        _: wasmparser::CustomSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        Ok(())
    }

    fn parse_imports(
        &mut self,
        section: &mut ImportSection,
        imports: wasmparser::Imports<'_>,
    ) -> Result<(), reencode::Error> {
        if let wasmparser::Imports::Single(_, import) = &imports
            && let Some((script, names)) = &mut self.renamed
            && import.module == script
        {
            let name = short(names.len());
            names.push(import.name.to_owned());
            section.import(import.module, &name, self.entity_type(import.ty)?);
            return Ok(());
        }
        utils::parse_imports(self, section, imports)
    }
}

/// Takes out what a dependency offers to scripts and this page's never calls: the streams that leptos's server functions
/// would need. wasm-bindgen keeps all that is exported, and with it all that this needs.
struct Uncalled;

/// How the names of what is never called begin or go on, in small letters.
const UNCALLED: &str = "intounderlying";

/// The section in which wasm-bindgen keeps what its macros have seen: pairs of a version and a description, each behind
/// its length in four octets, the lowest first.
const DESCRIPTIONS: &str = "__wasm_bindgen_unstable";

impl Reencode for Uncalled {
    type Error = std::convert::Infallible;

    fn parse_export(
        &mut self,
        exports: &mut ExportSection,
        export: wasmparser::Export<'_>,
    ) -> Result<(), reencode::Error> {
        if export.name.to_lowercase().contains(UNCALLED) {
            return Ok(());
        }
        utils::parse_export(self, exports, export)
    }

    fn parse_custom_section(
        &mut self,
        module: &mut Module,
        section: wasmparser::CustomSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        let kept = match section.name() {
            DESCRIPTIONS => called(section.data()),
            _ => section.data().to_vec(),
        };
        module.section(&CustomSection { name: section.name().into(), data: kept.into() });
        Ok(())
    }
}

/// The descriptions of what is called.
fn called(mut descriptions: &[u8]) -> Vec<u8> {
    let mut item = || {
        let (length, rest) = descriptions.split_first_chunk()?;
        let (item, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        descriptions = rest;
        Some([&length[..], item].concat())
    };
    let mut kept = Vec::new();
    while let Some((version, description)) = item().zip(item()) {
        if !String::from_utf8_lossy(&description).to_lowercase().contains(UNCALLED) {
            kept.extend([version, description].concat());
        }
    }
    kept
}

/// A module without what is never called. It is for wasm-bindgen, which then cuts off what only that needed.
pub(super) fn without_uncalled(module: &[u8]) -> Result<Vec<u8>> {
    encode(&mut Uncalled, module)
}

fn encode(reencode: &mut impl Reencode<Error = std::convert::Infallible>, module: &[u8]) -> Result<Vec<u8>> {
    let mut encoded = Module::new();
    reencode.parse_core_module(&mut encoded, wasmparser::Parser::new(0), module)?;
    Ok(encoded.finish())
}

/// Trims a module.
pub(super) fn module(module: &[u8]) -> Result<Vec<u8>> {
    encode(&mut Trim { renamed: None }, module)
}

/// Trims a module and its script. wasm-bindgen's names for what the one takes from the other are long and unlike: here
/// they become short, on both sides.
pub(super) fn bound(compiled: &mut Compiled, name: &str) -> Result<()> {
    let mut trim = Trim { renamed: Some((format!("./{name}_bg.js"), Vec::new())) };
    compiled.module = encode(&mut trim, &compiled.module)?;
    let (_, names) = trim.renamed.unwrap_or_default();
    let mut script = script(&compiled.script);
    for (index, name) in names.iter().enumerate() {
        let (old, new) = (format!("\n{name}: "), format!("\n{}: ", short(index)));
        ensure!(script.matches(&old).count() == 1, "wasm-bindgen has changed: not once {name}");
        script = script.replace(&old, &new);
    }
    compiled.script = script;
    Ok(())
}

/// A name of our own, the shortest for low numbers.
fn short(index: usize) -> String {
    format!("_{index:x}")
}

/// A script without indentation and without comments that have lines of their own. wasm-bindgen's scripts have no text
/// that spans lines.
fn script(text: &str) -> String {
    let mut kept = String::new();
    let mut in_comment = false;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        in_comment |= line.starts_with("/*");
        if !in_comment && !line.starts_with("//") {
            kept.push_str(line);
            kept.push('\n');
        }
        in_comment &= !line.ends_with("*/");
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_tools_sections_are_gone() {
        let types = [&b"\0asm\x01\0\0\0"[..], &[1, 0x84, 0x80, 0, 1, 0x60, 0, 0], &[0, 5, 4], b"name"].concat();
        assert_eq!(module(&types).unwrap(), b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0");
        assert!(module(&types[..12]).is_err());
    }

    #[test]
    fn what_is_never_called_is_not_described() {
        let item = |text: &str| [&u32::try_from(text.len()).unwrap().to_le_bytes()[..], text.as_bytes()].concat();
        let pair = |text| [item("{\"version\":1}"), item(text)].concat();
        let all = [pair("fetch"), pair("IntoUnderlyingSink_write"), pair("start")].concat();
        assert_eq!(called(&all), [pair("fetch"), pair("start")].concat());
        assert_eq!(called(&[]), [0; 0]);
    }

    #[test]
    fn names_become_short_on_both_sides() {
        let imports: Vec<u8> =
            [&[2][..], &[9], b"./a_bg.js", &[8], b"__long_1", &[0, 0], &[3], b"far", &[5], b"other", &[0, 0]].concat();
        let length = u8::try_from(imports.len()).unwrap();
        let types = &[1, 4, 1, 0x60, 0, 0][..];
        let module = [b"\0asm\x01\0\0\0", types, &[2, length], &imports].concat();
        let mut compiled = Compiled { script: "const i = {\n  // c\n  __long_1: f,\n};\n".into(), module };
        bound(&mut compiled, "a").unwrap();
        assert_eq!(compiled.script, "const i = {\n_0: f,\n};\n");
        let text = String::from_utf8_lossy(&compiled.module).into_owned();
        assert!(text.contains("./a_bg.js") && text.contains("_0") && !text.contains("__long"), "{text:?}");
        assert!(text.contains("far") && text.contains("other"));
        compiled.script = "nothing of that name".into();
        assert!(bound(&mut compiled, "a").is_err());
    }
}

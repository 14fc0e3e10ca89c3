//! What a backup's file is made of: one page with script, WebAssembly and styles inside, and places for the backup and
//! for the words, which the page fills in (`frontend::keyring::backup::page`).
//!
//! Its policy, inside the document, lets it run this script and these styles and request nothing.

use anyhow::{Result, ensure};
use base64ct::{Base64, Encoding};

use super::compile::Compiled;
use super::files::{integrity, lean_script, without_comments};

/// Starts the WebAssembly that stands in the script.
const START: &str = "__wbg_init({ module_or_path: Uint8Array.from(atob('MODULE'), (octet) => octet.charCodeAt(0)) })\
    .catch(() => { document.getElementById('no-start').hidden = false; });\n";

/// Puts the page together.
pub(super) fn template(compiled: &Compiled, html: &str, css: &str, icon: &str) -> Result<String> {
    let start = START.replace("MODULE", &Base64::encode_string(&compiled.module));
    let script = lean_script(&format!("{}{start}", compiled.script))?;
    let style = without_comments(css);
    for (inside, ends) in [(&script, "</script"), (&script, "<!--"), (&style, "</style")] {
        ensure!(!inside.contains(ends), "the opener's page would end at {ends}");
    }
    let mut page = html.to_owned();
    for (place, what) in [
        ("SCRIPT", integrity(script.as_bytes())),
        ("STYLE", integrity(style.as_bytes())),
        ("ICON", Base64::encode_string(icon.as_bytes())),
        ("<!-- style -->", style),
        ("<!-- script -->", script),
    ] {
        ensure!(page.matches(place).count() == 1, "opener.html has not one {place}");
        page = page.replace(place, &what);
    }
    for place in ["<!-- texts -->", "<!-- backup -->"] {
        ensure!(page.matches(place).count() == 1, "opener.html has not one {place}");
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTML: &str = "'SCRIPT' 'STYLE' ICON <style><!-- style --></style><!-- texts --><!-- backup --><script><!-- script --></script>";

    #[test]
    fn everything_is_inside_and_let_run_by_its_hash() {
        let compiled = |script: &str| Compiled { script: script.into(), module: b"\0asm".to_vec() };
        let page = template(&compiled("// a\n1;\n"), HTML, "/* b */\np { }", "<svg/>").unwrap();
        let (_, script) = page.split_once("<script>").unwrap();
        let script = script.strip_suffix("</script>").unwrap();
        assert!(script.starts_with("1;\n__wbg_init({ module_or_path: Uint8Array.from(atob('AGFzbQ=='),"), "{script}");
        assert!(
            page.starts_with(&format!(
                "'{}' '{}' PHN2Zy8+ <style>p {{ }}</style>",
                integrity(script.as_bytes()),
                integrity(b"p { }")
            )),
            "{page}"
        );
        assert!(template(&compiled("'</script>'"), HTML, "", "").is_err());
        assert!(template(&compiled("1;"), &HTML.replace("<!-- texts -->", ""), "", "").is_err());
    }
}

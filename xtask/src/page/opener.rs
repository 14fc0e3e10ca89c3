//! The template of a backup's file: one document with script, WebAssembly and styles inside, and places for the backup
//! and the texts, which the page fills in (`frontend::keyring::backup::page`).
//!
//! Its content security policy allows this script and these styles, and no request.

use anyhow::{Result, ensure};
use base64ct::{Base64, Encoding};

use super::files::integrity;

/// Starts the WebAssembly that stands in the script. If it does not start, the file says so in its own language.
const START: &str = "__wbg_init({ module_or_path: Uint8Array.from(atob('MODULE'), (byte) => byte.charCodeAt(0)) })\
    .catch(() => {
  let lang = 'en';
  try { ({ lang } = JSON.parse(document.getElementById('texts').textContent)); } catch { /* The file was changed. */ }
  const message = document.getElementById('no-start');
  message.replaceChildren([...message.children].find((version) => version.lang === lang) ?? message.firstElementChild);
  message.hidden = false;
});
";

/// Assembles the template from wasm-bindgen's script, its module, and the sources of document, style and icon.
pub(super) fn template(script: &str, module: &[u8], html: &str, style: &str, icon: &str) -> Result<String> {
    let script = script.to_owned() + &START.replace("MODULE", &Base64::encode_string(module));
    for (inside, ends) in [(script.as_str(), "</script"), (script.as_str(), "<!--"), (style, "</style")] {
        ensure!(!inside.contains(ends), "{ends} in the script or style would end the opener's element");
    }
    let mut page = html.to_owned();
    for (place, what) in [
        ("SCRIPT", integrity(script.as_bytes())),
        ("STYLE", integrity(style.as_bytes())),
        ("ICON", Base64::encode_string(icon.as_bytes())),
        ("<!-- style -->", style.to_owned()),
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
    fn template_holds_everything_and_allows_it_by_hash() {
        let page = template("1;\n", b"\0asm", HTML, "p { }", "<svg/>").unwrap();
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
        assert!(template("'</script>'", b"", HTML, "", "").is_err());
        assert!(template("1;", b"", &HTML.replace("<!-- texts -->", ""), "", "").is_err());
    }
}

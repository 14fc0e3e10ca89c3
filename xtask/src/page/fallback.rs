//! Texts for when no script runs, or the page does not start: the build writes them into `index.html` and into a
//! backup's file in every language. A script that can choose one removes the others (`assets/boot.js`,
//! [`super::opener`]).

use anyhow::{Context, Result, bail};
use texts::Catalog;

/// A placeholder in a document contains the key of a paragraph, or the keys of a heading and a paragraph.
const BEGIN: &str = "<!-- in every language: ";
const END: &str = " -->";

/// Replaces each placeholder by an element with the attribute `lang` for each language, English first.
pub(super) fn fill(html: &str, catalog: &Catalog) -> Result<String> {
    let mut parts = html.split(BEGIN);
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (keys, rest) = part.split_once(END).with_context(|| format!("`{BEGIN}` without its end"))?;
        for language in catalog.languages() {
            let text = |key: &str| match catalog.text(language, key) {
                "" => bail!("no text is called {key}"),
                text => Ok(markup(text)),
            };
            let tag = &language.tag;
            filled += &match keys.split(' ').collect::<Vec<_>>()[..] {
                [paragraph] => format!(r#"<p lang="{tag}">{}</p>"#, text(paragraph)?),
                [heading, paragraph] => {
                    format!(r#"<div lang="{tag}"><h1>{}</h1><p>{}</p></div>"#, text(heading)?, text(paragraph)?)
                }
                _ => bail!("neither one text nor two: {keys}"),
            };
        }
        filled += rest;
    }
    Ok(filled)
}

/// A text as HTML, with what stands between backticks as code.
fn markup(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut html = String::new();
    for (place, part) in escaped.split('`').enumerate() {
        html += &if place % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() };
    }
    html
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::shell::root;

    fn catalog() -> Catalog {
        Catalog::read(&root().join("frontend/texts")).unwrap()
    }

    #[test]
    fn documents_say_every_text_in_every_language() {
        let catalog = catalog();
        let mut documents = Vec::new();
        for name in ["index.html", "assets/opener.html"] {
            let html = fs::read_to_string(root().join(name)).unwrap();
            let places = html.matches(BEGIN).count();
            let filled = fill(&html, &catalog).unwrap();
            assert!(places > 0 && !filled.contains(BEGIN), "{name}");
            for language in catalog.languages() {
                let tag = format!("<p lang=\"{0}\">|<div lang=\"{0}\">", language.tag);
                let versions: usize = tag.split('|').map(|tag| filled.matches(tag).count()).sum();
                assert_eq!(versions, places, "{name}, {}", language.tag);
            }
            documents.push(filled);
        }
        for key in catalog.keys(texts::DOCUMENT).filter(|key| *key != "LanguageName") {
            for language in catalog.languages() {
                let text = markup(catalog.text(language, key));
                assert!(documents.iter().any(|html| html.contains(&text)), "no document has {key}");
            }
        }
    }

    #[test]
    fn keys_without_text_are_refused() {
        for html in [
            "<!-- in every language: Unknown -->",
            "<!-- in every language: NoWasm",
            "<!-- in every language: A B C -->",
        ] {
            assert!(fill(html, &catalog()).is_err(), "{html}");
        }
    }

    #[test]
    fn text_is_no_markup_but_for_code() {
        assert_eq!(
            markup("a < b & c: `<https>`, or `x`"),
            "a &lt; b &amp; c: <code>&lt;https&gt;</code>, or <code>x</code>"
        );
    }
}

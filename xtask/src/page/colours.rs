//! Ties the files that repeat colours to `assets/page.css`, where they are defined.

use std::collections::BTreeMap;
use std::fs;

use crate::shell::root;

fn source(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// The custom properties of the first rule for `:root`, and their values.
fn properties(css: &str) -> BTreeMap<&str, &str> {
    let rule = css.split_once(":root {").and_then(|(_, rest)| rest.split_once('}')).unwrap().0;
    let declarations = rule.split(';').filter_map(|it| it.trim().split_once(": "));
    declarations.filter(|(name, _)| name.starts_with("--")).collect()
}

/// The values of a property of the page in light and in dark.
fn light_and_dark<'a>(page: &BTreeMap<&str, &'a str>, name: &str) -> [&'a str; 2] {
    let value = page.get(name).unwrap_or_else(|| panic!("page.css has no {name}"));
    let pair = value.strip_prefix("light-dark(").and_then(|rest| rest.strip_suffix(')')?.split_once(", "));
    let (light, dark) = pair.unwrap_or((value, value));
    [light, dark]
}

#[test]
fn backup_files_have_the_colours_of_the_page() {
    let (page, opener) = (source("assets/page.css"), source("assets/opener.css"));
    let page = properties(&page);
    let (light, dark) = opener.split_once("@media (prefers-color-scheme: dark)").unwrap();
    let (light, dark) = (properties(light), properties(dark));
    assert!(light.len() > 10 && dark.len() > 9, "{light:?} {dark:?}");
    for (place, found) in [light, dark].into_iter().enumerate() {
        for (name, value) in found {
            assert_eq!(value, light_and_dark(&page, name)[place], "opener.css, {name}");
        }
    }
}

#[test]
fn browser_chrome_has_the_colours_of_the_page() {
    let css = source("assets/page.css");
    let page = properties(&css);
    let [ground, dark_ground] = light_and_dark(&page, "--ground");
    let [accent, _] = light_and_dark(&page, "--accent");
    let (html, manifest) = (source("index.html"), source("assets/manifest.webmanifest"));
    for (scheme, colour) in [("light", ground), ("dark", dark_ground)] {
        let line = format!(r#"<meta name="theme-color" media="(prefers-color-scheme: {scheme})" content="{colour}">"#);
        assert!(html.contains(&line), "index.html has no {line}");
    }
    for (name, colour) in [("background_color", ground), ("theme_color", accent)] {
        let line = format!(r#""{name}": "{colour}""#);
        assert!(manifest.contains(&line), "the manifest has no {line}");
    }
}

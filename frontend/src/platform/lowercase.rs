//! Lower case by the browser, so that the page and the workers need no tables for it.

use js_sys::JsString;

#[must_use]
pub fn lower_case(text: &str) -> String {
    JsString::from(text).to_lower_case().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::browser_test::test;

    #[test]
    fn the_browsers_lower_case_is_rusts() {
        for text in ["", "Ada", "ÅSA", "ΟΔΥΣΣΕΥΣ", "İstanbul", "ΣΑΣ.", "ǅ", "Ⅷ", "𐐀", "ẞ", "\u{212a}", "😀"]
        {
            assert_eq!(lower_case(text), text.to_lowercase());
        }
    }
}

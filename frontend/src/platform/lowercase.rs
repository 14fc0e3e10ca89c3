//! Lower case by the browser. Rust's tables for it would make the page and the workers larger.

use js_sys::JsString;

pub fn lower_case(text: &str) -> String {
    JsString::from(text).to_lower_case().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::browser_test::test;

    #[test]
    fn lower_case_equals_rusts() {
        for text in ["", "Ada", "ÅSA", "ΟΔΥΣΣΕΥΣ", "İstanbul", "ΣΑΣ.", "ǅ", "Ⅷ", "𐐀", "ẞ", "\u{212a}", "😀"]
        {
            assert_eq!(lower_case(text), text.to_lowercase());
        }
    }
}

//! Measurements of `cargo xtask bench`: the crate `generator`, compiled as the page compiles it, fed by
//! the browser's randomness as the page feeds it.

use generator::Plan as _;
use generator::characters::{Plan, Rules};
use generator::random::Source;
use getrandom::SysRng;
use wasm_bindgen::prelude::*;

/// The page's usual rules, 30 characters of 94 with each class guaranteed, and bytes fetched ahead: few for one
/// password, many for thousands.
#[wasm_bindgen]
pub struct Minting {
    plan: Plan,
    few: Source<SysRng>,
    many: Source<SysRng>,
}

#[wasm_bindgen]
impl Minting {
    /// Counts the rules.
    ///
    /// # Errors
    /// None, as long as the usual rules allow a password.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Result<Self, JsError> {
        Ok(Self { plan: Plan::new(&Rules::default())?, few: Source::new(SysRng), many: Source::bulk(SysRng) })
    }

    /// One password.
    ///
    /// # Errors
    /// If the browser has no randomness.
    pub fn one(&mut self) -> Result<JsValue, JsError> {
        Ok(JsValue::from_str(self.plan.mint(&mut self.few)?.expose()))
    }

    /// Mints this number of passwords, one a line.
    ///
    /// # Errors
    /// If the browser has no randomness.
    pub fn lines(&mut self, count: usize) -> Result<Vec<u8>, JsError> {
        let mut lines = String::with_capacity(count * (self.plan.max_bytes() + 1));
        for _ in 0..count {
            self.plan.mint_into(&mut self.many, &mut lines)?;
            lines.push('\n');
        }
        Ok(lines.into_bytes())
    }
}

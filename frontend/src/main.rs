//! The page's WebAssembly. `assets/boot.js` starts it with [`frontend::ui::start`], once the texts are there too.

#[cfg(target_arch = "wasm32")]
use frontend as _;

fn main() {}

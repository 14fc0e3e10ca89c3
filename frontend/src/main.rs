//! The page's WebAssembly: starts it.

fn main() {
    #[cfg(target_arch = "wasm32")]
    frontend::ui::mount();
}

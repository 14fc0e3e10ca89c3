//! The keyring's WebAssembly: starts the worker.

fn main() {
    #[cfg(target_arch = "wasm32")]
    frontend::workers::serve::keyring();
}

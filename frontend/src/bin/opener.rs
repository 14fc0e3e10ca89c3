//! The WebAssembly inside a backup's file: opens the backup.

fn main() {
    #[cfg(target_arch = "wasm32")]
    frontend::opener::run();
}

//! Builds anew when the page that is embedded has changed: `cargo xtask` names it by its hash.

fn main() {
    println!("cargo::rerun-if-env-changed=PASSMINT_PAGE_HASH");
}

//! The functions that load the later parts of the page: vault, rules, tools and management. No other file names those
//! parts. With the feature `split` (release builds), wasm-split splits the module at these functions; without it, the
//! page is one module and every part loads at once.

#[cfg(feature = "split")]
use wasm_split_helpers::wasm_split;

use super::lazy_parts::{Loaders, NotLoaded, RulesPart, ToolsPart, VaultPart};

pub(super) const LOADERS: Loaders = Loaders {
    vault: || Box::pin(vault()),
    rules: || Box::pin(rules()),
    tools: || Box::pin(tools()),
    manage: || Box::pin(manage()),
};

/// Declares the function that loads a part: an `async fn` that gives the function which sets the part up.
macro_rules! lazy_part {
    ($name:ident -> $part:ty $body:block) => {
        #[cfg(feature = "split")]
        #[wasm_split($name, fallible)]
        fn $name() -> Result<fn() -> $part, NotLoaded> $body

        #[cfg(not(feature = "split"))]
        async fn $name() -> Result<fn() -> $part, NotLoaded> $body
    };
}

lazy_part!(vault -> VaultPart { Ok(crate::ui::vault::part) });
lazy_part!(rules -> RulesPart {
    after_vault();
    Ok(crate::ui::rules::part)
});
lazy_part!(tools -> ToolsPart {
    after_vault();
    Ok(crate::ui::tools::part)
});
lazy_part!(manage -> ToolsPart {
    after_vault();
    Ok(crate::ui::manage::part)
});

/// References the vault's part from another part. The vault always loads first. Functions that a part shares with it
/// then stay in one file with the vault, instead of one file for each combination of parts.
fn after_vault() {
    std::hint::black_box(crate::ui::vault::part as fn() -> VaultPart);
}

//! Names of entries.

use shared::limits::NAME_MAX;

/// The fault of a text that cannot be a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameFault {
    /// It is empty after trimming.
    Empty,
    /// Longer than [`NAME_MAX`] characters.
    TooLong { length: usize },
}

/// The name without the spaces around it: 1 to [`NAME_MAX`] characters (Unicode scalar values).
///
/// # Errors
/// [`NameFault`] if nothing or too much is left.
pub fn check(text: &str) -> Result<&str, NameFault> {
    let name = text.trim();
    match name.chars().count() {
        0 => Err(NameFault::Empty),
        1..=NAME_MAX => Ok(name),
        length => Err(NameFault::TooLong { length }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_out_of_limits_is_refused() {
        assert_eq!(check("  GitHub\n"), Ok("GitHub"));
        assert_eq!(check(" \t"), Err(NameFault::Empty));
        assert_eq!(check(""), Err(NameFault::Empty));
        let longest = "漢".repeat(255);
        assert_eq!(check(&longest), Ok(longest.as_str()));
        assert_eq!(check(&"漢".repeat(256)), Err(NameFault::TooLong { length: 256 }));
        assert_eq!(check(&format!(" {longest} ")), Ok(longest.as_str()), "spaces around do not count");
    }
}

//! The plan: rules that were checked and counted, and that passwords are minted by.

use num_bigint::BigUint;

use crate::bits::Bits;
use crate::password::Password;
use crate::random::{Choose, RandomnessError};

/// Mints passwords uniformly from all that its rules allow, and counts these.
///
/// Each kind of password has a plan of its own. Callers that handle every kind hold a `dyn Plan`: a page can then load
/// the code of a kind when somebody first asks for that kind.
pub trait Plan: Send + Sync {
    /// The number of passwords that the rules allow, exactly.
    fn count(&self) -> BigUint;

    /// The bytes of the longest password.
    fn max_bytes(&self) -> usize;

    /// Mints one password at the end of a text, for thousands of them. If `out` has [`Plan::max_bytes`] of capacity
    /// left, nothing is allocated. Otherwise it grows, and leaves an unwiped copy of its text in freed memory.
    ///
    /// # Errors
    /// [`RandomnessError`] if the source of randomness fails; `out` is unchanged then.
    fn mint_into(&self, choose: &mut dyn Choose, out: &mut String) -> Result<(), RandomnessError>;

    /// The strength of every password of this plan: the base-2 logarithm of [`Plan::count`].
    fn bits(&self) -> Bits {
        Bits::of(&self.count())
    }

    /// Mints one password.
    ///
    /// # Errors
    /// [`RandomnessError`] if the source of randomness fails; nothing is minted then.
    fn mint(&self, choose: &mut dyn Choose) -> Result<Password, RandomnessError> {
        // A text that grows would leave a copy behind.
        let mut password = Password::with_capacity(self.max_bytes());
        self.mint_into(choose, password.text_mut())?;
        Ok(password)
    }
}

//! Keyrings for the outbox's simulation: their vault is open, without a log-in.

use rand_core_06::{CryptoRng, RngCore};
use shared::changes::SealedHead;
use shared::ids::AccountId;

use super::Keyring;
use super::head::digest;
use super::keys::{KEY_LEN, KeySet, VaultKey, VaultKeys};
use super::protocol::entry::EntryUpdate;
use super::seal::Head;
use super::vault::Vault;

fn key_set(number: u32) -> KeySet {
    let byte = u8::try_from(number).unwrap();
    KeySet::new(AccountId::from_random([1; 16]), number, VaultKey::from_bytes([byte; KEY_LEN]))
}

/// A keyring with an open vault whose current key has this number.
pub(crate) fn keyring_with<R: RngCore + CryptoRng>(random: R, number: u32) -> Keyring<R> {
    let mut keys = VaultKeys::new(key_set(1));
    for next in 2..=number {
        keys.replace(key_set(next));
    }
    let mut keyring = Keyring::new(random, str::to_lowercase);
    keyring.vault = Some(Vault::new(keys));
    keyring
}

/// The head of a vault without entries, under its first key.
pub(crate) fn new_vault_head(random: &mut (impl RngCore + CryptoRng)) -> Vec<u8> {
    let head = Head { change_no: 0, digest: digest(std::iter::empty()) };
    key_set(1).seal_head(&head, random).unwrap().as_bytes().to_vec()
}

impl<R: RngCore + CryptoRng> Keyring<R> {
    /// The head that a new vault key of this number replaces, and the new one; none if the vault is in doubt.
    pub(crate) fn next_heads(&mut self, number: u32) -> Option<(SealedHead, SealedHead)> {
        let (replaces, head) = self.vault.as_ref()?.head_under(&key_set(number), &mut self.random).ok()?;
        Some((replaces?, head))
    }

    /// Makes the key of this number the current one, once the server has it with this head.
    pub(crate) fn use_key(&mut self, number: u32, head: &SealedHead) -> EntryUpdate {
        self.vault.as_mut().unwrap().replace_key(key_set(number), head, &mut self.random)
    }
}

//! Format 1 of an encrypted backup, and the file that carries it.
//!
//! A backup is one flat JSON object, and the file is an HTML page that opens it: `cargo xtask page` makes that page
//! with two placeholders, for the backup and for the texts, which [`page`] fills in.
//!
//! | member | what |
//! |---|---|
//! | `passmint-backup` | format, 1 |
//! | `kdf` | `argon2id`: version 1.3, of the passphrase in UTF-8 and normalisation form C (RFC 9106) |
//! | `memory_kib`, `passes`, `lanes` | its costs |
//! | `salt` | 16 random bytes |
//! | `nonce` | 24 random bytes |
//! | `sealed` | XChaCha20-Poly1305 of the padded text, then the tag of 16 |
//!
//! Bytes are base64url without padding. The padded text is its length (4 bytes, big-endian), the text (UTF-8), and
//! zeros up to the next multiple of 64 KiB, so that a file tells the size of a vault only roughly, to some hundred
//! entries. The associated data is `passmint-backup`, the format (1 byte), memory, passes and lanes (4 each,
//! big-endian) and the salt.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use rand_core_06::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use shared::bytes::Base64Url;
use shared::kdf::Costs;
use zeroize::Zeroizing;

use super::argon2::derive_key;
use super::json;
use super::keys::NONCE_LEN;
use super::protocol::KeyringError;
use super::seal::{pad_to, unpad};
use crate::secret::Secret;

/// The format that is written, and the only one that is read.
const FORMAT: u8 = 1;
const KDF: &str = "argon2id";
const SALT_LEN: usize = 16;
/// Padded texts are a multiple of this, in bytes.
const BUCKET: usize = 64 * 1024;

/// The first member's name, by which a backup is recognised.
const MARK: &str = "passmint-backup";

/// A backup as it is written. A missing member is read as 0 or empty, which [`open`] refuses.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Backup {
    #[serde(rename = "passmint-backup")]
    format: u32,
    kdf: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: Base64Url,
    nonce: Base64Url,
    sealed: Base64Url,
}

/// Seals a text. The passphrase is in normalisation form C.
///
/// # Errors
/// [`KeyringError::TooLarge`] if the text has 4 GiB or more, [`KeyringError::Costs`] if this device lacks the memory.
pub fn seal(
    passphrase: &Secret,
    text: &Secret,
    random: &mut (impl RngCore + CryptoRng),
) -> Result<String, KeyringError> {
    seal_at(Costs::STANDARD, passphrase, text, random)
}

pub(super) fn seal_at(
    costs: Costs,
    passphrase: &Secret,
    text: &Secret,
    random: &mut (impl RngCore + CryptoRng),
) -> Result<String, KeyringError> {
    let (mut salt, mut nonce) = ([0; SALT_LEN], [0; NONCE_LEN]);
    random.fill_bytes(&mut salt);
    random.fill_bytes(&mut nonce);
    let padded = pad_to(text.expose().as_bytes(), |needed| needed.checked_next_multiple_of(BUCKET))?;
    let payload = Payload { msg: &padded, aad: &associated_data(costs, &salt) };
    let sealed = cipher(passphrase, &salt, costs)?
        .encrypt(XNonce::from_slice(&nonce), payload)
        .map_err(|_| KeyringError::TooLarge)?;
    let Costs { memory_kib, passes, lanes } = costs;
    let [salt, nonce] = [&salt[..], &nonce].map(|bytes| Base64Url(bytes.to_vec()));
    let (format, sealed) = (FORMAT.into(), Base64Url(sealed));
    json::write(&Backup { format, kdf: KDF.into(), memory_kib, passes, lanes, salt, nonce, sealed })
        .ok_or(KeyringError::TooLarge)
}

/// Opens what [`seal`] wrote.
///
/// # Errors
/// [`KeyringError::NotABackup`] if it is none or truncated, [`KeyringError::UnknownFormat`] if a later version wrote it,
/// [`KeyringError::TooCostly`] if its costs are too high, and [`KeyringError::WrongSecret`] if it does not open: a wrong
/// passphrase and a changed backup look the same.
pub fn open(passphrase: &Secret, backup: &str) -> Result<Secret, KeyringError> {
    let Backup { format, kdf, memory_kib, passes, lanes, salt, nonce, sealed } =
        json::read(backup).ok_or(KeyringError::NotABackup)?;
    // A missing member is read as 0.
    if format == 0 {
        return Err(KeyringError::NotABackup);
    }
    if format != u32::from(FORMAT) || kdf != KDF {
        return Err(KeyringError::UnknownFormat);
    }
    if salt.0.len() != SALT_LEN || nonce.0.len() != NONCE_LEN {
        return Err(KeyringError::NotABackup);
    }
    let costs = Costs { memory_kib, passes, lanes };
    let payload = Payload { msg: &sealed.0, aad: &associated_data(costs, &salt.0) };
    let padded = cipher(passphrase, &salt.0, costs)?
        .decrypt(XNonce::from_slice(&nonce.0), payload)
        .map(Zeroizing::new)
        .map_err(|_| KeyringError::WrongSecret)?;
    let text = unpad(&padded).and_then(|text| str::from_utf8(text).ok()).ok_or(KeyringError::NotADocument)?;
    Ok(Secret::new(text.to_owned()))
}

fn cipher(passphrase: &Secret, salt: &[u8], costs: Costs) -> Result<XChaCha20Poly1305, KeyringError> {
    let key = derive_key(passphrase, salt, costs)?;
    Ok(XChaCha20Poly1305::new(Key::from_slice(key.expose())))
}

fn associated_data(costs: Costs, salt: &[u8]) -> Vec<u8> {
    [MARK.as_bytes(), &[FORMAT], &costs.to_be_bytes(), salt].concat()
}

/// Fills a backup and the page's texts (a JSON object) into the opener's page. `None` if it lacks a placeholder.
pub fn page(template: &str, texts: &str, backup: &str) -> Option<String> {
    let (before, after) = template.split_once("<!-- texts -->")?;
    let (between, after) = after.split_once("<!-- backup -->")?;
    let block = |id: &str, json: &str| {
        // In JSON `<` can stand in strings only (RFC 8259, section 7). Escaped, it cannot end the element or open a
        // comment.
        format!("<script type=\"application/json\" id=\"{id}\">{}</script>", json.replace('<', "\\u003c"))
    };
    Some([before, &block("texts", texts), between, &block("backup", backup), after].concat())
}

/// Finds the backup in a file: an HTML page as [`page`] made it or as a browser saved it later, or the bare JSON.
pub fn find(file: &str) -> Option<&str> {
    file.match_indices(MARK).find_map(|(at, _)| {
        let (before, after) = file.split_at(at);
        // The object is flat: between its opening brace and the name there are a quotation mark and members, no brace.
        let start = before.strip_suffix('"')?.rfind(['{', '}'])?;
        let end = at + after.strip_prefix(MARK)?.strip_prefix('"')?.find(['{', '}'])? + MARK.len() + 1;
        let found = file.get(start..=end)?;
        (found.starts_with('{') && found.ends_with('}')).then_some(found)
    })
}

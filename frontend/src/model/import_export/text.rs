//! Decodes the bytes of a file into text.

use zeroize::Zeroizing;

use super::ImportFault;

/// The first bytes of other kinds of files.
const MAGIC: &[(&[u8], ImportFault)] = &[
    // KeePass 1 and 2: the first of two little-endian numbers.
    (&[0x03, 0xd9, 0xa2, 0x9a], ImportFault::KeePassDatabase),
    (b"PK\x03\x04", ImportFault::Zip),
    (b"PK\x05\x06", ImportFault::Zip),
];

/// The text without its byte order mark: UTF-8 with or without a mark, or UTF-16 with one, which Excel writes as
/// "Unicode text".
pub(super) fn decode(bytes: Vec<u8>) -> Result<Zeroizing<String>, ImportFault> {
    let mut bytes = Zeroizing::new(bytes);
    if let Some((_, fault)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(*fault);
    }
    let text = match bytes.as_slice() {
        [0xff, 0xfe, units @ ..] => utf16(units, u16::from_le_bytes)?,
        [0xfe, 0xff, units @ ..] => utf16(units, u16::from_be_bytes)?,
        _ => {
            if bytes.contains(&0) {
                return Err(ImportFault::Binary);
            }
            if let Err(error) = str::from_utf8(&bytes) {
                let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count();
                return Err(ImportFault::NotUnicode { line });
            }
            let mut text = Zeroizing::new(String::from_utf8(std::mem::take(&mut bytes)).unwrap_or_default());
            if text.starts_with('\u{feff}') {
                text.drain(..'\u{feff}'.len_utf8());
            }
            return Ok(text);
        }
    };
    if text.contains('\0') { Err(ImportFault::Binary) } else { Ok(text) }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Zeroizing<String>, ImportFault> {
    let (pairs, rest) = bytes.as_chunks();
    // A unit of UTF-16 takes at most three bytes of UTF-8, so the text never grows and leaves no copy.
    let mut text = Zeroizing::new(String::with_capacity(3 * pairs.len()));
    let fault = |text: &str| ImportFault::NotUnicode { line: 1 + text.matches('\n').count() };
    for character in char::decode_utf16(pairs.iter().copied().map(unit)) {
        match character {
            Ok(character) => text.push(character),
            Err(_) => return Err(fault(&text)),
        }
    }
    if rest.is_empty() { Ok(text) } else { Err(fault(&text)) }
}

//! Values in the caller's buffers: Oracle's external data types to and from SQLite's values.

use rusqlite::types::Value;

use crate::abi::{bytes, sqlt, text};
use crate::error::{Res, plain, unmodelled};
use crate::number;

/// Number of bytes of a value of a type, if it is the same for all values.
pub fn width(kind: u16) -> Option<usize> {
    match kind {
        sqlt::VNU => Some(22),
        sqlt::INT | sqlt::UIN | sqlt::ODT => Some(8),
        _ => None,
    }
}

/// Reads a value of a type from a buffer. No text and no bytes are NULL.
///
/// # Safety
/// `at` points to `len` bytes of that type.
pub unsafe fn read(kind: u16, at: *const u8, len: usize) -> Res<Value> {
    Ok(match kind {
        sqlt::CHR | sqlt::BIN | sqlt::LBI if len == 0 => Value::Null,
        sqlt::CHR => Value::Text(unsafe { text(at, len) }),
        sqlt::BIN | sqlt::LBI => Value::Blob(unsafe { bytes(at, len) }.to_vec()),
        sqlt::VNU => {
            let coded = unsafe { bytes(at.add(1), at.read().into()) };
            Value::Integer(number::decode(coded).ok_or_else(|| unmodelled("numbers but whole ones of 64 bits"))?)
        }
        sqlt::INT | sqlt::UIN if len == 8 => Value::Integer(unsafe { at.cast::<i64>().read_unaligned() }),
        _ => return Err(unmodelled(&format!("external type {kind} of {len} bytes"))),
    })
}

/// A value that is not NULL, as the caller's type has it.
pub fn to_bytes(kind: u16, value: &Value) -> Res<Vec<u8>> {
    Ok(match (kind, value) {
        (sqlt::CHR, Value::Text(text)) => text.clone().into_bytes(),
        (sqlt::BIN | sqlt::LBI, Value::Blob(bytes)) => bytes.clone(),
        // Oracle converts for a caller that asks for text.
        (sqlt::CHR, Value::Integer(number)) => number.to_string().into_bytes(),
        (sqlt::CHR, Value::Blob(bytes)) => bytes.iter().flat_map(|byte| format!("{byte:02X}").into_bytes()).collect(),
        (sqlt::VNU, number) => {
            let coded = number::encode(whole(number)?);
            [&[coded.len() as u8], coded.as_slice()].concat()
        }
        (sqlt::INT | sqlt::UIN, number) => whole(number)?.to_ne_bytes().to_vec(),
        (sqlt::ODT, Value::Text(text)) => date(text).ok_or_else(|| plain(1843))?,
        _ => return Err(unmodelled(&format!("external type {kind} for {}", value.data_type()))),
    })
}

fn whole(value: &Value) -> Res<i64> {
    if let Value::Integer(number) = value { Ok(*number) } else { Err(plain(1722)) }
}

/// OCIDate, of SQLite's `YYYY-MM-DD HH:MM:SS`: the year in two bytes, the five other parts in one each, and a byte that
/// fills it up.
fn date(text: &str) -> Option<Vec<u8>> {
    let mut parts = text.split(['-', ' ', ':']);
    let mut bytes = parts.next()?.parse::<i16>().ok()?.to_ne_bytes().to_vec();
    for part in parts {
        bytes.push(part.parse().ok()?);
    }
    bytes.push(0);
    (bytes.len() == 8).then_some(bytes)
}

/// Returns true if a text is a date, as SQLite writes it.
pub fn is_date(text: &str) -> bool {
    text.len() == 19 && date(text).is_some()
}

/// Writes a value that is not NULL into a buffer. Answers how many bytes it has.
///
/// # Safety
/// `at` points to `size` bytes that may be written.
pub unsafe fn write(kind: u16, value: &Value, at: *mut u8, size: usize) -> Res<usize> {
    let bytes = to_bytes(kind, value)?;
    if bytes.len() > size {
        return Err(plain(6502));
    }
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), at, bytes.len()) };
    Ok(width(kind).unwrap_or(bytes.len()))
}

//! Values in the caller's memory: Oracle's external data types to and from SQLite's values.

use rusqlite::types::Value;

use crate::abi::{Ptr, bytes, sqlt, text};
use crate::error::{Res, plain, unmodelled};
use crate::number;

/// Number of bytes of a value of a type, if it is the same for all values.
fn width(kind: u16) -> Option<usize> {
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
        (sqlt::VNU, number) => {
            let coded = number::encode(whole(number)?);
            [&[coded.len() as u8], coded.as_slice()].concat()
        }
        (sqlt::INT | sqlt::UIN, number) => whole(number)?.to_ne_bytes().to_vec(),
        (sqlt::ODT, Value::Text(text)) => date(text).ok_or_else(|| unmodelled("this date"))?,
        _ => return Err(unmodelled(&format!("external type {kind} for {}", value.data_type()))),
    })
}

fn whole(value: &Value) -> Res<i64> {
    if let Value::Integer(number) = value { Ok(*number) } else { Err(unmodelled("conversions to numbers")) }
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

/// The caller's arrays with the values of a bind variable or of a column, a row each. Addresses are numbers, because a
/// statement may change threads.
pub struct Memory {
    pub kind: u16,
    values: usize,
    size: usize,
    indicators: usize,
    lengths: usize,
    codes: usize,
}

impl Memory {
    pub fn new(kind: u16, values: Ptr, size: usize, indicators: *mut i16, lengths: *mut u32, codes: *mut u16) -> Self {
        // A type of fixed width needs no lengths.
        let lengths = if width(kind).is_some() { 0 } else { lengths as usize };
        Self { kind, values: values as usize, size, indicators: indicators as usize, lengths, codes: codes as usize }
    }

    /// Reads a row.
    ///
    /// # Safety
    /// The caller's arrays are still there, and have that row.
    pub unsafe fn get(&self, row: usize) -> Res<Value> {
        unsafe {
            if self.indicators != 0 && (self.indicators as *const i16).add(row).read() == -1 {
                return Ok(Value::Null);
            }
            let len = if self.lengths == 0 { self.size } else { (self.lengths as *const u32).add(row).read() as usize };
            read(self.kind, (self.values as *const u8).add(row * self.size), len)
        }
    }

    /// Writes a row.
    ///
    /// # Safety
    /// As [`Memory::get`].
    pub unsafe fn put(&self, row: usize, value: &Value) -> Res<()> {
        let is_null = *value == Value::Null;
        let bytes = if is_null { Vec::new() } else { to_bytes(self.kind, value)? };
        if bytes.len() > self.size {
            return Err(plain(6502));
        }
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), (self.values as *mut u8).add(row * self.size), bytes.len());
            if self.indicators != 0 {
                (self.indicators as *mut i16).add(row).write(if is_null { -1 } else { 0 });
            }
            if self.codes != 0 {
                (self.codes as *mut u16).add(row).write(0);
            }
            if self.lengths != 0 {
                (self.lengths as *mut u32).add(row).write(bytes.len() as u32);
            }
        }
        Ok(())
    }
}

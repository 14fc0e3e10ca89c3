//! Values in the caller's buffers: Oracle's external data types to and from SQLite's values.

use rusqlite::types::Value;

use crate::abi::{Ptr, bytes, sqlt, text};
use crate::datetime::{self, DateTime};
use crate::error::{Res, ora, plain};
use crate::lob::{self, Lob};
use crate::number;

/// OCIDate: a DATE in a buffer of the caller's.
#[repr(C)]
#[derive(Clone, Copy)]
struct Date {
    year: i16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
}

/// Number of bytes of a value of a type, if it is the same for all values.
pub fn width(kind: u16) -> Option<usize> {
    match kind {
        sqlt::VNU => Some(22),
        sqlt::ODT => Some(size_of::<Date>()),
        sqlt::INT | sqlt::UIN | sqlt::BDOUBLE => Some(8),
        sqlt::BFLOAT | sqlt::BOL => Some(4),
        kind if is_descriptor(kind) => Some(size_of::<Ptr>()),
        _ => None,
    }
}

/// Returns true if the buffer contains the address of a descriptor.
pub fn is_descriptor(kind: u16) -> bool {
    matches!(kind, sqlt::CLOB | sqlt::BLOB | sqlt::TIMESTAMP | sqlt::TIMESTAMP_TZ | sqlt::TIMESTAMP_LTZ)
}

/// Text as Oracle has it: none is NULL.
fn textual(text: String) -> Value {
    if text.is_empty() { Value::Null } else { Value::Text(text) }
}

fn binary(bytes: Vec<u8>) -> Value {
    if bytes.is_empty() { Value::Null } else { Value::Blob(bytes) }
}

/// Reads a value of a type from a buffer.
///
/// # Safety
/// `at` points to `len` bytes of that type; for a descriptor type it is the descriptor itself.
pub unsafe fn read(kind: u16, at: *const u8, len: usize) -> Res<Value> {
    Ok(match kind {
        sqlt::CHR | sqlt::AFC | sqlt::LNG => textual(unsafe { text(at, len) }),
        sqlt::BIN | sqlt::LBI => binary(unsafe { bytes(at, len) }.to_vec()),
        sqlt::VNU => {
            let size = unsafe { at.read() };
            let coded = unsafe { bytes(at.add(1), size.into()) };
            let text = number::decode(coded).ok_or_else(|| plain(1722))?;
            match number::value(&text).ok_or_else(|| plain(1722))? {
                // A float would be another number.
                Value::Real(_) if !text.contains('.') => return Err(plain(1426)),
                value => value,
            }
        }
        sqlt::INT | sqlt::UIN => Value::Integer(match len {
            1 => unsafe { at.cast::<i8>().read_unaligned() }.into(),
            2 => unsafe { at.cast::<i16>().read_unaligned() }.into(),
            4 => unsafe { at.cast::<i32>().read_unaligned() }.into(),
            _ => unsafe { at.cast::<i64>().read_unaligned() },
        }),
        sqlt::BDOUBLE => Value::Real(unsafe { at.cast::<f64>().read_unaligned() }),
        sqlt::BFLOAT => Value::Real(unsafe { at.cast::<f32>().read_unaligned() }.into()),
        sqlt::BOL => Value::Integer((unsafe { at.cast::<i32>().read_unaligned() } != 0).into()),
        sqlt::ODT => {
            let Date { year, month, day, hour, minute, second } = unsafe { at.cast::<Date>().read_unaligned() };
            let date = DateTime { year, month, day, hour, minute, second, nanos: 0, offset: None };
            Value::Text(date.date())
        }
        sqlt::TIMESTAMP | sqlt::TIMESTAMP_TZ | sqlt::TIMESTAMP_LTZ => {
            let held = datetime::read(at.cast_mut().cast())?;
            let offset = if kind == sqlt::TIMESTAMP { None } else { Some(held.offset.unwrap_or_default()) };
            Value::Text(DateTime { offset, ..held }.timestamp())
        }
        sqlt::CLOB => textual(String::from_utf8_lossy(&lob::locator(at.cast_mut().cast())?.bytes).into_owned()),
        // An empty LOB is not NULL, but nothing here makes one on purpose.
        sqlt::BLOB => binary(lob::locator(at.cast_mut().cast())?.bytes.clone()),
        _ => return Err(ora(932, format!("inconsistent datatypes: the double does not know external type {kind}"))),
    })
}

/// The bytes of a value as text or as raw; a descriptor or a number is written by [`write`].
pub fn to_bytes(kind: u16, value: &Value) -> Res<Vec<u8>> {
    let text = matches!(kind, sqlt::CHR | sqlt::AFC | sqlt::LNG | sqlt::CLOB);
    Ok(match value {
        Value::Null => Vec::new(),
        Value::Blob(bytes) if text => bytes.iter().flat_map(|byte| format!("{byte:02X}").into_bytes()).collect(),
        Value::Blob(bytes) => bytes.clone(),
        Value::Text(text) => text.clone().into_bytes(),
        Value::Integer(integer) if text => integer.to_string().into_bytes(),
        Value::Real(real) if text => number::show(*real).into_bytes(),
        Value::Integer(_) | Value::Real(_) => return Err(plain(932)),
    })
}

fn numeric(value: &Value) -> Res<String> {
    match value {
        Value::Integer(integer) => Ok(integer.to_string()),
        Value::Real(real) => Ok(real.to_string()),
        Value::Text(text) => Ok(text.clone()),
        _ => Err(plain(932)),
    }
}

/// Writes a value that is not NULL into a buffer. Answers how many bytes it has.
///
/// # Safety
/// `at` points to `size` bytes that may be written; for a descriptor type it is the descriptor itself.
pub unsafe fn write(kind: u16, value: &Value, at: *mut u8, size: usize) -> Res<usize> {
    let moment = |text: &Value| match text {
        Value::Text(text) => DateTime::parse(text).ok_or_else(|| plain(1843)),
        _ => Err(plain(932)),
    };
    let copy = |bytes: &[u8]| {
        if bytes.len() > size {
            return Err(plain(6502));
        }
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), at, bytes.len()) };
        Ok(bytes.len())
    };
    let exact = width(kind).unwrap_or_default();
    match kind {
        sqlt::CHR | sqlt::AFC | sqlt::LNG | sqlt::BIN | sqlt::LBI => return copy(&to_bytes(kind, value)?),
        sqlt::VNU => {
            let coded = number::encode(&numeric(value)?).ok_or_else(|| plain(1722))?;
            let len = u8::try_from(coded.len()).map_err(|_| plain(1426))?;
            copy(&[&[len], coded.as_slice()].concat())?;
        }
        sqlt::INT | sqlt::UIN => {
            let whole = match number::value(&numeric(value)?).ok_or_else(|| plain(1722))? {
                Value::Integer(integer) => integer,
                Value::Real(real) => real as i64,
                _ => 0,
            };
            copy(&whole.to_ne_bytes())?;
        }
        sqlt::BDOUBLE | sqlt::BFLOAT => {
            let real: f64 = numeric(value)?.trim().parse().map_err(|_| plain(1722))?;
            if kind == sqlt::BDOUBLE {
                copy(&real.to_ne_bytes())?
            } else {
                copy(&(real as f32).to_ne_bytes())?
            };
        }
        sqlt::BOL => {
            copy(&i32::from(!matches!(value, Value::Integer(0))).to_ne_bytes())?;
        }
        sqlt::ODT => {
            let DateTime { year, month, day, hour, minute, second, .. } = moment(value)?;
            unsafe { at.cast::<Date>().write_unaligned(Date { year, month, day, hour, minute, second }) };
        }
        sqlt::TIMESTAMP | sqlt::TIMESTAMP_TZ | sqlt::TIMESTAMP_LTZ => datetime::write(at.cast(), moment(value)?)?,
        sqlt::CLOB | sqlt::BLOB => {
            let temporary = lob::locator(at.cast())?.temporary;
            *lob::locator(at.cast())? = Lob { temporary, ..Lob::of(to_bytes(kind, value)?, kind == sqlt::CLOB) };
        }
        _ => return Err(ora(932, format!("inconsistent datatypes: the double does not know external type {kind}"))),
    }
    Ok(exact)
}

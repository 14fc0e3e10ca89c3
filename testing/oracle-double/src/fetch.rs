//! Fetching: writes rows into the caller's buffers.

use std::ffi::c_int;
use std::ptr;
use std::sync::{Arc, Mutex};

use rusqlite::types::Value;

use crate::abi::{CONTINUE, DefineCallback, NO_DATA, Ptr, SUCCESS, guard, mode, put, sqlt};
use crate::codec::{self, Memory};
use crate::error::Res;
use crate::handles::{self, Handle, lock};

/// The caller's memory for the values of a column.
pub struct Define {
    memory: Memory,
    /// The caller takes a value in pieces.
    dynamic: bool,
    callback: Mutex<Option<(usize, DefineCallback)>>,
}

impl Define {
    /// Puts a value into a row of the caller's.
    fn put(&self, row: usize, value: &Value) -> Res<()> {
        if self.dynamic {
            return self.put_in_pieces(row, value);
        }
        // Safety: the arrays that the caller defined, for as many rows as it asked to fetch.
        unsafe { self.memory.put(row, value) }
    }

    fn put_in_pieces(&self, row: usize, value: &Value) -> Res<()> {
        let (context, take) = (*lock(&self.callback)).ok_or_else(handles::wrong)?;
        let bytes = if *value == Value::Null { Vec::new() } else { codec::to_bytes(self.memory.kind, value)? };
        let mut done = 0;
        loop {
            let (mut buffer, mut len, mut piece) = (ptr::null_mut(), ptr::null_mut(), 0);
            let (mut indicator, mut code) = (ptr::null_mut(), ptr::null_mut());
            // Safety: the caller's callback and the buffers it names.
            unsafe {
                let said = take(
                    context as Ptr,
                    ptr::null_mut(),
                    row as u32,
                    &mut buffer,
                    &mut len,
                    &mut piece,
                    &mut indicator,
                    &mut code,
                );
                if said != CONTINUE || len.is_null() {
                    return Err(handles::wrong());
                }
                let part = (bytes.len() - done).min(len.read() as usize);
                ptr::copy_nonoverlapping(bytes[done..].as_ptr(), buffer, part);
                put(len, part as u32);
                put(indicator, if *value == Value::Null { -1 } else { 0 });
                put(code, 0);
                done += part;
            }
            if done >= bytes.len() {
                return Ok(());
            }
        }
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIDefineByPos2(
    statement: Ptr,
    to: *mut Ptr,
    error: Ptr,
    position: u32,
    values: Ptr,
    size: u64,
    kind: u16,
    indicators: *mut i16,
    lengths: *mut u32,
    codes: *mut u16,
    flags: u32,
) -> c_int {
    guard(error, || {
        let mut statement = handles::stmt(statement)?;
        let memory = Memory::new(kind, values, size as usize, indicators, lengths, codes);
        let dynamic = flags & mode::DYNAMIC_FETCH != 0;
        let define = Arc::new(Define { memory, dynamic, callback: Mutex::default() });
        let at = (position as usize).wrapping_sub(1);
        let slot = statement.defines.get_mut(at).ok_or_else(handles::wrong)?;
        *slot = Some(Arc::clone(&define));
        let handle = handles::make(Handle::Define(define));
        statement.owned.push(handle as usize);
        unsafe { put(to, handle) };
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIDefineDynamic(define: Ptr, error: Ptr, context: Ptr, take: DefineCallback) -> c_int {
    guard(error, || {
        let Some(Handle::Define(define)) = handles::get(define) else { return Err(handles::wrong()) };
        *lock(&define.callback) = Some((context as usize, take));
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIStmtFetch2(
    statement: Ptr,
    error: Ptr,
    rows: u32,
    _orientation: u16,
    _offset: i32,
    _mode: u32,
) -> c_int {
    guard(error, || {
        let mut statement = handles::stmt(statement)?;
        statement.fetched = 0;
        statement.core.call("fetch", &statement.sql)?;
        let left = statement.rows.len() - statement.next;
        let count = left.min(rows as usize);
        for row in 0..count {
            let values = &statement.rows[statement.next + row];
            for (define, value) in statement.defines.iter().zip(values) {
                if let Some(define) = define {
                    define.put(row, value)?;
                }
            }
        }
        statement.next += count;
        statement.fetched = count as u32;
        statement.row_count += count as u64;
        Ok(if count < rows as usize { NO_DATA } else { SUCCESS })
    })
}

/// The type that a column of no table is described with, by its values.
pub fn guess(values: impl Iterator<Item = Value>) -> (u16, u32) {
    match values.into_iter().find(|value| *value != Value::Null) {
        Some(Value::Integer(_)) => (sqlt::NUM, 22),
        Some(Value::Text(text)) if codec::is_date(&text) => (sqlt::DAT, 7),
        _ => (sqlt::CHR, 4000),
    }
}

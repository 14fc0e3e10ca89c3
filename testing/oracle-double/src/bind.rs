//! Bind variables: the values that a statement reads, and those that PL/SQL writes.

use std::ffi::c_int;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rusqlite::types::Value;

use crate::abi::{CONTINUE, InCallback, Ptr, SUCCESS, bytes, guard, mode, put};
use crate::codec;
use crate::error::{Res, plain};
use crate::handles::{self, Handle, lock};

/// The memory with the values of a bind variable. Addresses are numbers, because a statement may change threads.
pub struct Bind {
    kind: u16,
    values: usize,
    size: usize,
    indicators: usize,
    lengths: usize,
    codes: usize,
    dynamic: bool,
    /// The caller's function for a value that does not lie in memory, and its context.
    callback: Mutex<Option<(usize, InCallback)>>,
    /// Its own handle, which the callback wants to see.
    handle: AtomicUsize,
}

/// The address of an element of the caller's array.
///
/// # Safety
/// `base` is 0 or the address of an array with an element `index`.
unsafe fn element<T>(base: usize, index: usize) -> Option<*mut T> {
    (base != 0).then(|| unsafe { (base as *mut T).add(index) })
}

impl Bind {
    /// The value for an iteration.
    pub fn value(&self, iteration: usize) -> Res<Value> {
        if self.dynamic {
            let (context, give) = (*lock(&self.callback)).ok_or_else(|| plain(1008))?;
            let (mut buffer, mut len, mut piece, mut indicator) = (ptr::null_mut(), 0, 0, ptr::null_mut());
            // Safety: the caller's callback, with what OCI promises it.
            let said = unsafe {
                let handle = self.handle.load(Ordering::SeqCst) as Ptr;
                give(context as Ptr, handle, iteration as u32, 0, &mut buffer, &mut len, &mut piece, &mut indicator)
            };
            if said != CONTINUE {
                return Err(plain(1008));
            }
            if buffer.is_null() || !indicator.is_null() && unsafe { indicator.read() } == -1 {
                return Ok(Value::Null);
            }
            return unsafe { codec::read(self.kind, buffer, len as usize) };
        }
        // Safety: the arrays that the caller bound, for as many iterations as it asked to execute.
        unsafe {
            if element::<i16>(self.indicators, iteration).is_some_and(|at| at.read() == -1) {
                return Ok(Value::Null);
            }
            let at = (self.values as *const u8).add(iteration * self.size);
            let len = element::<u32>(self.lengths, iteration).map_or(self.size, |len| len.read() as usize);
            codec::read(self.kind, at, len)
        }
    }

    /// Gives a value back: what PL/SQL has set.
    pub fn give_back(&self, value: &Value) -> Res<()> {
        if self.dynamic {
            return Err(plain(6502));
        }
        // Safety: as in `value`.
        unsafe {
            let len = match value {
                Value::Null => 0,
                value => codec::write(self.kind, value, self.values as *mut u8, self.size)?,
            };
            if let Some(indicator) = element::<i16>(self.indicators, 0) {
                indicator.write(if *value == Value::Null { -1 } else { 0 });
            }
            if let Some(lengths) = element::<u32>(self.lengths, 0) {
                lengths.write(len as u32);
            }
            if let Some(code) = element::<u16>(self.codes, 0) {
                code.write(0);
            }
        }
        Ok(())
    }
}

/// The common part of binding by name and by position.
struct Bound {
    values: Ptr,
    size: i64,
    kind: u16,
    indicators: *mut i16,
    lengths: *mut u32,
    codes: *mut u16,
    mode: u32,
}

/// Binds slots of a statement; answers the bind handle.
fn bind(statement: Ptr, slots: impl FnOnce(&[String]) -> Vec<usize>, bound: &Bound) -> Res<Ptr> {
    let mut statement = handles::stmt(statement)?;
    let slots = slots(&statement.slots);
    if slots.is_empty() {
        return Err(plain(1036));
    }
    let made = Arc::new(Bind {
        kind: bound.kind,
        values: bound.values as usize,
        size: usize::try_from(bound.size).unwrap_or_default(),
        indicators: bound.indicators as usize,
        lengths: bound.lengths as usize,
        codes: bound.codes as usize,
        dynamic: bound.mode & mode::DATA_AT_EXEC != 0,
        callback: Mutex::new(None),
        handle: AtomicUsize::new(0),
    });
    let handle = handles::make(Handle::Bind(Arc::clone(&made)));
    made.handle.store(handle as usize, Ordering::SeqCst);
    statement.owned.push(handle as usize);
    for slot in slots {
        statement.binds[slot] = Some(Arc::clone(&made));
    }
    Ok(handle)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIBindByPos2(
    statement: Ptr,
    to: *mut Ptr,
    error: Ptr,
    position: u32,
    values: Ptr,
    size: i64,
    kind: u16,
    indicators: *mut i16,
    lengths: *mut u32,
    codes: *mut u16,
    _max: u32,
    _current: *mut u32,
    mode: u32,
) -> c_int {
    guard(error, || {
        let bound = Bound { values, size, kind, indicators, lengths, codes, mode };
        let at = |slots: &[String]| {
            let slot = (position as usize).wrapping_sub(1);
            if slot < slots.len() { vec![slot] } else { Vec::new() }
        };
        unsafe { put(to, bind(statement, at, &bound)?) };
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIBindByName2(
    statement: Ptr,
    to: *mut Ptr,
    error: Ptr,
    name: *const u8,
    name_len: i32,
    values: Ptr,
    size: i64,
    kind: u16,
    indicators: *mut i16,
    lengths: *mut u32,
    codes: *mut u16,
    _max: u32,
    _current: *mut u32,
    mode: u32,
) -> c_int {
    guard(error, || {
        let bound = Bound { values, size, kind, indicators, lengths, codes, mode };
        let name = String::from_utf8_lossy(unsafe { bytes(name, name_len.max(0) as usize) }).to_uppercase();
        let name = name.trim_start_matches(':');
        let named = |slots: &[String]| (0..slots.len()).filter(|slot| slots[*slot] == name).collect();
        unsafe { put(to, bind(statement, named, &bound)?) };
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIBindDynamic(
    bind: Ptr,
    error: Ptr,
    context: Ptr,
    give: InCallback,
    _out_context: Ptr,
    _take: Ptr,
) -> c_int {
    guard(error, || {
        let Some(Handle::Bind(bind)) = handles::get(bind) else { return Err(handles::wrong()) };
        *lock(&bind.callback) = Some((context as usize, give));
        Ok(SUCCESS)
    })
}

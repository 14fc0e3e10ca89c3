//! Bind variables: the values that a statement reads, and those that PL/SQL writes.

use std::ffi::c_int;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rusqlite::types::Value;

use crate::abi::{CONTINUE, InCallback, Ptr, SUCCESS, bytes, guard, mode, put};
use crate::codec::{self, Memory};
use crate::error::Res;
use crate::handles::{self, Handle, lock};

pub struct Bind {
    memory: Memory,
    /// Its value does not lie in memory: it is asked for.
    dynamic: bool,
    /// The caller's function for such a value, and its context.
    callback: Mutex<Option<(usize, InCallback)>>,
    /// Its own handle, which the callback wants to see.
    handle: AtomicUsize,
}

impl Bind {
    /// The value for an iteration.
    pub fn value(&self, iteration: usize) -> Res<Value> {
        if !self.dynamic {
            // Safety: the arrays that the caller bound, for as many iterations as it asked to execute.
            return unsafe { self.memory.get(iteration) };
        }
        let (context, give) = (*lock(&self.callback)).ok_or_else(handles::wrong)?;
        let (mut buffer, mut len, mut piece, mut indicator) = (ptr::null_mut(), 0, 0, ptr::null_mut());
        // Safety: the caller's callback, with what OCI promises it, and the buffer that it names.
        unsafe {
            let handle = self.handle.load(Ordering::SeqCst) as Ptr;
            let said =
                give(context as Ptr, handle, iteration as u32, 0, &mut buffer, &mut len, &mut piece, &mut indicator);
            let null = buffer.is_null() || !indicator.is_null() && indicator.read() == -1;
            match said {
                CONTINUE if null => Ok(Value::Null),
                CONTINUE => codec::read(self.memory.kind, buffer, len as usize),
                _ => Err(handles::wrong()),
            }
        }
    }

    /// Gives a value back: what PL/SQL has set.
    pub fn give_back(&self, value: &Value) -> Res<()> {
        // Safety: as in `value`.
        unsafe { self.memory.put(0, value) }
    }
}

/// Binds slots of a statement; answers the bind handle.
fn bind(statement: Ptr, slots: impl FnOnce(&[String]) -> Vec<usize>, memory: Memory, flags: u32) -> Res<Ptr> {
    let mut statement = handles::stmt(statement)?;
    let slots = slots(&statement.slots);
    if slots.is_empty() {
        return Err(handles::wrong());
    }
    let dynamic = flags & mode::DATA_AT_EXEC != 0;
    let made = Arc::new(Bind { memory, dynamic, callback: Mutex::default(), handle: AtomicUsize::new(0) });
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
        let memory = Memory::new(kind, values, size as usize, indicators, lengths, codes);
        let at = |slots: &[String]| (0..slots.len()).filter(|slot| slot + 1 == position as usize).collect();
        unsafe { put(to, bind(statement, at, memory, mode)?) };
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
        let memory = Memory::new(kind, values, size as usize, indicators, lengths, codes);
        let name = String::from_utf8_lossy(unsafe { bytes(name, name_len.max(0) as usize) }).to_uppercase();
        let name = name.trim_start_matches(':');
        let named = |slots: &[String]| (0..slots.len()).filter(|slot| slots[*slot] == name).collect();
        unsafe { put(to, bind(statement, named, memory, mode)?) };
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

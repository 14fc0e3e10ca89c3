//! Bind variables: the values that a statement reads, and those that PL/SQL and RETURNING write.

use std::ffi::c_int;
use std::ptr;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rusqlite::types::Value;

use crate::abi::{CONTINUE, InCallback, OutCallback, Ptr, SUCCESS, bytes, guard, mode, put};
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
    callbacks: Mutex<Option<Callbacks>>,
    /// Its own handle, which callbacks want to see.
    handle: AtomicUsize,
    /// Number of rows that RETURNING gave. The caller reads it from within its callback.
    pub rows_returned: AtomicU32,
}

#[derive(Clone, Copy)]
struct Callbacks {
    in_context: usize,
    give: InCallback,
    out_context: usize,
    take: OutCallback,
}

/// The address of an element of the caller's array.
///
/// # Safety
/// `base` is 0 or the address of an array with an element `index`.
unsafe fn element<T>(base: usize, index: usize) -> Option<*mut T> {
    (base != 0).then(|| unsafe { (base as *mut T).add(index) })
}

impl Bind {
    fn callbacks(&self) -> Res<Callbacks> {
        (*lock(&self.callbacks)).ok_or_else(|| plain(1008))
    }

    /// The value for an iteration.
    pub fn value(&self, iteration: usize) -> Res<Value> {
        if self.dynamic {
            let calls = self.callbacks()?;
            let (mut buffer, mut len, mut piece, mut indicator) = (ptr::null_mut(), 0, 0, ptr::null_mut());
            // Safety: the caller's callback, with what OCI promises it.
            let said = unsafe {
                let handle = self.handle.load(Ordering::SeqCst) as Ptr;
                let context = calls.in_context as Ptr;
                (calls.give)(context, handle, iteration as u32, 0, &mut buffer, &mut len, &mut piece, &mut indicator)
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
            if codec::is_descriptor(self.kind) {
                return codec::read(self.kind, at.cast::<*const u8>().read(), 0);
            }
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
            let mut at = self.values as *mut u8;
            if codec::is_descriptor(self.kind) {
                at = at.cast::<*mut u8>().read();
            }
            let len = match value {
                Value::Null => 0,
                value => codec::write(self.kind, value, at, self.size)?,
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

    /// Gives the values of a RETURNING clause back, one for each row.
    pub fn returned(&self, iteration: usize, values: &[&Value]) -> Res<()> {
        let calls = self.callbacks()?;
        self.rows_returned.store(values.len() as u32, Ordering::SeqCst);
        for (index, value) in values.iter().enumerate() {
            let bytes = codec::width(self.kind).is_none().then(|| codec::to_bytes(self.kind, value)).transpose()?;
            let mut done = 0;
            let mut piece = 0;
            loop {
                let mut room = self.size as u32;
                let (mut buffer, mut len) = (ptr::null_mut(), &raw mut room);
                let (mut indicator, mut code) = (ptr::null_mut(), ptr::null_mut());
                // Safety: the caller's callback and the buffers it names.
                unsafe {
                    let handle = self.handle.load(Ordering::SeqCst) as Ptr;
                    let said = (calls.take)(
                        calls.out_context as Ptr,
                        handle,
                        iteration as u32,
                        index as u32,
                        &mut buffer,
                        &mut len,
                        &mut piece,
                        &mut indicator,
                        &mut code,
                    );
                    if said != CONTINUE {
                        return Err(plain(1008));
                    }
                    put(indicator, if **value == Value::Null { -1 } else { 0 });
                    put(code, 0);
                    match &bytes {
                        _ if **value == Value::Null => put(len, 0),
                        None => put(len, codec::write(self.kind, value, buffer, self.size)? as u32),
                        Some(bytes) => {
                            let part = (bytes.len() - done).min(len.read() as usize);
                            ptr::copy_nonoverlapping(bytes[done..].as_ptr(), buffer, part);
                            put(len, part as u32);
                            done += part;
                        }
                    }
                }
                if bytes.as_ref().is_none_or(|bytes| done >= bytes.len()) {
                    break;
                }
                // The next piece of the same value.
                piece = 2;
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
        callbacks: Mutex::new(None),
        handle: AtomicUsize::new(0),
        rows_returned: AtomicU32::new(0),
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
    in_context: Ptr,
    give: InCallback,
    out_context: Ptr,
    take: OutCallback,
) -> c_int {
    guard(error, || {
        let Some(Handle::Bind(bind)) = handles::get(bind) else { return Err(plain(24330)) };
        let callbacks = Callbacks { in_context: in_context as usize, give, out_context: out_context as usize, take };
        *lock(&bind.callbacks) = Some(callbacks);
        Ok(SUCCESS)
    })
}

//! The state before any connection: versions, the environment, thread-local slots, character sets.

use std::env;
use std::ffi::{c_int, c_void};
use std::ptr;

use crate::abi::{self, ERROR, Ptr, SUCCESS, UTF8, guard, put};
use crate::handles::{self, Handle};

/// A version of five numbers from the environment.
pub fn version(variable: &str, default: &str) -> [c_int; 5] {
    let text = env::var(variable).unwrap_or_default();
    let text = if text.trim().is_empty() { default } else { text.trim() };
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or_default());
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIClientVersion(
    major: *mut c_int,
    minor: *mut c_int,
    update: *mut c_int,
    patch: *mut c_int,
    port: *mut c_int,
) {
    let parts = version("ORAFAKE_CLIENT_VERSION", "23.9.0.0.0");
    for (to, part) in [major, minor, update, patch, port].into_iter().zip(parts) {
        unsafe { put(to, part) };
    }
}

#[unsafe(no_mangle)]
extern "C" fn OCIThreadProcessInit() {}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIEnvNlsCreate(
    to: *mut Ptr,
    _mode: u32,
    _context: Ptr,
    _malloc: Ptr,
    _realloc: Ptr,
    _free: Ptr,
    _extra: usize,
    _user: *mut Ptr,
    _charset: u16,
    _ncharset: u16,
) -> c_int {
    guard(ptr::null_mut(), || {
        unsafe { put(to, handles::make(Handle::Env)) };
        Ok(SUCCESS)
    })
}

unsafe extern "C" {
    fn pthread_key_create(key: *mut u32, destroy: Option<unsafe extern "C" fn(*mut c_void)>) -> c_int;
    fn pthread_key_delete(key: u32) -> c_int;
    fn pthread_getspecific(key: u32) -> *mut c_void;
    fn pthread_setspecific(key: u32, value: *const c_void) -> c_int;
}

fn status(failed: c_int) -> c_int {
    if failed == 0 { SUCCESS } else { ERROR }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIThreadKeyInit(
    _env: Ptr,
    _error: Ptr,
    to: *mut *mut u32,
    destroy: Option<unsafe extern "C" fn(*mut c_void)>,
) -> c_int {
    let mut key = 0;
    let failed = unsafe { pthread_key_create(&mut key, destroy) };
    unsafe { put(to, Box::into_raw(Box::new(key))) };
    status(failed)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIThreadKeyDestroy(_env: Ptr, _error: Ptr, key: *mut *mut u32) -> c_int {
    if key.is_null() || unsafe { (*key).is_null() } {
        return ERROR;
    }
    let held = unsafe { Box::from_raw(*key) };
    unsafe { put(key, ptr::null_mut()) };
    status(unsafe { pthread_key_delete(*held) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIThreadKeyGet(_env: Ptr, _error: Ptr, key: *const u32, to: *mut Ptr) -> c_int {
    if key.is_null() {
        return ERROR;
    }
    unsafe { put(to, pthread_getspecific(*key)) };
    SUCCESS
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIThreadKeySet(_env: Ptr, _error: Ptr, key: *const u32, value: Ptr) -> c_int {
    if key.is_null() {
        return ERROR;
    }
    status(unsafe { pthread_setspecific(*key, value) })
}

/// Only asked for the widest character, which is of four bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn OCINlsNumericInfoGet(_env: Ptr, _error: Ptr, to: *mut i32, _item: u16) -> c_int {
    unsafe { put(to, 4) };
    SUCCESS
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCINlsEnvironmentVariableGet(
    to: *mut u16,
    _size: usize,
    _item: u16,
    _charset: u16,
    len: *mut usize,
) -> c_int {
    unsafe {
        put(to, UTF8);
        put(len, 2);
    }
    SUCCESS
}

/// Every character set is UTF-8 here.
#[unsafe(no_mangle)]
extern "C" fn OCINlsCharSetNameToId(_env: Ptr, _name: *const u8) -> u16 {
    UTF8
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCINlsCharSetIdToName(_env: Ptr, buffer: *mut u8, size: usize, _id: u16) -> c_int {
    unsafe { name(buffer, size, "AL32UTF8") }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCINlsNameMap(_env: Ptr, buffer: *mut u8, size: usize, _source: *const u8, flag: u32) -> c_int {
    unsafe { name(buffer, size, if flag == 0 { "AL32UTF8" } else { "UTF-8" }) }
}

unsafe fn name(buffer: *mut u8, size: usize, text: &str) -> c_int {
    if buffer.is_null() || size <= text.len() {
        return ERROR;
    }
    unsafe {
        ptr::copy_nonoverlapping(text.as_ptr(), buffer, text.len());
        buffer.add(text.len()).write(0);
    }
    SUCCESS
}

/// The server's version: 19 or 23, by the service's name first.
pub fn server_major(service: &str) -> u8 {
    let lower = service.to_ascii_lowercase();
    if lower.starts_with("v19") {
        return 19;
    }
    if lower.starts_with("v23") {
        return 23;
    }
    if version("ORAFAKE_SERVER_VERSION", "23")[0] < 23 { 19 } else { 23 }
}

/// Fills in the version and the banner of the server behind a service context.
unsafe fn release(svc: Ptr, error: Ptr, buffer: *mut u8, size: u32, to: *mut u32) -> c_int {
    guard(error, || {
        let core = handles::core(svc)?;
        let (number, text) = match core.service.major {
            19 => ((19u32 << 24) | (28 << 16), "19.28.0.0.0"),
            _ => ((23u32 << 24) | (9 << 16), "23.9.0.0.0"),
        };
        let banner = format!("Oracle double {text} (SQLite {})", rusqlite::version());
        unsafe {
            put(to, number);
            if !buffer.is_null() && name(buffer, size as usize, &banner) != SUCCESS {
                return Ok(ERROR);
            }
        }
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIServerRelease(
    svc: Ptr,
    error: Ptr,
    buffer: *mut u8,
    size: u32,
    _kind: u8,
    to: *mut u32,
) -> c_int {
    unsafe { release(svc, error, buffer, size, to) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIServerRelease2(
    svc: Ptr,
    error: Ptr,
    buffer: *mut u8,
    size: u32,
    _kind: u8,
    to: *mut u32,
    _mode: u32,
) -> c_int {
    unsafe { release(svc, error, buffer, size, to) }
}

/// Ends a call that hangs.
#[unsafe(no_mangle)]
unsafe extern "C" fn OCIBreak(svc: Ptr, error: Ptr) -> c_int {
    guard(error, || {
        handles::core(svc)?.interrupt();
        Ok(abi::SUCCESS)
    })
}

#[unsafe(no_mangle)]
extern "C" fn OCIReset(_svc: Ptr, _error: Ptr) -> c_int {
    SUCCESS
}

//! The state before any connection: the client's version, the environment, thread-local slots, character sets.

use std::env;
use std::ffi::{c_int, c_void};
use std::ptr;

use libc::pthread_key_t;

use crate::abi::{ERROR, Ptr, SUCCESS, put};
use crate::handles::{self, Handle};

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIClientVersion(
    major: *mut c_int,
    minor: *mut c_int,
    update: *mut c_int,
    patch: *mut c_int,
    port: *mut c_int,
) {
    let text = env::var("ORAFAKE_CLIENT_VERSION").unwrap_or_else(|_| "23.9.0.0.0".to_owned());
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or_default());
    for to in [major, minor, update, patch, port] {
        unsafe { put(to, parts.next().unwrap_or_default()) };
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
    unsafe { put(to, handles::make(Handle::Env)) };
    SUCCESS
}

fn status(failed: c_int) -> c_int {
    if failed == 0 { SUCCESS } else { ERROR }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIThreadKeyInit(
    _env: Ptr,
    _error: Ptr,
    to: *mut *mut pthread_key_t,
    destroy: Option<unsafe extern "C" fn(*mut c_void)>,
) -> c_int {
    let mut key = 0;
    let failed = unsafe { libc::pthread_key_create(&mut key, destroy) };
    unsafe { put(to, Box::into_raw(Box::new(key))) };
    status(failed)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIThreadKeyDestroy(_env: Ptr, _error: Ptr, key: *mut *mut pthread_key_t) -> c_int {
    if key.is_null() || unsafe { (*key).is_null() } {
        return ERROR;
    }
    let held = unsafe { Box::from_raw(*key) };
    unsafe { put(key, ptr::null_mut()) };
    status(unsafe { libc::pthread_key_delete(*held) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIThreadKeyGet(_env: Ptr, _error: Ptr, key: *const pthread_key_t, to: *mut Ptr) -> c_int {
    if key.is_null() {
        return ERROR;
    }
    unsafe { put(to, libc::pthread_getspecific(*key)) };
    SUCCESS
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIThreadKeySet(_env: Ptr, _error: Ptr, key: *const pthread_key_t, value: Ptr) -> c_int {
    if key.is_null() {
        return ERROR;
    }
    status(unsafe { libc::pthread_setspecific(*key, value) })
}

/// Only asked for the widest character, which is of four bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn OCINlsNumericInfoGet(_env: Ptr, _error: Ptr, to: *mut i32, _item: u16) -> c_int {
    unsafe { put(to, 4) };
    SUCCESS
}

//! The C side: constants of OCI, the shapes of its callbacks, and the guard around every exported function.

use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice;

use crate::error::{Res, ora};
use crate::handles;

/// An opaque pointer of the caller's.
pub type Ptr = *mut c_void;

pub const SUCCESS: c_int = 0;
pub const SUCCESS_WITH_INFO: c_int = 1;
pub const ERROR: c_int = -1;
pub const INVALID_HANDLE: c_int = -2;
pub const NO_DATA: c_int = 100;
pub const CONTINUE: c_int = -24200;

pub mod htype {
    pub const ERROR: u32 = 2;
    pub const SVCCTX: u32 = 3;
    pub const SERVER: u32 = 8;
    pub const SESSION: u32 = 9;
}

/// Attributes. One number may mean different things on different handles.
pub mod attr {
    pub const DATA_SIZE: u32 = 1;
    pub const DATA_TYPE: u32 = 2;
    pub const NAME: u32 = 4;
    pub const PRECISION: u32 = 5;
    pub const SCALE: u32 = 6;
    pub const SERVER: u32 = 6;
    pub const IS_NULL: u32 = 7;
    pub const SQLFNCODE: u32 = 10;
    pub const PARAM_COUNT: u32 = 18;
    pub const USERNAME: u32 = 22;
    pub const PASSWORD: u32 = 23;
    pub const STMT_TYPE: u32 = 24;
    pub const CHARSET_ID: u32 = 31;
    pub const CHARSET_FORM: u32 = 32;
    pub const PARSE_ERROR_OFFSET: u32 = 129;
    pub const SERVER_STATUS: u32 = 143;
    pub const STATEMENT: u32 = 144;
    pub const STMTCACHESIZE: u32 = 176;
    pub const BIND_COUNT: u32 = 190;
    pub const ROWS_FETCHED: u32 = 197;
    pub const STMT_IS_RETURNING: u32 = 218;
    pub const NCHARSET_ID: u32 = 262;
    pub const CHAR_SIZE: u32 = 286;
    pub const UB8_ROW_COUNT: u32 = 457;
    pub const ERROR_IS_RECOVERABLE: u32 = 472;
    pub const TRANSACTION_IN_PROGRESS: u32 = 484;
    pub const CALL_TIMEOUT: u32 = 531;
    pub const JSON_COL: u32 = 534;
    pub const OSON_COL: u32 = 623;
    pub const DOMAIN_SCHEMA: u32 = 659;
    pub const DOMAIN_NAME: u32 = 660;
    pub const NUM_ANNOTATIONS: u32 = 687;
}

/// External data types, as binds and defines name them.
pub mod sqlt {
    pub const CHR: u16 = 1;
    pub const NUM: u16 = 2;
    pub const INT: u16 = 3;
    pub const VNU: u16 = 6;
    pub const DAT: u16 = 12;
    pub const BIN: u16 = 23;
    pub const LBI: u16 = 24;
    pub const UIN: u16 = 68;
    pub const BLOB: u16 = 113;
    pub const ODT: u16 = 156;
}

pub mod mode {
    pub const DATA_AT_EXEC: u32 = 0x02;
    pub const DYNAMIC_FETCH: u32 = 0x02;
    pub const COMMIT_ON_SUCCESS: u32 = 0x20;
}

/// AL32UTF8.
pub const UTF8: u16 = 873;

/// Asks the caller for the bytes of a bind value.
pub type InCallback = unsafe extern "C" fn(Ptr, Ptr, u32, u32, *mut *mut u8, *mut u32, *mut u8, *mut *mut i16) -> i32;
/// Asks the caller where to put the next piece of a fetched value.
pub type DefineCallback =
    unsafe extern "C" fn(Ptr, Ptr, u32, *mut *mut u8, *mut *mut u32, *mut u8, *mut *mut i16, *mut *mut u16) -> i32;

/// Runs the body of an exported function: a refusal goes to the error handle, a panic never crosses the ABI.
pub fn guard(error: Ptr, body: impl FnOnce() -> Res<c_int>) -> c_int {
    let done = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| Err(ora(600, "the double panicked")));
    done.unwrap_or_else(|refusal| {
        handles::set_error(error, refusal);
        ERROR
    })
}

/// The bytes behind a pointer and a length; none if the pointer is null.
///
/// # Safety
/// `at` is null or points to `len` bytes that stay as they are while the answer is used.
pub unsafe fn bytes<'a>(at: *const u8, len: usize) -> &'a [u8] {
    if at.is_null() || len == 0 { &[] } else { unsafe { slice::from_raw_parts(at, len) } }
}

/// The text behind a pointer and a length.
///
/// # Safety
/// As [`bytes`].
pub unsafe fn text(at: *const u8, len: usize) -> String {
    String::from_utf8_lossy(unsafe { bytes(at, len) }).into_owned()
}

/// Writes a value to where the caller wants it, if it wants it.
///
/// # Safety
/// `to` is null or points to a `T` that may be written, aligned or not.
pub unsafe fn put<T>(to: *mut T, value: T) {
    if !to.is_null() {
        unsafe { to.write_unaligned(value) }
    }
}

//! Handles and descriptors: OCI's opaque pointers are boxes of one enum here.

use std::collections::{BTreeSet, HashMap};
use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::abi::{INVALID_HANDLE, NO_DATA, Ptr, SUCCESS, bytes, guard, htype, put};
use crate::bind::Bind;
use crate::connect::Svc;
use crate::datetime::DateTime;
use crate::error::{OraError, Res, ora};
use crate::fetch::Define;
use crate::lob::Lob;
use crate::pool::PoolHandle;
use crate::session::Session;
use crate::statement::{Column, Stmt};

/// The object behind one of OCI's opaque pointers.
pub enum Handle {
    /// An environment: nothing of it matters here.
    Env,
    /// The last refusal of the thread that uses it.
    Error(Mutex<Option<OraError>>),
    /// A service context: a server and a session on it.
    Svc(Mutex<Svc>),
    /// The line to a server.
    Server(Mutex<ServerHandle>),
    /// A session, or what it is to log in with (`OCI_HTYPE_AUTHINFO` is the same number).
    Session(Mutex<SessionHandle>),
    Pool(Mutex<PoolHandle>),
    Stmt(Box<Mutex<Stmt>>),
    /// A bind variable of a statement.
    Bind(Arc<Bind>),
    /// An output column of a statement.
    Define(Arc<Define>),
    /// The description of a column.
    Param(Column),
    Lob(Mutex<Lob>),
    DateTime(Mutex<DateTime>),
    /// Anything that is only made and freed.
    Other,
}

/// The line to a server.
#[derive(Default)]
pub struct ServerHandle {
    /// The service that the caller attached to.
    pub address: Option<String>,
    /// The session on it, once there is one.
    pub core: Option<Arc<Session>>,
}

/// A session, as the caller sees it.
#[derive(Default)]
pub struct SessionHandle {
    pub user: String,
    pub password: String,
    pub core: Option<Arc<Session>>,
    /// The caller's own values, by name; addresses.
    pub context: HashMap<Vec<u8>, usize>,
}

/// Makes a handle; it lives until [`free`].
pub fn make(handle: Handle) -> Ptr {
    Box::into_raw(Box::new(handle)).cast()
}

/// The handle behind a pointer.
pub fn get<'a>(at: Ptr) -> Option<&'a Handle> {
    // Safety: the caller's contract with OCI: every handle came from `make` and is not used after it was freed.
    unsafe { at.cast::<Handle>().as_ref() }
}

pub fn free(at: Ptr) {
    if !at.is_null() {
        // Safety: as in `get`; the caller frees each handle once.
        drop(unsafe { Box::from_raw(at.cast::<Handle>()) });
    }
}

/// Locks, whatever happened to the thread that held the lock.
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Leaves a refusal in an error handle, if it is one.
pub fn set_error(error: Ptr, refusal: OraError) {
    if let Some(Handle::Error(cell)) = get(error) {
        *lock(cell) = Some(refusal);
    }
}

/// The service context behind a pointer.
pub fn svc<'a>(at: Ptr) -> Res<MutexGuard<'a, Svc>> {
    match get(at) {
        Some(Handle::Svc(cell)) => Ok(lock(cell)),
        _ => Err(ora(24327, "the handle is no service context")),
    }
}

/// The statement behind a pointer.
pub fn stmt<'a>(at: Ptr) -> Res<MutexGuard<'a, Stmt>> {
    match get(at) {
        Some(Handle::Stmt(cell)) => Ok(lock(cell)),
        _ => Err(ora(24337, "the handle is no statement")),
    }
}

/// The session on a service context.
pub fn core(svc_at: Ptr) -> Res<Arc<Session>> {
    svc(svc_at)?.core.clone().ok_or_else(|| ora(1012, "not logged on"))
}

/// Text at an address that never goes away: ODPI-C keeps name pointers longer than what it got them from.
pub fn intern(text: &str) -> &'static str {
    static TEXTS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut texts = lock(&TEXTS);
    if let Some(known) = texts.get(text) {
        return known;
    }
    // A NUL follows, for callers that take it for a C string.
    let leaked: &'static str = Box::leak(format!("{text}\0").into_boxed_str());
    let kept = &leaked[..text.len()];
    texts.insert(kept);
    kept
}

fn fresh(kind: u32) -> Option<Handle> {
    Some(match kind {
        htype::ENV => Handle::Env,
        htype::ERROR => Handle::Error(Mutex::default()),
        htype::SVCCTX => Handle::Svc(Mutex::default()),
        htype::SERVER => Handle::Server(Mutex::default()),
        htype::SESSION => Handle::Session(Mutex::default()),
        htype::SPOOL => Handle::Pool(Mutex::default()),
        htype::LOB => Handle::Lob(Mutex::default()),
        htype::TIMESTAMP..=htype::TIMESTAMP_LTZ => Handle::DateTime(Mutex::default()),
        _ => Handle::Other,
    })
}

unsafe fn alloc(to: *mut Ptr, kind: u32) -> c_int {
    guard(ptr::null_mut(), || match fresh(kind) {
        Some(handle) => {
            unsafe { put(to, make(handle)) };
            Ok(SUCCESS)
        }
        None => Ok(INVALID_HANDLE),
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIHandleAlloc(_parent: Ptr, to: *mut Ptr, kind: u32, _extra: usize, _user: *mut Ptr) -> c_int {
    unsafe { alloc(to, kind) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIDescriptorAlloc(
    _parent: Ptr,
    to: *mut Ptr,
    kind: u32,
    _extra: usize,
    _user: *mut Ptr,
) -> c_int {
    unsafe { alloc(to, kind) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIHandleFree(at: Ptr, _kind: u32) -> c_int {
    guard(ptr::null_mut(), || {
        free(at);
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIDescriptorFree(at: Ptr, _kind: u32) -> c_int {
    guard(ptr::null_mut(), || {
        free(at);
        Ok(SUCCESS)
    })
}

/// Number of descriptors in each array, by its first descriptor: the caller does not pass it when it frees the array.
static ARRAYS: Mutex<Option<HashMap<usize, Vec<usize>>>> = Mutex::new(None);

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIArrayDescriptorAlloc(
    _parent: Ptr,
    to: *mut Ptr,
    kind: u32,
    count: u32,
    _extra: usize,
    _user: *mut Ptr,
) -> c_int {
    guard(ptr::null_mut(), || {
        let mut made = Vec::new();
        for at in 0..count as usize {
            let Some(handle) = fresh(kind) else { return Ok(INVALID_HANDLE) };
            let pointer = make(handle);
            made.push(pointer as usize);
            unsafe { put(to.add(at), pointer) };
        }
        if let Some(&first) = made.first() {
            lock(&ARRAYS).get_or_insert_default().insert(first, made);
        }
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIArrayDescriptorFree(array: *mut Ptr, _kind: u32) -> c_int {
    guard(ptr::null_mut(), || {
        let first = if array.is_null() { 0 } else { unsafe { array.read() as usize } };
        let made = lock(&ARRAYS).get_or_insert_default().remove(&first).unwrap_or_default();
        made.into_iter().for_each(|pointer| free(pointer as Ptr));
        Ok(SUCCESS)
    })
}

unsafe extern "C" {
    fn calloc(count: usize, size: usize) -> *mut c_void;
    #[link_name = "free"]
    fn c_free(at: *mut c_void);
}

/// Session memory; what the caller forgets to free stays, as ODPI-C's last-used times do.
#[unsafe(no_mangle)]
unsafe extern "C" fn OCIMemoryAlloc(
    _handle: Ptr,
    error: Ptr,
    to: *mut Ptr,
    _duration: u16,
    size: u32,
    _flags: u32,
) -> c_int {
    guard(error, || {
        unsafe { put(to, calloc(1, size.max(1) as usize)) };
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIMemoryFree(_handle: Ptr, _error: Ptr, at: Ptr) -> c_int {
    unsafe { c_free(at) };
    SUCCESS
}

fn context<T>(session: Ptr, with: impl FnOnce(&mut HashMap<Vec<u8>, usize>) -> T) -> Res<T> {
    match get(session) {
        Some(Handle::Session(cell)) => Ok(with(&mut lock(cell).context)),
        _ => Err(ora(24330, "the handle is no session")),
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIContextSetValue(
    session: Ptr,
    error: Ptr,
    _duration: u16,
    key: *const u8,
    key_len: u8,
    value: Ptr,
) -> c_int {
    guard(error, || {
        let key = unsafe { bytes(key, key_len.into()) }.to_vec();
        context(
            session,
            |values| {
                if value.is_null() { values.remove(&key) } else { values.insert(key, value as usize) }
            },
        )?;
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIContextGetValue(session: Ptr, error: Ptr, key: *const u8, key_len: u8, to: *mut Ptr) -> c_int {
    guard(error, || {
        let found = context(session, |values| values.get(unsafe { bytes(key, key_len.into()) }).copied())?;
        unsafe { put(to, found.unwrap_or_default() as Ptr) };
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIErrorGet(
    handle: Ptr,
    record: u32,
    _state: *mut u8,
    code: *mut i32,
    buffer: *mut u8,
    size: u32,
    _kind: u32,
) -> c_int {
    guard(ptr::null_mut(), || {
        let Some(Handle::Error(cell)) = get(handle) else { return Ok(INVALID_HANDLE) };
        let held = lock(cell);
        let Some(refusal) = held.as_ref().filter(|_| record == 1) else { return Ok(NO_DATA) };
        let message = format!("{refusal}\n");
        let len = message.len().min((size as usize).saturating_sub(1));
        unsafe {
            put(code, refusal.code);
            if !buffer.is_null() && size > 0 {
                ptr::copy_nonoverlapping(message.as_ptr(), buffer, len);
                buffer.add(len).write(0);
            }
        }
        Ok(SUCCESS)
    })
}

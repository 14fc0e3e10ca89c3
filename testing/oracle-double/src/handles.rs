//! Handles: OCI's opaque pointers are boxes of one enum here.

use std::collections::BTreeSet;
use std::ffi::c_int;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::abi::{INVALID_HANDLE, NO_DATA, Ptr, SUCCESS, guard, htype, put};
use crate::bind::Bind;
use crate::connect::Svc;
use crate::error::{OraError, Res, internal};
use crate::fetch::Define;
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
    /// A session, or what it is to log in with.
    Session(Mutex<SessionHandle>),
    Stmt(Box<Mutex<Stmt>>),
    /// A bind variable of a statement.
    Bind(Arc<Bind>),
    /// An output column of a statement.
    Define(Arc<Define>),
    /// The description of a column.
    Param(Column),
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

/// The refusal of a call that ODPI-C does not make.
pub fn wrong() -> OraError {
    internal("a function was called in an order, or with a handle, that it does not know")
}

/// The service context behind a pointer.
pub fn svc<'a>(at: Ptr) -> Res<MutexGuard<'a, Svc>> {
    if let Some(Handle::Svc(cell)) = get(at) { Ok(lock(cell)) } else { Err(wrong()) }
}

/// The statement behind a pointer.
pub fn stmt<'a>(at: Ptr) -> Res<MutexGuard<'a, Stmt>> {
    if let Some(Handle::Stmt(cell)) = get(at) { Ok(lock(cell)) } else { Err(wrong()) }
}

/// The session on a service context.
pub fn core(svc_at: Ptr) -> Res<Arc<Session>> {
    svc(svc_at)?.core.clone().ok_or_else(wrong)
}

/// Text at an address that never goes away: ODPI-C keeps name pointers longer than what it got them from.
pub fn intern(text: &str) -> &'static str {
    static TEXTS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut texts = lock(&TEXTS);
    if let Some(known) = texts.get(text) {
        return known;
    }
    let leaked: &'static str = Box::leak(text.to_owned().into_boxed_str());
    texts.insert(leaked);
    leaked
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIHandleAlloc(_parent: Ptr, to: *mut Ptr, kind: u32, _extra: usize, _user: *mut Ptr) -> c_int {
    guard(ptr::null_mut(), || {
        let fresh = match kind {
            htype::ERROR => Handle::Error(Mutex::default()),
            htype::SVCCTX => Handle::Svc(Mutex::default()),
            htype::SERVER => Handle::Server(Mutex::default()),
            htype::SESSION => Handle::Session(Mutex::default()),
            _ => Handle::Other,
        };
        unsafe { put(to, make(fresh)) };
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIHandleFree(at: Ptr, _kind: u32) -> c_int {
    guard(ptr::null_mut(), || {
        free(at);
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIDescriptorFree(at: Ptr, kind: u32) -> c_int {
    unsafe { OCIHandleFree(at, kind) }
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

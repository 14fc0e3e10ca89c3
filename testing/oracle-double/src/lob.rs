//! LOB locators. A locator holds its value: a fetched one is a copy of the row's, a temporary one is its own.

use std::ffi::c_int;
use std::sync::MutexGuard;

use crate::abi::{Ptr, SUCCESS, bytes, guard, put};
use crate::error::{Res, ora, refuse};
use crate::handles::{self, Handle, lock};

/// The value of a locator.
#[derive(Clone, Debug, Default)]
pub struct Lob {
    pub bytes: Vec<u8>,
    pub text: bool,
    pub temporary: bool,
    pub open: bool,
}

impl Lob {
    pub fn of(bytes: Vec<u8>, text: bool) -> Self {
        Self { bytes, text, temporary: false, open: false }
    }

    /// Its length, in characters if it is text.
    fn len(&self) -> u64 {
        if self.text { String::from_utf8_lossy(&self.bytes).chars().count() as u64 } else { self.bytes.len() as u64 }
    }

    /// The byte offset of a position, which counts from 0 here.
    fn byte_at(&self, position: u64) -> usize {
        let position = usize::try_from(position).unwrap_or(usize::MAX);
        if !self.text {
            return position.min(self.bytes.len());
        }
        let text = std::str::from_utf8(&self.bytes).unwrap_or_default();
        text.char_indices().nth(position).map_or(self.bytes.len(), |(at, _)| at)
    }
}

/// The locator behind a pointer.
pub fn locator<'a>(at: Ptr) -> Res<MutexGuard<'a, Lob>> {
    match handles::get(at) {
        Some(Handle::Lob(cell)) => Ok(lock(cell)),
        _ => Err(ora(22275, "invalid LOB locator specified")),
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCILobCreateTemporary(
    _svc: Ptr,
    error: Ptr,
    at: Ptr,
    _charset: u16,
    _form: u8,
    kind: u8,
    _cache: c_int,
    _duration: u16,
) -> c_int {
    guard(error, || {
        *locator(at)? = Lob { text: kind == 2, temporary: true, ..Lob::default() };
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCILobFreeTemporary(_svc: Ptr, error: Ptr, at: Ptr) -> c_int {
    guard(error, || {
        *locator(at)? = Lob::default();
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCILobIsTemporary(_env: Ptr, error: Ptr, at: Ptr, to: *mut c_int) -> c_int {
    guard(error, || {
        unsafe { put(to, locator(at)?.temporary.into()) };
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCILobLocatorAssign(_svc: Ptr, error: Ptr, from: Ptr, to: *mut Ptr) -> c_int {
    guard(error, || {
        let value = locator(from)?.clone();
        *locator(unsafe { to.read() })? = value;
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCILobGetLength2(_svc: Ptr, error: Ptr, at: Ptr, to: *mut u64) -> c_int {
    guard(error, || {
        unsafe { put(to, locator(at)?.len()) };
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCILobGetChunkSize(_svc: Ptr, error: Ptr, _at: Ptr, to: *mut u32) -> c_int {
    guard(error, || {
        unsafe { put(to, 8132) };
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCILobTrim2(_svc: Ptr, error: Ptr, at: Ptr, len: u64) -> c_int {
    guard(error, || {
        let mut lob = locator(at)?;
        if !lob.temporary {
            return refuse(22920);
        }
        let end = lob.byte_at(len);
        lob.bytes.truncate(end);
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCILobWrite2(
    _svc: Ptr,
    error: Ptr,
    at: Ptr,
    byte_count: *mut u64,
    chars: *mut u64,
    offset: u64,
    from: *const u8,
    len: u64,
    _piece: u8,
    _context: Ptr,
    _callback: Ptr,
    _charset: u16,
    _form: u8,
) -> c_int {
    guard(error, || {
        let mut lob = locator(at)?;
        // The double's locators are copies: only UPDATE changes the database.
        if !lob.temporary {
            return refuse(22920);
        }
        let new = unsafe { bytes(from, len as usize) };
        let begin = lob.byte_at(offset.saturating_sub(1));
        let end = (begin + new.len()).min(lob.bytes.len());
        lob.bytes.splice(begin..end, new.iter().copied());
        unsafe {
            put(byte_count, len);
            put(chars, String::from_utf8_lossy(new).chars().count() as u64);
        }
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCILobRead2(
    _svc: Ptr,
    error: Ptr,
    at: Ptr,
    byte_count: *mut u64,
    chars: *mut u64,
    offset: u64,
    to: *mut u8,
    size: u64,
    _piece: u8,
    _context: Ptr,
    _callback: Ptr,
    _charset: u16,
    _form: u8,
) -> c_int {
    guard(error, || {
        let lob = locator(at)?;
        let wanted = unsafe { if lob.text { chars.read() } else { byte_count.read() } };
        let begin = lob.byte_at(offset.saturating_sub(1));
        let end = lob.byte_at(offset.saturating_sub(1).saturating_add(wanted)).min(begin + size as usize);
        let part = &lob.bytes[begin..end];
        unsafe {
            std::ptr::copy_nonoverlapping(part.as_ptr(), to, part.len());
            put(byte_count, part.len() as u64);
            put(chars, String::from_utf8_lossy(part).chars().count() as u64);
        }
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCILobOpen(_svc: Ptr, error: Ptr, at: Ptr, _mode: u8) -> c_int {
    guard(error, || {
        locator(at)?.open = true;
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCILobClose(_svc: Ptr, error: Ptr, at: Ptr) -> c_int {
    guard(error, || {
        locator(at)?.open = false;
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCILobIsOpen(_svc: Ptr, error: Ptr, at: Ptr, to: *mut c_int) -> c_int {
    guard(error, || {
        unsafe { put(to, locator(at)?.open.into()) };
        Ok(SUCCESS)
    })
}

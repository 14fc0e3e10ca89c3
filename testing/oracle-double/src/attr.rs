//! Attributes of handles.

use std::ffi::c_int;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::abi::{NO_DATA, Ptr, SUCCESS, UTF8, attr, guard, put, text};
use crate::error::{Res, unmodelled};
use crate::handles::{self, Handle, intern, lock};
use crate::session::Session;
use crate::statement::{Column, Stmt};

/// The caller's buffer for an attribute.
struct Answer {
    to: Ptr,
    len: *mut u32,
}

impl Answer {
    fn value<T>(&self, value: T) -> Res<c_int> {
        unsafe { put(self.to.cast(), value) };
        Ok(SUCCESS)
    }

    fn text(&self, text: &'static str) -> Res<c_int> {
        unsafe {
            put(self.to.cast(), text.as_ptr());
            put(self.len, text.len() as u32);
        }
        Ok(SUCCESS)
    }
}

fn unknown<T>(attribute: u32) -> Res<T> {
    Err(unmodelled(&format!("attribute {attribute} of this handle")))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIAttrGet(handle: Ptr, _kind: u32, to: Ptr, len: *mut u32, attribute: u32, error: Ptr) -> c_int {
    guard(error, || {
        let answer = Answer { to, len };
        match (handles::get(handle), attribute) {
            (Some(Handle::Env | Handle::Server(_)), attr::CHARSET_ID | attr::NCHARSET_ID) => answer.value(UTF8),
            (Some(Handle::Error(_)), attr::ERROR_IS_RECOVERABLE) => answer.value(0i32),
            (Some(Handle::Svc(cell)), attr::STMTCACHESIZE) => answer.value(lock(cell).cache_size),
            (Some(Handle::Svc(cell)), attr::CALL_TIMEOUT) => {
                answer.value(lock(cell).core.as_ref().map_or(0, |core| core.call_timeout.load(Ordering::SeqCst)))
            }
            (Some(Handle::Server(cell)), attr::SERVER_STATUS) => {
                answer.value(u32::from(lock(cell).core.as_ref().is_none_or(|core| core.alive())))
            }
            (Some(Handle::Session(cell)), attr::TRANSACTION_IN_PROGRESS) => {
                let open = |core: &Arc<Session>| core.in_transaction.load(Ordering::SeqCst);
                answer.value(i32::from(lock(cell).core.as_ref().is_some_and(open)))
            }
            (Some(Handle::Stmt(cell)), _) => statement(&lock(cell), attribute, &answer),
            (Some(Handle::Param(column)), _) => param(column, attribute, &answer),
            _ => unknown(attribute),
        }
    })
}

fn statement(statement: &Stmt, attribute: u32, answer: &Answer) -> Res<c_int> {
    match attribute {
        attr::STMT_TYPE => answer.value(statement.kind),
        // RETURNING stands only inside of blocks here.
        attr::STMT_IS_RETURNING => answer.value(0u8),
        attr::BIND_COUNT => answer.value(statement.slots.len() as u32),
        attr::PARAM_COUNT => answer.value(statement.columns.len() as u32),
        attr::UB8_ROW_COUNT => answer.value(statement.row_count),
        attr::ROWS_FETCHED => answer.value(statement.fetched),
        attr::PARSE_ERROR_OFFSET => answer.value(statement.offset as u16),
        // ODPI-C prepares a statement again after ORA-00932, a workaround of its own.
        attr::STATEMENT => answer.text(intern(&statement.sql)),
        // Which DDL it was; nothing here makes object types, the only ones that matter to the caller.
        attr::SQLFNCODE => answer.value(0u16),
        _ => unknown(attribute),
    }
}

fn param(column: &Column, attribute: u32, answer: &Answer) -> Res<c_int> {
    match attribute {
        attr::NAME => answer.text(column.name),
        attr::DATA_TYPE => answer.value(column.kind),
        attr::DATA_SIZE => answer.value(column.size),
        attr::CHAR_SIZE => answer.value(column.chars),
        attr::PRECISION => answer.value(column.precision),
        attr::SCALE => answer.value(column.scale),
        attr::CHARSET_FORM | attr::IS_NULL => answer.value(1u8),
        attr::JSON_COL | attr::OSON_COL => answer.value(0u8),
        attr::NUM_ANNOTATIONS => answer.value(0u32),
        attr::DOMAIN_SCHEMA | attr::DOMAIN_NAME => {
            unsafe { put(answer.len, 0) };
            Ok(NO_DATA)
        }
        _ => unknown(attribute),
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIAttrSet(handle: Ptr, _kind: u32, from: Ptr, len: u32, attribute: u32, error: Ptr) -> c_int {
    guard(error, || {
        let number = || if from.is_null() { 0 } else { unsafe { from.cast::<u32>().read_unaligned() } };
        match (handles::get(handle), attribute) {
            (Some(Handle::Svc(cell)), attr::SERVER) => lock(cell).server = from as usize,
            (Some(Handle::Svc(cell)), attr::STMTCACHESIZE) => lock(cell).cache_size = number(),
            (Some(Handle::Svc(cell)), attr::CALL_TIMEOUT) => {
                let core = lock(cell).core.clone().ok_or_else(handles::wrong)?;
                core.call_timeout.store(number(), Ordering::SeqCst);
            }
            (Some(Handle::Session(cell)), attr::USERNAME) => {
                lock(cell).user = unsafe { text(from.cast(), len as usize) };
            }
            (Some(Handle::Session(cell)), attr::PASSWORD) => {
                lock(cell).password = unsafe { text(from.cast(), len as usize) };
            }
            // The other attributes (driver name, prefetch, …) have no effect here.
            _ => {}
        }
        Ok(SUCCESS)
    })
}

//! Attributes of handles.

use std::ffi::c_int;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::abi::{NO_DATA, Ptr, SUCCESS, UTF8, attr, guard, put, text};
use crate::connect::Svc;
use crate::error::{Res, ora};
use crate::handles::{self, Handle, ServerHandle, SessionHandle, intern, lock};
use crate::pool::PoolHandle;
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

    fn text(&self, text: &str) -> Res<c_int> {
        let kept = intern(text);
        unsafe {
            put(self.to.cast(), kept.as_ptr());
            put(self.len, kept.len() as u32);
        }
        Ok(SUCCESS)
    }

    /// There is no such thing.
    fn nothing(&self) -> Res<c_int> {
        unsafe { put(self.len, 0) };
        Ok(NO_DATA)
    }
}

fn unknown(what: &str, attribute: u32) -> Res<c_int> {
    Err(ora(24315, format!("illegal attribute type: the double has no {attribute} on a {what}")))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIAttrGet(handle: Ptr, _kind: u32, to: Ptr, len: *mut u32, attribute: u32, error: Ptr) -> c_int {
    guard(error, || {
        let answer = Answer { to, len };
        match handles::get(handle) {
            Some(Handle::Env) if matches!(attribute, attr::CHARSET_ID | attr::NCHARSET_ID) => answer.value(UTF8),
            Some(Handle::Error(_)) if attribute == attr::ERROR_IS_RECOVERABLE => answer.value(0i32),
            Some(Handle::Svc(cell)) => svc(&lock(cell), attribute, &answer),
            Some(Handle::Server(cell)) => server(&lock(cell), attribute, &answer),
            Some(Handle::Session(cell)) => session(&lock(cell), attribute, &answer),
            Some(Handle::Pool(cell)) => pool(&lock(cell), attribute, &answer),
            Some(Handle::Stmt(cell)) => statement(&lock(cell), attribute, &answer),
            Some(Handle::Param(column)) => param(column, attribute, &answer),
            Some(Handle::Bind(bind)) if attribute == attr::ROWS_RETURNED => {
                answer.value(bind.rows_returned.load(Ordering::SeqCst))
            }
            _ => unknown("handle of this kind", attribute),
        }
    })
}

fn svc(svc: &Svc, attribute: u32, answer: &Answer) -> Res<c_int> {
    match attribute {
        attr::SERVER => answer.value(svc.server),
        attr::SESSION => answer.value(svc.session),
        attr::STMTCACHESIZE => answer.value(svc.cache_size),
        attr::CALL_TIMEOUT => {
            answer.value(svc.core.as_ref().map_or(0, |core| core.call_timeout.load(Ordering::SeqCst)))
        }
        attr::MAX_IDENTIFIER_LEN => answer.value(128u8),
        // A dedicated server.
        attr::SERVER_TYPE => answer.value(1u8),
        _ => unknown("service context", attribute),
    }
}

fn server(server: &ServerHandle, attribute: u32, answer: &Answer) -> Res<c_int> {
    let core = server.core.as_ref();
    match attribute {
        attr::CHARSET_ID => answer.value(UTF8),
        attr::SERVER_STATUS => answer.value(u32::from(core.is_none_or(|core| core.alive()))),
        attr::RECEIVE_TIMEOUT => answer.value(core.map_or(0, |core| core.receive_timeout.load(Ordering::SeqCst))),
        attr::BREAK_ON_NET_TIMEOUT => answer.value(1u8),
        attr::DBNAME => answer.text("ORAFAKE"),
        attr::INSTNAME => answer.text("orafake"),
        attr::SERVICENAME => answer.text(core.map_or("", |core| &core.service.name)),
        attr::DBDOMAIN => answer.nothing(),
        _ => unknown("server", attribute),
    }
}

fn session(session: &SessionHandle, attribute: u32, answer: &Answer) -> Res<c_int> {
    let core = session.core.as_ref();
    match attribute {
        attr::TRANSACTION_IN_PROGRESS => {
            answer.value(i32::from(core.is_some_and(|core| core.in_transaction.load(Ordering::SeqCst))))
        }
        attr::MAX_OPEN_CURSORS => answer.value(1000u32),
        attr::CURRENT_SCHEMA => answer.text(&session.user.to_uppercase()),
        _ => answer.nothing(),
    }
}

fn pool(pool: &PoolHandle, attribute: u32, answer: &Answer) -> Res<c_int> {
    let (open, busy) = pool.pool.as_ref().map_or((0, 0), |pool| pool.counts());
    match attribute {
        attr::SPOOL_OPEN_COUNT => answer.value(open),
        attr::SPOOL_BUSY_COUNT => answer.value(busy),
        attr::SPOOL_GETMODE => answer.value(pool.settings.get_mode.load(Ordering::Relaxed) as u8),
        attr::SPOOL_WAIT_TIMEOUT => answer.value(pool.settings.wait_timeout.load(Ordering::Relaxed)),
        attr::SPOOL_TIMEOUT => answer.value(pool.settings.idle_timeout.load(Ordering::Relaxed)),
        attr::SPOOL_MAX_LIFETIME => answer.value(pool.settings.max_lifetime.load(Ordering::Relaxed)),
        _ => unknown("pool", attribute),
    }
}

fn statement(statement: &Stmt, attribute: u32, answer: &Answer) -> Res<c_int> {
    match attribute {
        attr::STMT_TYPE => answer.value(statement.kind),
        attr::STMT_IS_RETURNING => answer.value(u8::from(statement.returning)),
        attr::BIND_COUNT => answer.value(statement.slots.len() as u32),
        attr::PARAM_COUNT => answer.value(statement.columns.len() as u32),
        attr::ROW_COUNT => answer.value(statement.row_count as u32),
        attr::UB8_ROW_COUNT => answer.value(statement.row_count),
        attr::ROWS_FETCHED => answer.value(statement.fetched),
        attr::PARSE_ERROR_OFFSET => answer.value(statement.offset as u16),
        attr::NUM_DML_ERRORS => answer.value(0u32),
        // Which DDL it was; nothing here makes object types, the only ones that matter to the caller.
        attr::SQLFNCODE => answer.value(0u16),
        attr::STATEMENT => answer.text(&statement.sql),
        _ => unknown("statement", attribute),
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
        attr::CHARSET_FORM => answer.value(1u8),
        attr::IS_NULL => answer.value(1u8),
        attr::JSON_COL | attr::OSON_COL => answer.value(0u8),
        attr::NUM_ANNOTATIONS => answer.value(0u32),
        attr::DOMAIN_SCHEMA | attr::DOMAIN_NAME => answer.nothing(),
        _ => unknown("column", attribute),
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIAttrSet(handle: Ptr, _kind: u32, from: Ptr, len: u32, attribute: u32, error: Ptr) -> c_int {
    guard(error, || {
        let number = || if from.is_null() { 0 } else { unsafe { from.cast::<u32>().read_unaligned() } };
        match (handles::get(handle), attribute) {
            (Some(Handle::Svc(cell)), attr::SERVER) => lock(cell).server = from as usize,
            (Some(Handle::Svc(cell)), attr::SESSION) => lock(cell).session = from as usize,
            (Some(Handle::Svc(cell)), attr::STMTCACHESIZE) => lock(cell).cache_size = number(),
            (Some(Handle::Svc(cell)), attr::CALL_TIMEOUT) => {
                let core = lock(cell).core.as_ref().map(Arc::clone);
                core.ok_or_else(|| ora(1012, "not logged on"))?.call_timeout.store(number(), Ordering::SeqCst);
            }
            (Some(Handle::Server(cell)), attr::RECEIVE_TIMEOUT) => {
                if let Some(core) = &lock(cell).core {
                    core.receive_timeout.store(number(), Ordering::SeqCst);
                }
            }
            (Some(Handle::Session(cell)), attr::USERNAME) => {
                lock(cell).user = unsafe { text(from.cast(), len as usize) };
            }
            (Some(Handle::Session(cell)), attr::PASSWORD) => {
                lock(cell).password = unsafe { text(from.cast(), len as usize) };
            }
            (Some(Handle::Pool(cell)), _) => {
                let settings = Arc::clone(&lock(cell).settings);
                let setting = match attribute {
                    attr::SPOOL_GETMODE => {
                        let mode = unsafe { from.cast::<u8>().read() };
                        settings.get_mode.store(mode.into(), Ordering::Relaxed);
                        return Ok(SUCCESS);
                    }
                    attr::SPOOL_WAIT_TIMEOUT => &settings.wait_timeout,
                    attr::SPOOL_TIMEOUT => &settings.idle_timeout,
                    attr::SPOOL_MAX_LIFETIME => &settings.max_lifetime,
                    _ => return Ok(SUCCESS),
                };
                setting.store(number(), Ordering::Relaxed);
            }
            // The other attributes (driver name, prefetch, purity, ...) have no effect here.
            _ => {}
        }
        Ok(SUCCESS)
    })
}

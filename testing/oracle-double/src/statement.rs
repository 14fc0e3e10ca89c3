//! Statements: preparing, describing, executing.

use std::ffi::c_int;
use std::sync::Arc;

use rusqlite::types::Value;

use crate::abi::{NO_DATA, Ptr, SUCCESS, guard, mode, put, sqlt, text};
use crate::bind::Bind;
use crate::error::{OraError, Res, ora, plain, unmodelled};
use crate::fetch::{self, Define};
use crate::handles::{self, Handle, intern};
use crate::session::Session;
use crate::sql::{self, Plan, Token, TypeKind, World};
use crate::{ddl, plsql, run};

pub struct Stmt {
    pub core: Arc<Session>,
    pub sql: String,
    tokens: Res<Vec<Token>>,
    /// The names of its bind variables, in order.
    pub slots: Vec<String>,
    /// The binding of each slot.
    pub binds: Vec<Option<Arc<Bind>>>,
    /// OCI's number for the kind of statement.
    pub kind: u16,
    pub columns: Vec<Column>,
    pub defines: Vec<Option<Arc<Define>>>,
    pub rows: Vec<Vec<Value>>,
    /// The first row that has not been fetched.
    pub next: usize,
    /// Number of rows of the last fetch.
    pub fetched: u32,
    pub row_count: u64,
    /// The position in the SQL of the last refusal.
    pub offset: usize,
    /// Handles that go with it, as addresses.
    pub owned: Vec<usize>,
}

impl Drop for Stmt {
    fn drop(&mut self) {
        self.owned.drain(..).for_each(|handle| handles::free(handle as Ptr));
    }
}

/// The description of a column.
#[derive(Clone, Copy)]
pub struct Column {
    pub name: &'static str,
    pub kind: u16,
    pub size: u16,
    pub chars: u16,
    pub precision: i16,
    pub scale: i8,
}

impl Column {
    fn of(name: &str, known: Option<&TypeKind>, values: impl Iterator<Item = Value>) -> Self {
        let (kind, size, precision, scale) = match known {
            Some(TypeKind::Varchar(chars)) => (sqlt::CHR, (chars * 4).min(4000), 0, 0),
            Some(TypeKind::Raw(size)) => (sqlt::BIN, *size, 0, 0),
            Some(TypeKind::Number(precision)) => (sqlt::NUM, 22, *precision as i16, 0),
            Some(TypeKind::Blob) => (sqlt::BLOB, 4000, 0, 0),
            None => {
                let (kind, size) = fetch::guess(values);
                (kind, size, 0, -127)
            }
        };
        let chars = if let Some(TypeKind::Varchar(chars)) = known { *chars } else { size };
        Self { name: intern(&name.to_uppercase()), kind, size: size as u16, chars: chars as u16, precision, scale }
    }
}

impl Stmt {
    fn prepare(core: Arc<Session>, sql: String) -> Self {
        let (tokens, slots) = match sql::lex(&sql) {
            Ok((tokens, slots)) => (Ok(tokens), slots),
            Err(refusal) => (Err(refusal), Vec::new()),
        };
        Self {
            core,
            tokens,
            binds: slots.iter().map(|_| None).collect(),
            slots,
            kind: sql::statement_type(&sql),
            columns: Vec::new(),
            defines: Vec::new(),
            rows: Vec::new(),
            next: 0,
            fetched: 0,
            row_count: 0,
            offset: 0,
            owned: Vec::new(),
            sql,
        }
    }

    /// The values of all slots for an iteration.
    fn values(&self, iteration: usize) -> Res<Vec<Value>> {
        let of = |bind: &Option<Arc<Bind>>| bind.as_ref().ok_or_else(|| plain(1008))?.value(iteration);
        self.binds.iter().map(of).collect()
    }

    fn execute(&mut self, iterations: u32, flags: u32) -> Res<()> {
        if flags & mode::COMMIT_ON_SUCCESS != 0 {
            return Err(unmodelled("autocommit"));
        }
        let core = Arc::clone(&self.core);
        let deadline = core.call("execute", &self.sql)?;
        let mut db = core.db();
        self.row_count = 0;
        let tokens = self.tokens.as_ref().map_err(OraError::clone)?;
        let is_lob = |column: &str| ddl::is_lob(&db, column);
        let plan = sql::parse(tokens, &World { major: core.service.major, is_lob: &is_lob })?;
        match &plan {
            Plan::Query(query) => {
                let values = self.values(0)?;
                fits(&values, &query.narrow)?;
                let found = run::query(&mut db, query, &values, deadline)?;
                self.describe(&found);
                self.rows = found.rows;
                self.next = 0;
            }
            Plan::Dml(dml) => {
                for iteration in 0..iterations.max(1) as usize {
                    let values = self.values(iteration)?;
                    fits(&values, &dml.narrow)?;
                    self.row_count += run::dml(&mut db, dml, &values, deadline)?.count;
                }
            }
            Plan::Ddl(change) => ddl::run(&mut db, change, deadline)?,
            Plan::Block(block) => {
                let mut values = self.values(0)?;
                for slot in plsql::run(&mut db, block, &mut values, deadline)? {
                    if let Some(bind) = &self.binds[slot] {
                        bind.give_back(&values[slot])?;
                    }
                }
                self.row_count = 1;
            }
        }
        drop(db);
        core.call("executed", &self.sql)?;
        Ok(())
    }

    fn describe(&mut self, found: &run::Table) {
        let values = |at: usize| found.rows.iter().map(move |row| row[at].clone());
        let columns = found.columns.iter().enumerate();
        self.columns = columns.map(|(at, (name, known))| Column::of(name, known.as_ref(), values(at))).collect();
        self.defines.resize_with(self.columns.len(), || None);
    }
}

/// In SQL a long value can be stored as it is, and be no part of an expression, a filter or a SELECT.
fn fits(values: &[Value], narrow: &[usize]) -> Res<()> {
    let long = |slot: &usize| match &values[*slot] {
        Value::Text(text) => text.len() > 4000,
        Value::Blob(bytes) => bytes.len() > 4000,
        _ => false,
    };
    if narrow.iter().any(long) {
        return Err(ora(1461, "can bind a LONG value only for insert into a LONG column"));
    }
    Ok(())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIStmtPrepare2(
    svc: Ptr,
    to: *mut Ptr,
    error: Ptr,
    sql: *const u8,
    len: u32,
    _tag: *const u8,
    _tag_len: u32,
    _language: u32,
    _mode: u32,
) -> c_int {
    guard(error, || {
        let core = handles::core(svc)?;
        let statement = Stmt::prepare(core, unsafe { text(sql, len as usize) });
        unsafe { put(to, handles::make(Handle::Stmt(Box::new(statement.into())))) };
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIStmtRelease(statement: Ptr, error: Ptr, _tag: *const u8, _tag_len: u32, _mode: u32) -> c_int {
    guard(error, || {
        handles::free(statement);
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIStmtExecute(
    _svc: Ptr,
    statement: Ptr,
    error: Ptr,
    iterations: u32,
    _row_offset: u32,
    _snap_in: Ptr,
    _snap_out: Ptr,
    mode: u32,
) -> c_int {
    guard(error, || {
        let mut statement = handles::stmt(statement)?;
        statement.offset = 0;
        statement.execute(iterations, mode).inspect_err(|refusal| statement.offset = refusal.offset)?;
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIStmtGetBindInfo(
    statement: Ptr,
    error: Ptr,
    size: u32,
    start: u32,
    found: *mut i32,
    names: *mut *const u8,
    name_lens: *mut u8,
    indicator_names: *mut *const u8,
    indicator_lens: *mut u8,
    duplicates: *mut u8,
    handles_out: *mut Ptr,
) -> c_int {
    guard(error, || {
        let statement = handles::stmt(statement)?;
        let slots = &statement.slots;
        if slots.is_empty() {
            return Ok(NO_DATA);
        }
        let begin = (start as usize).saturating_sub(1);
        for (row, slot) in (begin..slots.len()).take(size as usize).enumerate() {
            let name = intern(&slots[slot]);
            let known = slots[..slot].contains(&slots[slot]);
            unsafe {
                put(names.add(row), name.as_ptr());
                put(name_lens.add(row), name.len() as u8);
                put(indicator_names.add(row), std::ptr::null());
                put(indicator_lens.add(row), 0);
                put(duplicates.add(row), known.into());
                put(handles_out.add(row), std::ptr::null_mut());
            }
        }
        // Negative: there are more than fitted.
        let count = slots.len() as i32;
        unsafe { put(found, if begin + size as usize >= slots.len() { count } else { -count }) };
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIParamGet(handle: Ptr, _kind: u32, error: Ptr, to: *mut Ptr, position: u32) -> c_int {
    guard(error, || {
        let statement = handles::stmt(handle)?;
        let column = statement.columns.get((position as usize).wrapping_sub(1)).copied();
        let column = column.ok_or_else(handles::wrong)?;
        unsafe { put(to, handles::make(Handle::Param(column))) };
        Ok(SUCCESS)
    })
}

//! A test double of Oracle's client library: the C functions of OCI that ODPI-C calls, over SQLite.
//!
//! It is for tests only. The real `oracle` crate and the real ODPI-C load it as if it were `libclntsh.so`, so what is
//! tested is the driver that ships: binds, fetches, error codes, time-outs, lost sessions, pools. It is no Oracle: it
//! proves nothing about Oracle's optimizer, locks, log-ins or TLS.
//!
//! # How a test uses it
//! 1. Have `oracle-double` as a dev-dependency; Cargo then leaves `liborafake.so` beside the test executables
//!    (`current_exe()/../liborafake.so`).
//! 2. Copy it as `libclntsh.so` into a folder of its own. It must not have that name in `target`: ODPI-C looks first in
//!    the folder of the running binary.
//! 3. Set `ORAFAKE_DIR` to a folder, or let the library's own folder do; then
//!    `InitParams::new().oracle_client_lib_dir(folder)?.init()?`. There is one
//!    client for a process, and it cannot be loaded twice.
//! 4. Connect. The service name selects the database, so each test takes a service of its own.
//!
//! # Environment
//! | Variable | Meaning |
//! |---|---|
//! | `ORAFAKE_DIR` | the folder of the services; if not set, the one that the library was loaded from |
//! | `ORAFAKE_PASSWORD` | the password of every user; `Orafake-Password-1` if not set |
//! | `ORAFAKE_CLIENT_VERSION` | `23.9.0.0.0` if not set; 19.x and 21.x work too |
//! | `ORAFAKE_SERVER_VERSION` | `23` if not set; `19` refuses what 19c refuses. A service named `v19...` or `v23...` is that |
//!
//! # Files of a service
//! The service is what follows the last `/` of an EZConnect string, `service_name=` of a descriptor, or an alias as it
//! is. In the services' folder:
//!
//! | File | Meaning |
//! |---|---|
//! | `<service>.db` | the SQLite file; made on the first connect |
//! | `<service>.faults` | faults, below; read again whenever its content changes |
//! | `<service>.privs` | what `session_privs` lists, a line each |
//! | `<service>.expiry` | `expiry_date` of `user_users`, `YYYY-MM-DD` or `YYYY-MM-DD HH:MM:SS`; empty or not there: NULL |
//! | `<service>.status` | `account_status` of `user_users`; empty or not there: `OPEN` |
//! | `<service>.log-ins` | written by the double, a line for each log-in: `accepted`, or the refusal (`ORA-01017`) |
//! | `<service>.quota` | `max_bytes` of `user_ts_quotas`; empty or 0: no quota, and INSERT is refused with ORA-01950 |
//!
//! # Faults
//! Lines `op|text|skip|times|effect`. Counting is by process and by line, and begins anew when the file changes.
//! - `op`: `connect`, `get` (out of a pool), `execute`, `fetch`, `commit`, `ping`, or `any` of these; `executed` and
//!   `committed` strike when the work is done and the caller cannot know. A COMMIT inside of a block is part of its
//!   `execute`.
//! - `text`: what the SQL must contain, in any case; empty for all.
//! - `skip`: how many calls that match pass first. `times`: how often it strikes then, `*` for ever.
//! - `effect`: `ORA-n` fails the call; `drop-n` loses the session with that number, uncommitted work and all; `slow:ms`
//!   only delays. `wait:ms` is a server that works or waits for a lock and hears a break: a call time-out ends the call
//!   when it is due, and the session lives (DPI-1067). `hang:ms` is a frozen server: the call ends after twice the
//!   time-out, and the session is lost (DPI-1080 with ORA-03156), as measured with client 19.3.
//!
//! A line `down` refuses every connect with ORA-12541 and loses the sessions that are open (ORA-03113 at their next
//! use; the double must have looked at the file while it said so). A line `silent` lets connects hang for the
//! `connect_timeout=` seconds of the address, 60 if it has none, then ORA-12170.
//!
//! # What it knows of SQL
//! A tokenizer and a parser of its own ([`sql`](self)) read Oracle's SQL and write SQLite's; unknown input is
//! refused with Oracle's number, and a feature that only Oracle has with ORA-03001.
//!
//! Silent differences from Oracle:
//! - One session writes at a time; in Oracle only writers of the same rows wait for each other. Two open transactions
//!   in one thread therefore wait for ever, unless a call time-out is set.
//! - Numbers are of 64 bits or floats of 15 digits. A number that a column would have to round is refused (ORA-03001).
//! - Uniqueness is checked row by row, and keys that are NULL in part never collide.
//! - A scalar subquery of many rows gives the first (no ORA-01427); bare columns beside GROUP BY are accepted.
//! - Quoted names differ from unquoted ones by no more than case, so they do not differ.
//! - What may not be done to LOB columns is refused only where a column is named as it is, and all tables that have a
//!   column of that name agree on its type; LENGTH of a RAW is doubled under the same condition.
//! - A DATE of `user_users` or of a literal is a number of days since 1970; it can be computed with, not fetched as a
//!   date.
//! - CHAR is not padded; implicit conversions between RAW and text are refused.
//! - Of two foreign keys of a table, the refusal names the first. Columns are always described as nullable.
//! - A fetched LOB is a copy; writing to its locator is refused (ORA-22920).
#![allow(clippy::too_many_arguments, reason = "the functions of OCI have as many as they have")]

mod abi;
mod attr;
mod bind;
mod codec;
mod connect;
mod datetime;
mod ddl;
mod env;
mod error;
mod faults;
mod fetch;
mod functions;
mod handles;
mod lob;
mod number;
mod plsql;
mod pool;
mod refusals;
mod run;
mod service;
mod session;
mod sql;
mod statement;

//! A test double of Oracle's client library: the C functions of OCI that ODPI-C calls, over SQLite.
//!
//! It is for tests only. The real `oracle` crate and the real ODPI-C load it as if it were `libclntsh.so`, so what is
//! tested is the driver that ships. It exists for what no other stand can do: faults on command, in any call; Oracle's
//! refusals of SQL, of 19c and of 23ai; many threads, on every machine. `testing/oracle-wire` proves Oracle's own client
//! library: log-in, TLS, wallets, type codes, versions. Neither proves Oracle's optimizer or locks.
//!
//! It has the functions of OCI that ODPI-C calls for this driver, and no others (no session pool, no LOB locators, no
//! TIMESTAMP): ODPI-C looks each one up at its first use, and names a missing one with an error (DPI-1049).
//!
//! # How a test uses it
//! 1. Have `oracle-double` as a dev-dependency; Cargo then leaves `liborafake.so` beside the test executables
//!    (`current_exe()/../liborafake.so`).
//! 2. Copy it as `libclntsh.so` into a folder of its own. It must not have that name in `target`: ODPI-C looks first in
//!    the folder of the running binary.
//! 3. `InitParams::new().oracle_client_lib_dir(folder)?.init()?`. There is one client for a process, and it cannot be
//!    loaded twice.
//! 4. Connect with a descriptor. Its `service_name` selects the database, so each test takes a service of its own. One
//!    that begins with `v19` refuses what 19c refuses; every other one is a 23ai server. The password is
//!    `Orafake-Password-1`, of any user.
//!
//! `ORAFAKE_CLIENT_VERSION` in the environment is the version that the client says it has; `23.9.0.0.0` if not set.
//!
//! # Files of a service
//! They are in the folder that the library was loaded from:
//!
//! | File | Meaning |
//! |---|---|
//! | `<service>.db` | the SQLite file; made on the first connect |
//! | `<service>.faults` | faults, below; read again whenever its content changes |
//! | `<service>.privs` | `session_privs`, a line each |
//! | `<service>.expiry` | `expiry_date` of `user_users`, `YYYY-MM-DD` or `YYYY-MM-DD HH:MM:SS`; empty or not there: NULL |
//! | `<service>.status` | `account_status` of `user_users`; empty or not there: `OPEN`. With `GRACE` in it, each log-in warns (ORA-28002) |
//! | `<service>.log-ins` | written by the double, a line for each log-in: `accepted`, or the refusal (`ORA-01017`) |
//! | `<service>.quota` | `max_bytes` of `user_ts_quotas`; empty or 0: no quota, and INSERT is refused with ORA-01950 |
//!
//! # Faults
//! Lines `op|text|skip|times|effect`. Counting is by process and by line, and begins anew when the file changes.
//! - `op`: `connect`, `execute`, `fetch`, `commit`, `ping`, or `any` of these; `executed` and `committed` strike when the
//!   work is done and the caller cannot know. A COMMIT inside of a block is part of its `execute`.
//! - `text`: what the SQL must contain, in any case; empty for all.
//! - `skip`: how many calls that match pass first. `times`: how often it strikes then, `*` for ever.
//! - `effect`: `ORA-n` fails the call; `drop-n` loses the session with that number, uncommitted work and all; `slow:ms`
//!   only delays. `wait:ms` is a server that works or waits for a lock and hears a break: a call time-out ends the call
//!   when it is due, and the session lives (DPI-1067). `hang:ms` is a frozen server: the call ends after twice the
//!   time-out, and the session is lost (DPI-1080 with ORA-03156), as measured with client 19.3. With `RECV_TIMEOUT=s`
//!   in the address, the break is sent after that silence if it is shorter: a server that hears it ends the call then
//!   (ORA-12609), and a frozen one does not hold it beyond the time-out.
//!
//! A line `down` refuses every connect with ORA-12541 and loses the sessions that are open (ORA-03113 at their next
//! use; the double must have looked at the file while it said so). A line `silent` lets connects hang for the
//! `connect_timeout=` seconds of the address, 60 if it has none, then ORA-12170.
//!
//! # What it knows of SQL
//! A tokenizer and a parser of its own ([`sql`](self)) read what the driver's statements are made of, and write
//! SQLite's. Unknown input is refused with Oracle's number, a feature that only Oracle has with ORA-03001.
//!
//! Silent differences from Oracle:
//! - One session writes at a time; in Oracle only writers of the same rows wait for each other. Two open transactions
//!   in one thread therefore wait for ever, unless a call time-out is set.
//! - Uniqueness is checked row by row, and keys that are NULL in part never collide.
//! - What may not be done to LOB columns is refused where a column is named as it is, in any table.
//! - The parent of a foreign key need not exist when the child is made, and may be dropped before it.
//! - Implicit conversions between RAW and text are refused. Columns are always described as nullable.
#![allow(clippy::too_many_arguments, reason = "the functions of OCI have as many as they have")]

mod abi;
mod attr;
mod bind;
mod codec;
mod connect;
mod ddl;
mod env;
mod error;
mod faults;
mod fetch;
mod functions;
mod handles;
mod number;
mod plsql;
mod refusals;
mod run;
mod service;
mod session;
mod sql;
mod statement;

//! Connecting: connect strings, attaching to a server, logging in and out, transactions, pings.

use std::env;
use std::ffi::c_int;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use crate::abi::{Ptr, SUCCESS, guard, text};
use crate::error::{Res, ora, plain};
use crate::faults::Effect;
use crate::handles::{self, Handle, lock};
use crate::pool::Pool;
use crate::service::Service;
use crate::session::Session;

#[derive(Default)]
pub struct Svc {
    /// The server handle, as an address.
    pub server: usize,
    /// The session handle, as an address.
    pub session: usize,
    pub core: Option<Arc<Session>>,
    pub cache_size: u32,
    /// The pool it came from.
    pub pool: Option<Arc<Pool>>,
}

pub struct Address {
    service: Arc<Service>,
    connect_timeout: Option<Duration>,
}

/// The value of `name=` in a connect string, up to a delimiter.
fn parameter<'a>(address: &'a str, lower: &str, name: &str) -> Option<&'a str> {
    let from = lower.match_indices(name).find_map(|(at, _)| {
        let after = address[at + name.len()..].trim_start();
        // Not the end of a longer name: transport_connect_timeout is another thing.
        let whole = !lower[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        after.strip_prefix('=').filter(|_| whole)
    })?;
    Some(from.trim_start().split([')', '&', '?', ' ']).next().unwrap_or_default().trim())
}

impl Address {
    /// Understands EZConnect (`[tcps://]host[:port]/service[:mode][?name=value&...]`), a descriptor, or an alias.
    pub fn parse(address: &str) -> Res<Self> {
        let address = address.trim();
        if address.is_empty() {
            return Err(plain(12162));
        }
        let lower = address.to_ascii_lowercase();
        let name = if address.starts_with('(') {
            if address.matches('(').count() != address.matches(')').count() {
                return Err(plain(12154));
            }
            parameter(address, &lower, "service_name").ok_or_else(|| plain(12514))?
        } else {
            let path = address.split('?').next().unwrap_or_default();
            let last = path.rsplit('/').next().unwrap_or_default();
            last.split(':').next().unwrap_or_default()
        };
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || "._-".contains(c)) || name.starts_with('.') {
            return Err(plain(12154));
        }
        let seconds = parameter(address, &lower, "connect_timeout").and_then(|text| text.parse().ok());
        let service = Service::find(name).ok_or_else(|| ora(12154, "the double finds no folder: set ORAFAKE_DIR"))?;
        Ok(Self { service, connect_timeout: seconds.map(Duration::from_secs) })
    }

    /// Reaches the listener, or not.
    pub fn reach(&self) -> Res<()> {
        let weather = self.service.weather("", "");
        if weather.down {
            return Err(plain(12541));
        }
        if weather.silent {
            sleep(self.connect_timeout.unwrap_or(Duration::from_secs(60)));
            return Err(plain(12170));
        }
        Ok(())
    }

    /// Logs in, and notes the log-in in the service's file.
    pub fn log_in(&self, user: &str, password: &str) -> Res<Arc<Session>> {
        let session = self.let_in(user, password);
        self.service.note_log_in(session.as_ref().err().map(|refusal| refusal.code));
        session
    }

    fn let_in(&self, user: &str, password: &str) -> Res<Arc<Session>> {
        let weather = self.service.weather("connect", "");
        match weather.effect {
            None => {}
            Some(Effect::Fail(code) | Effect::Drop(code)) => return Err(plain(code)),
            Some(Effect::Slow(time)) => sleep(time),
            Some(Effect::Hang(time) | Effect::Wait(time)) => {
                match self.connect_timeout.filter(|timeout| *timeout < time) {
                    Some(timeout) => {
                        sleep(timeout);
                        return Err(plain(12170));
                    }
                    None => sleep(time),
                }
            }
        }
        let wanted = env::var("ORAFAKE_PASSWORD").unwrap_or_else(|_| "Orafake-Password-1".to_owned());
        if password.is_empty() {
            return Err(plain(1005));
        }
        if user.is_empty() || password != wanted {
            return Err(plain(1017));
        }
        Session::open(&self.service, user, weather.downs)
    }

    /// Is about to take a session out of a pool.
    pub fn take(&self) -> Res<()> {
        match self.service.weather("get", "").effect {
            None => {}
            Some(Effect::Fail(code) | Effect::Drop(code)) => return Err(plain(code)),
            Some(Effect::Slow(time) | Effect::Hang(time) | Effect::Wait(time)) => sleep(time),
        }
        Ok(())
    }

    /// Reaches the listener and logs in.
    pub fn connect(&self, user: &str, password: &str) -> Res<Arc<Session>> {
        self.reach()?;
        self.log_in(user, password)
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIServerAttach(server: Ptr, error: Ptr, address: *const u8, len: i32, _mode: u32) -> c_int {
    guard(error, || {
        let address = unsafe { text(address, len.max(0) as usize) };
        Address::parse(&address)?.reach()?;
        let Some(Handle::Server(cell)) = handles::get(server) else { return Err(plain(24327)) };
        lock(cell).address = Some(address);
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIServerDetach(server: Ptr, error: Ptr, _mode: u32) -> c_int {
    guard(error, || {
        if let Some(Handle::Server(cell)) = handles::get(server) {
            *lock(cell) = Default::default();
        }
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCISessionBegin(svc: Ptr, error: Ptr, session: Ptr, _credentials: u32, _mode: u32) -> c_int {
    guard(error, || {
        let mut context = handles::svc(svc)?;
        let Some(Handle::Server(server)) = handles::get(context.server as Ptr) else { return Err(plain(24327)) };
        let Some(Handle::Session(session)) = handles::get(session) else { return Err(plain(24330)) };
        let address = lock(server).address.clone().ok_or_else(|| plain(3114))?;
        let mut session = lock(session);
        let core = Address::parse(&address)?.log_in(&session.user, &session.password)?;
        session.password.clear();
        session.core = Some(Arc::clone(&core));
        lock(server).core = Some(Arc::clone(&core));
        context.core = Some(core);
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCISessionEnd(svc: Ptr, error: Ptr, session: Ptr, _mode: u32) -> c_int {
    guard(error, || {
        let mut context = handles::svc(svc)?;
        if let Some(Handle::Session(session)) = handles::get(session) {
            lock(session).core = None;
        }
        if let Some(core) = context.core.take() {
            core.db().undo();
        }
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCITransCommit(svc: Ptr, error: Ptr, _flags: u32) -> c_int {
    guard(error, || {
        let core = handles::core(svc)?;
        core.call("commit", "")?;
        core.db().commit()?;
        core.call("committed", "")?;
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCITransRollback(svc: Ptr, error: Ptr, _flags: u32) -> c_int {
    guard(error, || {
        let core = handles::core(svc)?;
        core.call("rollback", "")?;
        core.db().undo();
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIPing(svc: Ptr, error: Ptr, _mode: u32) -> c_int {
    guard(error, || {
        handles::core(svc)?.call("ping", "")?;
        Ok(SUCCESS)
    })
}

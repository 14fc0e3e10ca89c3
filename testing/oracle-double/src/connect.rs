//! Connecting: connect strings, attaching to a server, logging in and out, transactions, pings.

use std::ffi::c_int;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use crate::abi::{Ptr, SUCCESS, SUCCESS_WITH_INFO, guard, text};
use crate::error::{Res, internal, ora, plain};
use crate::faults::Effect;
use crate::handles::{self, Handle, lock};
use crate::service::Service;
use crate::session::Session;

#[derive(Default)]
pub struct Svc {
    /// The server handle, as an address.
    pub server: usize,
    pub core: Option<Arc<Session>>,
    pub cache_size: u32,
}

/// The password of every user.
const PASSWORD: &str = "Orafake-Password-1";

pub struct Address {
    service: Arc<Service>,
    connect_timeout: Duration,
    /// Milliseconds of silence after which a call is broken off; 0 for ever.
    silence: u32,
}

/// The value of `name=` in a connect string, up to a delimiter.
fn parameter<'a>(address: &'a str, lower: &str, name: &str) -> Option<&'a str> {
    let from = lower.match_indices(name).find_map(|(at, _)| {
        let after = address[at + name.len()..].trim_start();
        // Not the end of a longer name: transport_connect_timeout is another thing.
        let whole = !lower[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        after.strip_prefix('=').filter(|_| whole)
    })?;
    Some(from.trim_start().split([')', ' ']).next().unwrap_or_default().trim())
}

impl Address {
    /// Understands a descriptor, as the driver writes it from every form of connect string.
    pub fn parse(address: &str) -> Res<Self> {
        let lower = address.to_ascii_lowercase();
        let name = parameter(address, &lower, "service_name").unwrap_or_default();
        let is_name = |name: &str| name.chars().all(|c| c.is_alphanumeric() || "._-".contains(c));
        if name.is_empty() || name.starts_with('.') || !is_name(name) {
            return Err(ora(12154, "the double takes a descriptor with a service_name, and nothing else"));
        }
        let seconds = parameter(address, &lower, "connect_timeout").and_then(|text| text.parse().ok());
        let service = Service::find(name).ok_or_else(|| internal("it cannot find its own folder"))?;
        let silence = parameter(address, &lower, "recv_timeout").and_then(|text| text.parse::<u32>().ok());
        let connect_timeout = seconds.map_or(Duration::from_secs(60), Duration::from_secs);
        Ok(Self { service, connect_timeout, silence: silence.unwrap_or_default().saturating_mul(1000) })
    }

    /// Reaches the listener, or not.
    pub fn reach(&self) -> Res<()> {
        let weather = self.service.weather("", "");
        if weather.down {
            return Err(plain(12541));
        }
        if weather.silent {
            sleep(self.connect_timeout);
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
            Some(Effect::Slow(time) | Effect::Hang(time) | Effect::Wait(time)) => sleep(time),
        }
        if user.is_empty() || password != PASSWORD {
            return Err(plain(1017));
        }
        Session::open(&self.service, user, weather.downs, self.silence)
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIServerAttach(server: Ptr, error: Ptr, address: *const u8, len: i32, _mode: u32) -> c_int {
    guard(error, || {
        let address = unsafe { text(address, len.max(0) as usize) };
        Address::parse(&address)?.reach()?;
        let Some(Handle::Server(cell)) = handles::get(server) else { return Err(handles::wrong()) };
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
        let Some(Handle::Server(server)) = handles::get(context.server as Ptr) else { return Err(handles::wrong()) };
        let Some(Handle::Session(session)) = handles::get(session) else { return Err(handles::wrong()) };
        let address = lock(server).address.clone().ok_or_else(handles::wrong)?;
        let mut session = lock(session);
        let core = Address::parse(&address)?.log_in(&session.user, &session.password)?;
        session.password.clear();
        session.core = Some(Arc::clone(&core));
        lock(server).core = Some(Arc::clone(&core));
        let in_grace = core.service.content("status").is_some_and(|status| status.contains("GRACE"));
        context.core = Some(core);
        if in_grace {
            handles::set_error(error, plain(28002));
            return Ok(SUCCESS_WITH_INFO);
        }
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

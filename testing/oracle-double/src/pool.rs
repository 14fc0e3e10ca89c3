//! The OCI session pool.
//!
//! As with the real client, opening a session happens one at a time, and no get mode bounds it.

use std::collections::HashMap;
use std::ffi::c_int;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::abi::{Ptr, SUCCESS, guard, put, text};
use crate::connect::{Address, Svc};
use crate::error::{Res, plain};
use crate::handles::{self, Handle, ServerHandle, SessionHandle, lock};

/// The content of a pool handle: the settings, which may be set before the pool is created, and the pool.
#[derive(Default)]
pub struct PoolHandle {
    pub settings: Arc<Settings>,
    pub pool: Option<Arc<Pool>>,
}

/// The settings that a caller may change at any time.
#[derive(Default)]
pub struct Settings {
    /// 0 waits, 1 does not, 2 opens more than the maximum, 3 waits for `wait_timeout`.
    pub get_mode: AtomicU32,
    /// Milliseconds.
    pub wait_timeout: AtomicU32,
    /// Seconds after which an idle session is closed; 0 for never.
    pub idle_timeout: AtomicU32,
    /// Seconds after which a session is closed when it is given back; 0 for never.
    pub max_lifetime: AtomicU32,
}

pub struct Pool {
    name: &'static str,
    address: String,
    user: String,
    password: String,
    max: u32,
    settings: Arc<Settings>,
    state: Mutex<State>,
    given_back: Condvar,
    /// Held while a session is opened.
    opening: Mutex<()>,
}

#[derive(Default)]
struct State {
    idle: Vec<Pooled>,
    /// Open sessions, idle ones included, and those that are being opened.
    open: u32,
    /// When each session in use was opened, by the address of its service context.
    busy: HashMap<usize, Instant>,
    closed: bool,
}

/// A session in the pool: its service context, as an address.
struct Pooled {
    svc: usize,
    opened: Instant,
    since: Instant,
}

static POOLS: Mutex<Option<HashMap<&'static str, Arc<Pool>>>> = Mutex::new(None);

/// Frees a service context with its server and its session.
fn discard(svc: usize) {
    if let Ok(mut context) = handles::svc(svc as Ptr) {
        if let Some(core) = context.core.take() {
            core.db().undo();
        }
        handles::free(context.server as Ptr);
        handles::free(context.session as Ptr);
    }
    handles::free(svc as Ptr);
}

impl Pool {
    pub fn counts(&self) -> (u32, u32) {
        let state = lock(&self.state);
        (state.open, state.busy.len() as u32)
    }

    fn expire(&self, state: &mut State) {
        let timeout = Duration::from_secs(self.settings.idle_timeout.load(Ordering::Relaxed).into());
        if timeout.is_zero() {
            return;
        }
        let (kept, old): (Vec<_>, Vec<_>) = state.idle.drain(..).partition(|idle| idle.since.elapsed() < timeout);
        state.idle = kept;
        state.open -= old.len() as u32;
        old.into_iter().for_each(|idle| discard(idle.svc));
    }

    fn get(self: &Arc<Self>) -> Res<usize> {
        let begun = Instant::now();
        let mut state = lock(&self.state);
        loop {
            if state.closed {
                return Err(plain(24422));
            }
            self.expire(&mut state);
            if let Some(idle) = state.idle.pop() {
                state.busy.insert(idle.svc, idle.opened);
                return Ok(idle.svc);
            }
            let get_mode = self.settings.get_mode.load(Ordering::Relaxed);
            if state.open < self.max || get_mode == 2 {
                state.open += 1;
                break;
            }
            let wait = Duration::from_millis(self.settings.wait_timeout.load(Ordering::Relaxed).into());
            let left = match get_mode {
                1 => return Err(plain(24418)),
                3 => wait.saturating_sub(begun.elapsed()),
                _ => Duration::from_secs(3600),
            };
            if left.is_zero() {
                return Err(plain(24457));
            }
            state = self.given_back.wait_timeout(state, left).unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
        drop(state);
        let opened = self.open();
        let mut state = lock(&self.state);
        match opened {
            Ok(svc) => {
                state.busy.insert(svc, Instant::now());
                Ok(svc)
            }
            Err(refusal) => {
                state.open -= 1;
                self.given_back.notify_one();
                Err(refusal)
            }
        }
    }

    fn open(self: &Arc<Self>) -> Res<usize> {
        let _one = lock(&self.opening);
        let core = Address::parse(&self.address)?.connect(&self.user, &self.password)?;
        let server = handles::make(Handle::Server(Mutex::new(ServerHandle {
            address: Some(self.address.clone()),
            core: Some(Arc::clone(&core)),
        })));
        let session = handles::make(Handle::Session(Mutex::new(SessionHandle {
            user: self.user.clone(),
            core: Some(Arc::clone(&core)),
            ..SessionHandle::default()
        })));
        let context = Svc {
            server: server as usize,
            session: session as usize,
            core: Some(core),
            cache_size: 20,
            pool: Some(Arc::clone(self)),
        };
        Ok(handles::make(Handle::Svc(Mutex::new(context))) as usize)
    }

    fn give_back(&self, svc: usize, drop_it: bool) {
        let mut state = lock(&self.state);
        let opened = state.busy.remove(&svc).unwrap_or_else(Instant::now);
        let lifetime = Duration::from_secs(self.settings.max_lifetime.load(Ordering::Relaxed).into());
        let old = !lifetime.is_zero() && opened.elapsed() >= lifetime;
        if drop_it || old || state.closed || state.open > self.max {
            state.open = state.open.saturating_sub(1);
            discard(svc);
        } else {
            state.idle.push(Pooled { svc, opened, since: Instant::now() });
        }
        self.given_back.notify_one();
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCISessionPoolCreate(
    _env: Ptr,
    error: Ptr,
    handle: Ptr,
    name: *mut *const u8,
    name_len: *mut u32,
    address: *const u8,
    address_len: u32,
    min: u32,
    max: u32,
    _increment: u32,
    user: *const u8,
    user_len: u32,
    password: *const u8,
    password_len: u32,
    _mode: u32,
) -> c_int {
    guard(error, || {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let Some(Handle::Pool(cell)) = handles::get(handle) else { return Err(plain(24327)) };
        let mut handle = lock(cell);
        let pool = Arc::new(Pool {
            name: handles::intern(&format!("orafake-pool-{}", MADE.fetch_add(1, Ordering::Relaxed))),
            address: unsafe { text(address, address_len as usize) },
            user: unsafe { text(user, user_len as usize) },
            password: unsafe { text(password, password_len as usize) },
            max,
            settings: Arc::clone(&handle.settings),
            state: Mutex::default(),
            given_back: Condvar::new(),
            opening: Mutex::new(()),
        });
        Address::parse(&pool.address)?;
        for _ in 0..min {
            let svc = pool.open()?;
            let mut state = lock(&pool.state);
            state.open += 1;
            state.idle.push(Pooled { svc, opened: Instant::now(), since: Instant::now() });
        }
        unsafe {
            put(name, pool.name.as_ptr());
            put(name_len, pool.name.len() as u32);
        }
        lock(&POOLS).get_or_insert_default().insert(pool.name, Arc::clone(&pool));
        handle.pool = Some(pool);
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCISessionPoolDestroy(handle: Ptr, error: Ptr, mode: u32) -> c_int {
    guard(error, || {
        let Some(Handle::Pool(cell)) = handles::get(handle) else { return Err(plain(24327)) };
        let mut handle = lock(cell);
        let Some(pool) = handle.pool.clone() else { return Ok(SUCCESS) };
        let mut state = lock(&pool.state);
        if mode & 1 == 0 && !state.busy.is_empty() {
            return Err(plain(24422));
        }
        state.closed = true;
        state.open -= state.idle.len() as u32;
        state.idle.drain(..).for_each(|idle| discard(idle.svc));
        // Sessions in use are cut off; their owners give the rest back.
        for svc in state.busy.keys() {
            if let Ok(core) = handles::core(*svc as Ptr) {
                core.lose(3114);
            }
        }
        lock(&POOLS).get_or_insert_default().remove(pool.name);
        pool.given_back.notify_all();
        handle.pool = None;
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCISessionGet(
    _env: Ptr,
    error: Ptr,
    to: *mut Ptr,
    auth: Ptr,
    name: *const u8,
    name_len: u32,
    _tag: *const u8,
    _tag_len: u32,
    out_tag: *mut *const u8,
    out_tag_len: *mut u32,
    found: *mut c_int,
    mode: u32,
) -> c_int {
    guard(error, || {
        let name = unsafe { text(name, name_len as usize) };
        let svc = if mode & 1 == 0 {
            lone(&name, auth)?
        } else {
            let pool = lock(&POOLS).get_or_insert_default().get(name.as_str()).cloned();
            let pool = pool.ok_or_else(|| plain(24422))?;
            Address::parse(&pool.address)?.take()?;
            pool.get()?
        };
        unsafe {
            put(to, svc as Ptr);
            put(out_tag, std::ptr::null());
            put(out_tag_len, 0);
            put(found, 0);
        }
        Ok(SUCCESS)
    })
}

/// A session of its own, as connection classes need it.
fn lone(address: &str, auth: Ptr) -> Res<usize> {
    let Some(Handle::Session(cell)) = handles::get(auth) else { return Err(plain(1017)) };
    let (user, password) = {
        let held = lock(cell);
        (held.user.clone(), held.password.clone())
    };
    let core = Address::parse(address)?.connect(&user, &password)?;
    let server = ServerHandle { address: Some(address.to_owned()), core: Some(Arc::clone(&core)) };
    let session = SessionHandle { user, core: Some(Arc::clone(&core)), ..SessionHandle::default() };
    let context = Svc {
        server: handles::make(Handle::Server(Mutex::new(server))) as usize,
        session: handles::make(Handle::Session(Mutex::new(session))) as usize,
        core: Some(core),
        cache_size: 20,
        pool: None,
    };
    Ok(handles::make(Handle::Svc(Mutex::new(context))) as usize)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCISessionRelease(svc: Ptr, error: Ptr, _tag: *const u8, _tag_len: u32, mode: u32) -> c_int {
    guard(error, || {
        let (pool, core) = {
            let context = handles::svc(svc)?;
            (context.pool.clone(), context.core.clone())
        };
        if let Some(core) = &core {
            core.db().undo();
            core.call_timeout.store(0, Ordering::SeqCst);
        }
        let dead = core.is_none_or(|core| !core.alive());
        match pool {
            Some(pool) => pool.give_back(svc as usize, mode & 1 != 0 || dead),
            None => discard(svc as usize),
        }
        Ok(SUCCESS)
    })
}

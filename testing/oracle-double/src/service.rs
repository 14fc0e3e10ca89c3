//! A service: one SQLite file, its faults, and the gate that lets one session write at a time.

use std::collections::{HashMap, VecDeque};
use std::ffi::{CStr, c_void};
use std::fs;
use std::io::Write;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::faults::{Effect, Faults};
use crate::handles::lock;

/// The service that a connect string's service name selects.
pub struct Service {
    pub name: String,
    /// 19 or 23.
    pub major: u8,
    folder: PathBuf,
    faults: Mutex<Faults>,
    /// Number of times the service was seen going down: sessions from before are lost.
    downs: AtomicU64,
    gate: Gate,
}

/// The content of the faults file at one moment.
pub struct Weather {
    pub down: bool,
    pub silent: bool,
    pub downs: u64,
    pub effect: Option<Effect>,
}

/// The folder of the file that this code was loaded from: a test process that may not change its environment copies
/// the library into a folder of its own and has the services there.
fn own_folder() -> Option<PathBuf> {
    let mut found = MaybeUninit::<libc::Dl_info>::uninit();
    // Safety: the address is this function's; dladdr fills the record if it answers other than 0.
    let path = unsafe {
        if libc::dladdr(own_folder as *const c_void, found.as_mut_ptr()) == 0 {
            return None;
        }
        CStr::from_ptr(found.assume_init().dli_fname)
    };
    Path::new(path.to_str().ok()?).parent().map(Path::to_path_buf)
}

impl Service {
    /// The service of a name, in the folder that this library was loaded from.
    pub fn find(name: &str) -> Option<Arc<Self>> {
        static KNOWN: Mutex<Option<HashMap<PathBuf, Arc<Service>>>> = Mutex::new(None);
        let folder = own_folder()?;
        let mut known = lock(&KNOWN);
        let service = known.get_or_insert_default().entry(folder.join(name)).or_insert_with(|| {
            Arc::new(Self {
                name: name.to_owned(),
                major: if name.starts_with("v19") { 19 } else { 23 },
                faults: Mutex::new(Faults::at(folder.join(format!("{name}.faults")))),
                folder,
                downs: AtomicU64::new(0),
                gate: Gate::default(),
            })
        });
        Some(Arc::clone(service))
    }

    /// A file of this service.
    pub fn file(&self, kind: &str) -> PathBuf {
        self.folder.join(format!("{}.{kind}", self.name))
    }

    /// The content of a file of this service, if there is one that says anything.
    pub fn content(&self, kind: &str) -> Option<String> {
        let text = fs::read_to_string(self.file(kind)).ok()?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// Appends a line for a log-in: `accepted`, or the refusal's number.
    pub fn note_log_in(&self, refusal: Option<i32>) {
        let line = refusal.map_or("accepted\n".to_owned(), |code| format!("ORA-{code:05}\n"));
        let file = fs::OpenOptions::new().create(true).append(true).open(self.file("log-ins"));
        // A folder that cannot be written to has failed the log-in already.
        let _ = file.and_then(|mut file| file.write_all(line.as_bytes()));
    }

    /// The most bytes the user may store; `None` if the user has no quota at all.
    pub fn quota(&self) -> Option<i64> {
        if !self.file("quota").exists() {
            return Some(1 << 30);
        }
        self.content("quota")?.parse().ok().filter(|bytes| *bytes > 0)
    }

    /// Looks at the faults, and strikes if one is for this call.
    pub fn weather(&self, op: &str, sql: &str) -> Weather {
        let mut faults = lock(&self.faults);
        let was_down = faults.down;
        faults.refresh();
        if faults.down && !was_down {
            self.downs.fetch_add(1, Ordering::SeqCst);
        }
        let effect = faults.strike(op, sql);
        Weather { down: faults.down, silent: faults.silent, downs: self.downs.load(Ordering::SeqCst), effect }
    }

    /// Waits until this session may write.
    pub fn enter_gate(self: &Arc<Self>, deadline: Option<Instant>) -> Option<Pass> {
        self.gate.enter(deadline).then(|| Pass(Arc::clone(self)))
    }
}

/// The right to write; dropping it lets the next session write.
pub struct Pass(Arc<Service>);

impl Drop for Pass {
    fn drop(&mut self) {
        self.0.gate.leave();
    }
}

/// First come, first served. SQLite's own lock would do, but who waits for it sleeps in ever longer steps.
#[derive(Default)]
struct Gate {
    turns: Mutex<Turns>,
    moved: Condvar,
}

#[derive(Default)]
struct Turns {
    next: u64,
    waiting: VecDeque<u64>,
    inside: bool,
}

impl Gate {
    fn enter(&self, deadline: Option<Instant>) -> bool {
        let mut turns = lock(&self.turns);
        let mine = turns.next;
        turns.next += 1;
        turns.waiting.push_back(mine);
        while turns.inside || turns.waiting.front() != Some(&mine) {
            let far = Duration::from_secs(3600);
            let left = deadline.map_or(far, |deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                turns.waiting.retain(|turn| *turn != mine);
                self.moved.notify_all();
                return false;
            }
            turns = self.moved.wait_timeout(turns, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        turns.waiting.pop_front();
        turns.inside = true;
        true
    }

    fn leave(&self) {
        lock(&self.turns).inside = false;
        self.moved.notify_all();
    }
}

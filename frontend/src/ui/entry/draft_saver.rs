//! Saves what is typed into the form for an entry as a sealed draft. One save runs at a time; what is typed meanwhile
//! is saved after it. The last keys are saved even if the form is gone by then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::ids::EntryId;

use super::inputs::EntryFields;
use crate::model::entry::EntryForm;
use crate::session::Session;

/// The pause after the last key before a draft is saved.
const PAUSE: Duration = Duration::from_millis(300);

/// The draft of one form: a handle that can be copied.
#[derive(Clone, Copy)]
pub(super) struct DraftSaver {
    session: Session,
    /// The entry that is changed; nothing for a new one.
    of: Option<EntryId>,
    fields: EntryFields,
    /// The number of the stored draft, once there is one.
    stored: RwSignal<Option<u32>>,
    /// The newest text that is stored or about to be.
    latest: StoredValue<EntryForm>,
    is_saving: StoredValue<bool>,
    /// Runs from a key to the save. Empty once the save has begun; a timer that was cleared stays, as a sign of text
    /// that is not stored.
    timer: StoredValue<Option<TimeoutHandle>>,
    /// True if the form is becoming an entry or is being discarded. Nothing is saved meanwhile.
    is_paused: StoredValue<bool>,
    unwanted: StoredValue<Unwanted>,
}

/// Says that the draft is not needed any more. A save that is still running then deletes what it has stored. Unlike
/// a signal, this outlives the form.
#[derive(Clone, Default)]
pub(super) struct Unwanted(Arc<AtomicBool>);

impl Unwanted {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl DraftSaver {
    /// Begins with the text `first`, which comes from the draft `stored`, from an entry, or from nothing.
    pub(super) fn new(
        session: Session,
        of: Option<EntryId>,
        fields: EntryFields,
        stored: Option<u32>,
        first: EntryForm,
    ) -> Self {
        let saver = Self {
            session,
            of,
            fields,
            stored: RwSignal::new(stored),
            latest: StoredValue::new(first),
            is_saving: StoredValue::new(false),
            timer: StoredValue::new(None),
            is_paused: StoredValue::new(false),
            unwanted: StoredValue::new(Unwanted::default()),
        };
        // The form closes by Esc or by a lock, too.
        on_cleanup(move || saver.save_last_keys());
        saver
    }

    /// The number of the stored draft. It can be followed.
    pub(super) fn stored(self) -> RwSignal<Option<u32>> {
        self.stored
    }

    pub(super) fn unwanted(self) -> Unwanted {
        self.unwanted.get_value()
    }

    /// Saves the text after a pause. Gives whether it is new.
    pub(super) fn save_soon(self, form: EntryForm) -> bool {
        if self.latest.with_value(|latest| *latest == form) || self.is_paused.get_value() {
            return false;
        }
        self.latest.set_value(form);
        self.clear_timer();
        let save = move || {
            // A running save sees the newer text by itself.
            if !self.is_saving.get_value() {
                self.timer.set_value(None);
                self.save();
            }
        };
        self.timer.set_value(set_timeout_with_handle(save, PAUSE).ok());
        true
    }

    /// Stops saving while the form becomes an entry or is discarded. Gives whether it was not stopped before.
    pub(super) fn pause(self) -> bool {
        let was_paused = self.is_paused.get_value();
        self.is_paused.set_value(true);
        self.clear_timer();
        !was_paused
    }

    /// Goes on after the form has not become an entry.
    pub(super) fn resume(self) {
        self.is_paused.set_value(false);
    }

    fn save_last_keys(self) {
        let Some(timer) = self.timer.get_value() else { return };
        timer.clear();
        if !self.is_paused.get_value() {
            self.save();
        }
    }

    fn clear_timer(self) {
        if let Some(timer) = self.timer.get_value() {
            timer.clear();
        }
    }

    /// Saves the newest text until there is no newer one.
    fn save(self) {
        let Self { session, of, fields, stored, latest, is_saving, .. } = self;
        let unwanted = self.unwanted();
        let mut form = latest.get_value();
        let mut content = fields.content(form.clone());
        // Read before the first await: the form's signals may be gone after it.
        let mut draft = stored.get_untracked();
        is_saving.set_value(true);
        spawn_local(async move {
            loop {
                let saved = session.store_draft(content, of, draft).await;
                if let Ok(key) = saved {
                    if unwanted.is_set() {
                        return session.drop_draft(key).await;
                    }
                    draft = Some(key);
                    let _ = stored.try_set(draft);
                }
                match latest.try_get_value() {
                    Some(newer) if newer != form && saved.is_ok() => {
                        content = fields.content(newer.clone());
                        form = newer;
                    }
                    _ => break,
                }
            }
            let _ = is_saving.try_set_value(false);
        });
    }
}

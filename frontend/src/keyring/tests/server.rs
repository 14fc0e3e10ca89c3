//! A server of one vault for tests. It keeps to the store's contract, and can be put back to an earlier state: it is
//! [`Clone`].

use std::collections::BTreeMap;

use shared::bytes::Base64Url;
use shared::changes::{Changes, SaveChanges, Saved, StoredVersion};

use super::*;

#[derive(Clone)]
pub(crate) struct VaultServer {
    pub(crate) rows: BTreeMap<EntryId, StoredVersion>,
    pub(crate) head: Option<Base64Url>,
    pub(crate) change_no: u64,
}

impl VaultServer {
    /// A vault without entries, whose head has the key of [`open_keyring`].
    pub(crate) fn new() -> Self {
        let head = head::digest(std::iter::empty());
        let head = keys(1).current().seal_head(&seal::Head { change_no: 0, digest: head }, &mut Counter(50)).unwrap();
        Self { rows: BTreeMap::new(), head: Some(Base64Url(head.as_bytes().to_vec())), change_no: 0 }
    }

    pub(crate) fn list(&self, since: u64, limit: usize) -> Changes {
        let mut entries: Vec<_> = self.rows.values().filter(|row| row.change_no > since).cloned().collect();
        entries.sort_by_key(|row| row.change_no);
        let more = entries.len() > limit;
        entries.truncate(limit);
        Changes { entries, head: self.head.clone(), more }
    }

    /// Saves a batch as the store does; the error is the problem's code.
    pub(crate) fn save(&mut self, body: &str) -> Result<String, &'static str> {
        let SaveChanges { replaces, changes, head } = serde_json::from_str(body).unwrap();
        let is = |head: &shared::changes::SealedHead| self.head.as_ref().is_some_and(|it| it.0 == head.as_bytes());
        if is(&head) {
            return Ok(self.answer());
        }
        if !is(&replaces) {
            return Err("stale-head");
        }
        let mut next = self.clone();
        for change in changes {
            let before = next.rows.get(&change.id).map_or(0, |row| row.version);
            if change.replaces != before {
                return Err("stale-version");
            }
            assert!(change.version > change.replaces, "the route refuses it");
            next.change_no += 1;
            let (id, version, change_no) = (change.id, change.version, next.change_no);
            let deleted = change.sealed.is_deletion();
            let sealed = Some(Base64Url(change.sealed.as_bytes().to_vec()));
            next.rows.insert(id, StoredVersion { id, version, change_no, changed_at: NOW, deleted, sealed });
        }
        next.head = Some(Base64Url(head.as_bytes().to_vec()));
        *self = next;
        Ok(self.answer())
    }

    fn answer(&self) -> String {
        serde_json::to_string(&Saved { change_no: self.change_no, changed_at: NOW }).unwrap()
    }
}

/// The vault in another browser.
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub(crate) fn another_keyring(server: &VaultServer) -> Keyring<Counter> {
    let mut keyring = closed_keyring();
    keyring.random = Counter(99);
    sync(&mut keyring, server);
    keyring
}

/// Lists until the keyring asks for no more; gives all updates in one.
pub(crate) fn sync(keyring: &mut Keyring<Counter>, server: &VaultServer) -> EntryUpdate {
    sync_by(keyring, |since| server.list(since, 1000))
}

/// As [`sync`], with a server that answers as it likes.
pub(crate) fn sync_by(keyring: &mut Keyring<Counter>, mut list: impl FnMut(u64) -> Changes) -> EntryUpdate {
    let mut all = EntryUpdate::default();
    let mut since = updated(keyring.handle(Request::ListPosition)).next.unwrap();
    for _ in 0..50 {
        let answer = serde_json::to_string(&list(since)).unwrap();
        let update = updated(keyring.handle(Request::ApplyChanges { answer, since }));
        let next = update.next;
        collect(&mut all, update);
        match next {
            Some(next) => since = next,
            None => return all,
        }
    }
    panic!("the keyring lists for ever")
}

fn collect(all: &mut EntryUpdate, update: EntryUpdate) {
    let EntryUpdate { entries, deleted, refused, conflicts, sealed, settled, next: _, doubts, remember, news: _ } =
        update;
    let is_told = |id: EntryId| deleted.contains(&id) || entries.iter().any(|it| it.id == id);
    all.entries.retain(|it| !is_told(it.id));
    all.deleted.retain(|id| !is_told(*id));
    all.entries.extend(entries);
    all.deleted.extend(deleted);
    all.refused.extend(refused);
    all.conflicts.extend(conflicts);
    all.sealed.extend(sealed);
    all.settled.extend(settled);
    all.doubts = doubts.or(all.doubts.take());
    all.remember |= remember;
}

/// The next batch, if there is one.
pub(crate) fn batch(keyring: &mut Keyring<Counter>, reseal: bool) -> Option<Batch> {
    batch_of(keyring, Vec::new(), 100, reseal).0
}

pub(crate) fn batch_of(
    keyring: &mut Keyring<Counter>,
    without: Vec<ChangeRef>,
    count: u32,
    reseal: bool,
) -> (Option<Batch>, u32) {
    match keyring.handle(Request::BuildBatch { without, count, bytes: 1 << 20, reseal }) {
        Ok(Response::Batch { batch, left }) => (batch, left),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn apply_saved(keyring: &mut Keyring<Counter>, body: &str, answer: &str) -> EntryUpdate {
    updated(keyring.handle(Request::ApplySaved { body: body.into(), answer: answer.into() }))
}

/// Sends everything that waits, and lists again as often as the head is stale.
pub(crate) fn send(keyring: &mut Keyring<Counter>, server: &mut VaultServer) -> EntryUpdate {
    send_all(keyring, server, false)
}

pub(crate) fn send_all(keyring: &mut Keyring<Counter>, server: &mut VaultServer, reseal: bool) -> EntryUpdate {
    let mut all = EntryUpdate::default();
    for _ in 0..50 {
        let Some(Batch { body, .. }) = batch(keyring, reseal) else { return all };
        match server.save(&body) {
            Ok(answer) => collect(&mut all, apply_saved(keyring, &body, &answer)),
            Err("stale-head") => collect(&mut all, sync(keyring, server)),
            Err(other) => panic!("{other}"),
        }
    }
    panic!("the keyring sends for ever")
}

/// The keyring's memory, as another session of the same browser recalls it.
pub(in crate::keyring) fn memory(keyring: &mut Keyring<Counter>) -> Vec<u8> {
    remember(keyring, None).unwrap()
}

pub(in crate::keyring) fn remember(keyring: &mut Keyring<Counter>, stored: Option<Vec<u8>>) -> Option<Vec<u8>> {
    match keyring.handle(Request::Remember { stored }) {
        Ok(Response::Memory { sealed }) => sealed,
        other => panic!("{other:?}"),
    }
}

/// A keyring after a lock or a reload: it has the memory and the outbox.
pub(crate) fn reopened(memory: Option<Vec<u8>>, outbox: &[SealedChange]) -> (Keyring<Counter>, EntryUpdate) {
    let mut keyring = closed_keyring();
    updated(keyring.handle(Request::Recall { memory }));
    let update = updated(keyring.handle(Request::RestoreWaiting { items: outbox.to_vec() }));
    (keyring, update)
}

pub(in crate::keyring) fn doubts(update: &EntryUpdate) -> Doubts {
    update.doubts.clone().expect("a judged list")
}

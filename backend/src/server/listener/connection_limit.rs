//! Limits on connections, in total and per client, and the process's limit of open files.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::server::client_address::Peer;

/// Files needed beside connections: the database, the log, connections that are being refused.
const OTHER_FILES: u64 = 256;
/// Connections allowed in any case.
const LEAST: usize = 16;

/// Raises the process's limit of open files as far as the system allows, and returns it; `None` if it is unknown.
#[must_use]
pub fn raise_open_files(connections: usize) -> Option<u64> {
    let wanted = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(OTHER_FILES);
    rlimit::increase_nofile_limit(wanted).ok()
}

/// The number of connections that the limit of open files allows; at most `wanted`, and at least [`LEAST`] or
/// `wanted`, whichever is less.
#[must_use]
pub fn connections_within(wanted: usize, files: Option<u64>) -> usize {
    let Some(files) = files else { return wanted };
    let left = usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX);
    wanted.min(left.max(LEAST))
}

pub(super) struct ConnectionLimit {
    all: Arc<Semaphore>,
    per_client: usize,
    taken: Arc<Mutex<HashMap<Peer, usize>>>,
}

impl ConnectionLimit {
    pub(super) fn new(connections: usize, per_client: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(connections)), per_client, taken: Arc::default() }
    }

    /// Takes a permit for a connection, if one is free. With a client, the limit of one client counts too.
    pub(super) fn take(&self, client: Option<Peer>) -> Option<ConnectionPermit> {
        let permit = Arc::clone(&self.all).try_acquire_owned().ok()?;
        let client = client.filter(|_| self.per_client > 0).map(Peer::rate_limit_key);
        if let Some(client) = client {
            let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            let number = taken.entry(client).or_default();
            if *number >= self.per_client {
                return None;
            }
            *number += 1;
        }
        Some(ConnectionPermit { _permit: permit, client, taken: Arc::clone(&self.taken) })
    }
}

/// The permit of one connection; returned when dropped.
pub(super) struct ConnectionPermit {
    _permit: OwnedSemaphorePermit,
    client: Option<Peer>,
    taken: Arc<Mutex<HashMap<Peer, usize>>>,
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let Some(client) = self.client else { return };
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = taken.get_mut(&client) {
            *number -= 1;
            if *number == 0 {
                taken.remove(&client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(text: &str) -> Option<Peer> {
        Some(Peer::new(text.parse().unwrap()))
    }

    #[test]
    fn permits_are_limited_for_a_client_and_returned_on_drop() {
        let limit = ConnectionLimit::new(5, 2);
        let first = limit.take(peer("2001:db8::1")).unwrap();
        let second = limit.take(peer("2001:db8::2")).unwrap();
        assert!(limit.take(peer("2001:db8::3")).is_none(), "one /64 is one client");
        let others: Vec<_> = ["203.0.113.1", "203.0.113.2"].map(|other| limit.take(peer(other)).unwrap()).into();
        let proxy = limit.take(None).unwrap();
        assert!(limit.take(None).is_none(), "there are five");
        drop(first);
        let again = limit.take(peer("2001:db8::3")).unwrap();
        drop((second, others, proxy, again));
        assert!(limit.taken.lock().unwrap().is_empty());
        assert_eq!(limit.all.available_permits(), 5);
    }

    #[test]
    fn connection_limit_leaves_files_for_other_uses() {
        for (wanted, files, expected) in [
            (10_240, Some(20_000), 10_240),
            (10_240, Some(1_024), 768),
            (10_240, Some(100), 16),
            (8, Some(100), 8),
            (10_240, None, 10_240),
        ] {
            assert_eq!(connections_within(wanted, files), expected, "{wanted} {files:?}");
        }
        assert!(raise_open_files(1_000).unwrap() > 256);
    }
}

//! A hostile server: a real one, behind a proxy that changes what it lists of a vault.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use shared::bytes::Base64Url;
use shared::ids::EntryId;

use crate::proxy::tampering_proxy;
use crate::server::Server;

/// Changes the honest answer of `GET /api/v1/changes?since=…`.
type Lie = Box<dyn Fn(u64, Value) -> Value + Send>;

/// A server whose list of a vault can be changed while a page uses it.
pub struct HostileServer {
    port: u16,
    lie: Arc<Mutex<Option<Lie>>>,
}

impl HostileServer {
    /// Puts a proxy before a server. It is honest at first.
    pub fn before(server: &Server) -> Self {
        let lie: Arc<Mutex<Option<Lie>>> = Arc::default();
        let current = Arc::clone(&lie);
        let port = tampering_proxy(server.port, move |path, body| {
            let Some(query) = path.strip_prefix("/api/v1/changes") else { return };
            let current = current.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(lie) = &*current else { return };
            let Ok(honest) = serde_json::from_slice::<Value>(body) else { return };
            // The answer to a save is no list.
            if honest.get("entries").is_some() {
                let since = query.split("since=").nth(1).and_then(|rest| rest.split('&').next()?.parse().ok());
                *body = lie(since.unwrap_or(0), honest).to_string().into_bytes();
            }
        });
        Self { port, lie }
    }

    pub fn url(&self) -> String {
        format!("http://localhost:{}/", self.port)
    }

    /// Lies from now on.
    pub fn lie(&self, lie: impl Fn(u64, Value) -> Value + Send + 'static) {
        *self.lie.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(lie));
    }

    /// Is honest from now on.
    pub fn be_honest(&self) {
        *self.lie.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// A state of a vault, as a server lists it from the start.
#[derive(Clone)]
pub struct Listed {
    pub entries: Vec<Value>,
    pub head: Value,
}

impl Listed {
    /// The state of the only vault of a server.
    pub fn of(server: &Server) -> Self {
        let database = server.database();
        let encode = |bytes: Vec<u8>| Base64Url::encode(&bytes);
        let head: Option<Vec<u8>> = database.query_row("SELECT head FROM accounts", [], |row| row.get(0)).unwrap();
        let mut query = database
            .prepare("SELECT id, version, change_no, changed_at, deleted_at, sealed FROM passwords ORDER BY change_no")
            .unwrap();
        let entry = |row: &rusqlite::Row<'_>| {
            let id = EntryId::try_from(row.get::<_, [u8; 16]>(0)?).unwrap();
            Ok(json!({
                "id": id,
                "version": row.get::<_, u32>(1)?,
                "change_no": row.get::<_, u32>(2)?,
                "changed_at": row.get::<_, i64>(3)?,
                "deleted": row.get::<_, Option<i64>>(4)?.is_some(),
                "sealed": row.get::<_, Option<Vec<u8>>>(5)?.map(encode),
            }))
        };
        let entries = query.query_map([], entry).unwrap().collect::<Result<_, _>>().unwrap();
        Self { entries, head: json!(head.map(encode)) }
    }

    /// The entry that was saved `place`th, from 0.
    pub fn entry(&self, place: usize) -> Value {
        let mut ids: Vec<&Value> = self.entries.iter().collect();
        // Ids begin with the time.
        ids.sort_by_key(|entry| entry["id"].as_str().unwrap().to_owned());
        ids[place].clone()
    }

    /// The answer that lists all of it.
    pub fn answer(&self) -> Value {
        json!({ "entries": self.entries, "head": self.head, "more": false })
    }
}

/// The answer of a list with these entries and this head.
pub fn answer(entries: &[Value], head: &Value, more: bool) -> Value {
    json!({ "entries": entries, "head": head, "more": more })
}

/// A deletion that nobody has sealed.
pub fn invented_deletion(id: &Value, version: u32, change_no: u64) -> Value {
    json!({ "id": id, "version": version, "change_no": change_no, "changed_at": 1_790_000_000_000_u64, "deleted": true, "sealed": null })
}

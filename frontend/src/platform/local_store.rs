//! The local store: the outbox's sealed changes, sealed drafts, and the keyring's sealed memory of each account. It is an
//! IndexedDB database. An item is stored once it is on the disk.

use std::collections::BTreeSet;

use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use shared::ids::{AccountId, EntryId};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbDatabase, IdbObjectStoreParameters, IdbRequest, IdbTransaction};

use crate::keyring::protocol::outbox::{ChangeRef, SealedChange};
use crate::outbox::{Found, Memory, Write, Written};
use crate::platform::browser::{error, window};
use crate::platform::random;

/// The name of the database.
const DATABASE: &str = "passmint";
/// Changes and drafts, under rising numbers.
const ITEMS: &str = "kept";
/// Memories, by account.
const MEMORIES: &str = "memories";
/// The name of the store's birth among the memories.
const BIRTH: &str = "birth";
/// The version of the database's schema.
const VERSION: u32 = 2;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    Change(SealedChange),
    Draft(String),
}

/// An item with its key. Later items have higher keys.
#[derive(Clone, Debug)]
pub struct StoredItem {
    pub key: u32,
    pub account: AccountId,
    pub item: Item,
}

/// All items, in the order in which they were stored.
///
/// # Errors
/// An error of the browser, for example if it stores nothing for this page.
pub async fn all() -> Result<Vec<StoredItem>, JsValue> {
    let transaction = begin("readonly").await?;
    let store = transaction.object_store(ITEMS)?;
    let (values, keys) = (store.get_all()?, store.get_all_keys()?);
    await_commit(&transaction).await?;
    let (values, keys) = (Array::from(&values.result()?), Array::from(&keys.result()?));
    // Items that another version of the page stored are left alone.
    Ok(keys.iter().zip(values.iter()).filter_map(|(key, value)| read(&key, &value)).collect())
}

/// Reads an account's memory, and its changes that are not `known`.
///
/// # Errors
/// As [`all`].
pub async fn find(account: AccountId, known: &BTreeSet<u32>) -> Result<Found, JsValue> {
    let transaction = begin("readonly").await?;
    let store = transaction.object_store(ITEMS)?;
    let memories = transaction.object_store(MEMORIES)?;
    let (memory, birth) = (memories.get(&account.to_string().into())?, memories.get(&BIRTH.into())?);
    let keys = store.get_all_keys()?;
    await_request(&keys).await?;
    let keys: BTreeSet<u32> = Array::from(&keys.result()?).iter().filter_map(|key| number(&key)).collect();
    let unknown = keys.difference(known).map(|key| Ok((*key, store.get(&(*key).into())?)));
    let unknown = unknown.collect::<Result<Vec<_>, JsValue>>()?;
    await_commit(&transaction).await?;
    let mut new = Vec::new();
    for (key, value) in unknown {
        match read(&key.into(), &value.result()?) {
            Some(StoredItem { account: its, item: Item::Change(change), .. }) if its == account => {
                new.push((key, change));
            }
            _ => {}
        }
    }
    let birth = number(&birth.result()?).map(u64::from);
    Ok(Found { keys, new, memory: bytes(&memory.result()?), birth })
}

/// Removes every item and the memory of an account.
///
/// # Errors
/// As [`all`].
pub async fn forget(account: AccountId) -> Result<(), JsValue> {
    let items = all().await?;
    let transaction = begin("readwrite").await?;
    let store = transaction.object_store(ITEMS)?;
    for stored in items.into_iter().filter(|stored| stored.account == account) {
        store.delete(&stored.key.into())?;
    }
    transaction.object_store(MEMORIES)?.delete(&account.to_string().into())?;
    await_commit(&transaction).await
}

/// Carries out a write of the outbox, in one transaction.
pub async fn write(account: AccountId, write: &Write) -> Written {
    try_write(account, write).await.unwrap_or(Written::Refused)
}

async fn try_write(account: AccountId, write: &Write) -> Result<Written, JsValue> {
    let transaction = begin("readwrite").await?;
    if let Some(Memory { expected, new }) = &write.memory {
        let (memories, name) = (transaction.object_store(MEMORIES)?, account.to_string().into());
        let stored = memories.get(&name)?;
        // The transaction stays active until this task has made its next requests.
        await_request(&stored).await?;
        let stored = bytes(&stored.result()?);
        if stored != *expected {
            return Ok(Written::MemoryMoved(stored));
        }
        memories.put_with_key(&Uint8Array::from(new.as_slice()), &name)?;
    }
    let store = transaction.object_store(ITEMS)?;
    for key in &write.remove {
        store.delete(&(*key).into())?;
    }
    let put = |change: &SealedChange| store.put(&change_value(account, change));
    let added = write.add.iter().map(put).collect::<Result<Vec<_>, _>>()?;
    await_commit(&transaction).await?;
    let key = |added: &IdbRequest| number(&added.result()?).ok_or_else(|| error("no number"));
    added.iter().map(key).collect::<Result<_, _>>().map(Written::Done)
}

/// Removes the items with these keys and stores a new draft, both or neither. Returns the new key.
///
/// # Errors
/// As [`all`], and when the browser's quota is used up.
pub async fn replace(remove: &[u32], draft: Option<(AccountId, &str)>) -> Result<Option<u32>, JsValue> {
    let transaction = begin("readwrite").await?;
    let store = transaction.object_store(ITEMS)?;
    for key in remove {
        store.delete(&(*key).into())?;
    }
    let value =
        |(account, draft): (AccountId, &str)| Array::of3(&account.to_string().into(), &"".into(), &draft.into());
    let added = draft.map(|draft| store.put(&value(draft))).transpose()?;
    await_commit(&transaction).await?;
    added.map(|added| number(&added.result()?).ok_or_else(|| error("no number"))).transpose()
}

#[wasm_bindgen]
extern "C" {
    /// A database whose transactions take options. web-sys has these among its unstable APIs only.
    type Durable;
    #[wasm_bindgen(catch, method)]
    fn transaction(this: &Durable, stores: &Array, mode: &str, options: &Object) -> Result<IdbTransaction, JsValue>;
}

async fn begin(mode: &str) -> Result<IdbTransaction, JsValue> {
    let database = open_database().await?;
    let options = Object::new();
    Reflect::set(&options, &"durability".into(), &"strict".into())?;
    let stores = Array::of2(&ITEMS.into(), &MEMORIES.into());
    let transaction = database.unchecked_ref::<Durable>().transaction(&stores, mode, &options)?;
    // The browser closes it once its transactions have ended.
    database.close();
    Ok(transaction)
}

async fn open_database() -> Result<IdbDatabase, JsValue> {
    let factory = window().indexed_db()?.ok_or_else(|| error("no database"))?;
    let request = factory.open_with_u32(DATABASE, VERSION)?;
    let upgrade = {
        let request = request.clone();
        Closure::once_into_js(move || -> Result<(), JsValue> {
            let database: IdbDatabase = request.result()?.dyn_into()?;
            let parameters = IdbObjectStoreParameters::new();
            parameters.set_auto_increment(true);
            let birth = f64::from(u32::from_be_bytes(random::bytes()) >> 1) + 1.0;
            // Version 1 had the items already: making them again fails.
            if let Ok(items) = database.create_object_store_with_optional_parameters(ITEMS, &parameters) {
                // Keys rise from here, so that a page that has not noticed that the store was cleared removes nothing
                // of the new one.
                items.put_with_key(&JsValue::NULL, &birth.into())?;
                items.delete(&birth.into())?;
            }
            database.create_object_store(MEMORIES)?.put_with_key(&birth.into(), &BIRTH.into()).map(drop)
        })
    };
    request.set_onupgradeneeded(Some(upgrade.unchecked_ref()));
    await_request(&request).await?;
    request.result()?.dyn_into()
}

async fn await_request(request: &IdbRequest) -> Result<(), JsValue> {
    let settled = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    JsFuture::from(settled).await.map(drop)
}

/// Waits until a transaction is committed and on the disk.
async fn await_commit(transaction: &IdbTransaction) -> Result<(), JsValue> {
    let finished = Promise::new(&mut |resolve, reject| {
        transaction.set_oncomplete(Some(&resolve));
        transaction.set_onabort(Some(&reject));
    });
    JsFuture::from(finished).await.map(drop)
}

/// A change as it is stored. Numbers of 64 bits are texts: the browser's numbers do not hold them.
fn change_value(account: AccountId, SealedChange { change, body }: &SealedChange) -> JsValue {
    let ChangeRef { id, version, mark } = change;
    let account: JsValue = account.to_string().into();
    Array::of5(&account, &id.to_string().into(), &body.into(), &(*version).into(), &mark.to_string().into()).into()
}

fn read(key: &JsValue, value: &JsValue) -> Option<StoredItem> {
    let text = |place| Reflect::get_u32(value, place).ok()?.as_string();
    let item = match text(1)?.as_str() {
        "" => Item::Draft(text(2)?),
        id => {
            let version = number(&Reflect::get_u32(value, 3).ok()?)?;
            let change = ChangeRef { id: id.parse::<EntryId>().ok()?, version, mark: text(4)?.parse().ok()? };
            Item::Change(SealedChange { change, body: text(2)? })
        }
    };
    Some(StoredItem { key: number(key)?, account: text(0)?.parse().ok()?, item })
}

fn bytes(value: &JsValue) -> Option<Vec<u8>> {
    value.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the browser counts from 1")]
fn number(key: &JsValue) -> Option<u32> {
    key.as_f64().map(|key| key as u32)
}

//! The local store: sealed changes that wait to be sent, and sealed drafts. It is an IndexedDB database. An item is
//! stored once it is on the disk.

use js_sys::{Array, Object, Promise, Reflect};
use shared::ids::{AccountId, EntryId};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbDatabase, IdbObjectStore, IdbObjectStoreParameters, IdbRequest, IdbTransaction};

use crate::platform::browser::{error, window};

/// The name of the database.
const DATABASE: &str = "passmint";
const STORE: &str = "kept";
/// The version of the database's schema.
const VERSION: u32 = 1;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A change of this entry: the body of the PUT request.
    Change(EntryId, String),
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
    let (transaction, store) = begin("readonly").await?;
    let (values, keys) = (store.get_all()?, store.get_all_keys()?);
    await_commit(&transaction).await?;
    let (values, keys) = (Array::from(&values.result()?), Array::from(&keys.result()?));
    // Items that another version of the page stored are left alone.
    Ok(keys.iter().zip(values.iter()).filter_map(|(key, value)| read(&key, &value)).collect())
}

pub async fn is_there(key: u32) -> Result<bool, JsValue> {
    let (transaction, store) = begin("readonly").await?;
    let found = store.get_key(&key.into())?;
    await_commit(&transaction).await?;
    Ok(!found.result()?.is_undefined())
}

/// Removes every item of an account.
pub async fn forget(account: AccountId) -> Result<(), JsValue> {
    let keys: Vec<u32> =
        all().await?.into_iter().filter(|stored| stored.account == account).map(|stored| stored.key).collect();
    replace(&keys, None).await.map(drop)
}

/// Stores items, all or none. Returns their keys, in order.
///
/// # Errors
/// As [`all`], and when the browser's quota is used up.
pub async fn add(account: AccountId, items: &[Item]) -> Result<Vec<u32>, JsValue> {
    let (transaction, store) = begin("readwrite").await?;
    let added = items.iter().map(|item| store.put(&write(account, item))).collect::<Result<Vec<_>, _>>()?;
    await_commit(&transaction).await?;
    added.iter().map(|added| number(&added.result()?).ok_or_else(|| error("no number"))).collect()
}

/// Removes the items with these keys and stores a new one, both or neither. Returns the new key.
///
/// # Errors
/// As [`all`], and when the browser's quota is used up.
pub async fn replace(remove: &[u32], add: Option<(AccountId, &Item)>) -> Result<Option<u32>, JsValue> {
    let (transaction, store) = begin("readwrite").await?;
    for key in remove {
        store.delete(&(*key).into())?;
    }
    let added = add.map(|(account, item)| store.put(&write(account, item))).transpose()?;
    await_commit(&transaction).await?;
    added.map(|added| number(&added.result()?).ok_or_else(|| error("no number"))).transpose()
}

#[wasm_bindgen]
extern "C" {
    /// A database whose transactions take options. web-sys has these among its unstable APIs only.
    type Durable;
    #[wasm_bindgen(catch, method)]
    fn transaction(this: &Durable, store: &str, mode: &str, options: &Object) -> Result<IdbTransaction, JsValue>;
}

async fn begin(mode: &str) -> Result<(IdbTransaction, IdbObjectStore), JsValue> {
    let database = open_database().await?;
    let options = Object::new();
    Reflect::set(&options, &"durability".into(), &"strict".into())?;
    let transaction = database.unchecked_ref::<Durable>().transaction(STORE, mode, &options)?;
    // The browser closes it once its transactions have ended.
    database.close();
    let store = transaction.object_store(STORE)?;
    Ok((transaction, store))
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
            database.create_object_store_with_optional_parameters(STORE, &parameters).map(drop)
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

fn write(account: AccountId, item: &Item) -> JsValue {
    let (entry, sealed) = match item {
        Item::Change(entry, body) => (entry.to_string(), body),
        Item::Draft(draft) => (String::new(), draft),
    };
    Array::of3(&account.to_string().into(), &entry.into(), &sealed.into()).into()
}

fn read(key: &JsValue, value: &JsValue) -> Option<StoredItem> {
    let text = |place| Reflect::get_u32(value, place).ok()?.as_string();
    let item = match text(1)?.as_str() {
        "" => Item::Draft(text(2)?),
        entry => Item::Change(entry.parse().ok()?, text(2)?),
    };
    Some(StoredItem { key: number(key)?, account: text(0)?.parse().ok()?, item })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the browser counts from 1")]
fn number(key: &JsValue) -> Option<u32> {
    key.as_f64().map(|key| key as u32)
}

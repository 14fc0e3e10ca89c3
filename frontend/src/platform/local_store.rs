//! What this browser keeps for vaults until a server has it: changes that wait to be sent, and drafts, all of it sealed.
//! They rest in IndexedDB, written through to the disk before they count as kept.

use js_sys::{Array, Object, Promise, Reflect};
use shared::ids::{AccountId, EntryId};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbDatabase, IdbObjectStore, IdbObjectStoreParameters, IdbRequest, IdbTransaction};

use crate::platform::browser::{error, window};

/// The database, and the one collection in it.
const DATABASE: &str = "passmint";
const KEPT: &str = "kept";
/// The database's version, raised when its shape changes.
const VERSION: u32 = 1;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// A change of this entry: the body to put.
    Change(EntryId, String),
    Draft(String),
}

/// Something kept, and the number that it is kept under. Numbers rise.
#[derive(Clone, Debug)]
pub struct Kept {
    pub key: u32,
    pub account: AccountId,
    pub sealed: Sealed,
}

/// Everything that is kept, in the order in which it came.
///
/// # Errors
/// The browser's, where it keeps nothing for this page.
pub async fn all() -> Result<Vec<Kept>, JsValue> {
    let (transaction, store) = begin("readonly").await?;
    let (values, keys) = (store.get_all()?, store.get_all_keys()?);
    finish(&transaction).await?;
    let (values, keys) = (Array::from(&values.result()?), Array::from(&keys.result()?));
    // What another version of the page has kept is left where it is.
    Ok(keys.iter().zip(values.iter()).filter_map(|(key, value)| read(&key, &value)).collect())
}

/// Whether something is still kept under this number.
///
/// # Errors
/// As [`all`].
pub async fn is_there(key: u32) -> Result<bool, JsValue> {
    let (transaction, store) = begin("readonly").await?;
    let found = store.get_key(&key.into())?;
    finish(&transaction).await?;
    Ok(!found.result()?.is_undefined())
}

/// Forgets everything of an account.
///
/// # Errors
/// As [`all`].
pub async fn forget(account: AccountId) -> Result<(), JsValue> {
    let keys: Vec<u32> = all().await?.into_iter().filter(|kept| kept.account == account).map(|kept| kept.key).collect();
    replace(&keys, None).await.map(drop)
}

/// Keeps many things, all or none. Gives their numbers, in order.
///
/// # Errors
/// As [`all`], and when there is no more room.
pub async fn add(account: AccountId, sealed: &[Sealed]) -> Result<Vec<u32>, JsValue> {
    let (transaction, store) = begin("readwrite").await?;
    let added = sealed.iter().map(|sealed| store.put(&write(account, sealed))).collect::<Result<Vec<_>, _>>()?;
    finish(&transaction).await?;
    added.iter().map(|added| number(&added.result()?).ok_or_else(|| error("no number"))).collect()
}

/// Forgets what is kept under some numbers and keeps something new, both or neither. Gives the new number.
///
/// # Errors
/// As [`all`], and when there is no more room.
pub async fn replace(remove: &[u32], add: Option<(AccountId, &Sealed)>) -> Result<Option<u32>, JsValue> {
    let (transaction, store) = begin("readwrite").await?;
    for key in remove {
        store.delete(&(*key).into())?;
    }
    let added = add.map(|(account, sealed)| store.put(&write(account, sealed))).transpose()?;
    finish(&transaction).await?;
    added.map(|added| number(&added.result()?).ok_or_else(|| error("no number"))).transpose()
}

#[wasm_bindgen]
extern "C" {
    /// A database whose transactions take options, which web-sys counts among what is unstable.
    type Durable;
    #[wasm_bindgen(catch, method)]
    fn transaction(this: &Durable, store: &str, mode: &str, options: &Object) -> Result<IdbTransaction, JsValue>;
}

async fn begin(mode: &str) -> Result<(IdbTransaction, IdbObjectStore), JsValue> {
    let database = database().await?;
    let options = Object::new();
    Reflect::set(&options, &"durability".into(), &"strict".into())?;
    let transaction = database.unchecked_ref::<Durable>().transaction(KEPT, mode, &options)?;
    // It is closed once its transactions have ended.
    database.close();
    let store = transaction.object_store(KEPT)?;
    Ok((transaction, store))
}

async fn database() -> Result<IdbDatabase, JsValue> {
    let factory = window().indexed_db()?.ok_or_else(|| error("no database"))?;
    let request = factory.open_with_u32(DATABASE, VERSION)?;
    let upgrade = {
        let request = request.clone();
        Closure::once_into_js(move || -> Result<(), JsValue> {
            let database: IdbDatabase = request.result()?.dyn_into()?;
            let parameters = IdbObjectStoreParameters::new();
            parameters.set_auto_increment(true);
            database.create_object_store_with_optional_parameters(KEPT, &parameters).map(drop)
        })
    };
    request.set_onupgradeneeded(Some(upgrade.unchecked_ref()));
    settle(&request).await?;
    request.result()?.dyn_into()
}

/// Waits until a request has its result.
async fn settle(request: &IdbRequest) -> Result<(), JsValue> {
    let settled = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    JsFuture::from(settled).await.map(drop)
}

/// Waits until all of a transaction's requests have their results and are on the disk.
async fn finish(transaction: &IdbTransaction) -> Result<(), JsValue> {
    let finished = Promise::new(&mut |resolve, reject| {
        transaction.set_oncomplete(Some(&resolve));
        transaction.set_onabort(Some(&reject));
    });
    JsFuture::from(finished).await.map(drop)
}

fn write(account: AccountId, sealed: &Sealed) -> JsValue {
    let (entry, sealed) = match sealed {
        Sealed::Change(entry, body) => (entry.to_string(), body),
        Sealed::Draft(draft) => (String::new(), draft),
    };
    Array::of3(&account.to_string().into(), &entry.into(), &sealed.into()).into()
}

fn read(key: &JsValue, value: &JsValue) -> Option<Kept> {
    let text = |place| Reflect::get_u32(value, place).ok()?.as_string();
    let sealed = match text(1)?.as_str() {
        "" => Sealed::Draft(text(2)?),
        entry => Sealed::Change(entry.parse().ok()?, text(2)?),
    };
    Some(Kept { key: number(key)?, account: text(0)?.parse().ok()?, sealed })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the browser counts from 1")]
fn number(key: &JsValue) -> Option<u32> {
    key.as_f64().map(|key| key as u32)
}

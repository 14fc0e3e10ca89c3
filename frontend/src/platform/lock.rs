//! Locks that all tabs of this page share (Web Locks API).

use futures_channel::oneshot;
use futures_util::future::{Either, select};
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::platform::browser::window;

#[wasm_bindgen]
extern "C" {
    /// web-sys has these among its unstable APIs only.
    type LockManager;
    #[wasm_bindgen(catch, method)]
    fn request(this: &LockManager, name: &str, granted: &Function) -> Result<Promise, JsValue>;
}

/// A held lock. Dropping it releases it; so does the end of the page.
pub struct Lock(Option<Function>);

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(release) = &self.0 {
            // Resolving a promise does not fail.
            let _ = release.call0(&JsValue::NULL);
        }
    }
}

/// Waits for the lock of this name. None if the browser has no locks: pages over plain HTTP have none.
pub async fn acquire(name: &str) -> Option<Lock> {
    let locks = Reflect::get(&window().navigator(), &"locks".into()).ok().filter(JsValue::is_object)?;
    let (granted, lock) = oneshot::channel();
    let callback = Closure::once_into_js(move |_: JsValue| -> JsValue {
        let mut release = None;
        let held = Promise::new(&mut |resolve, _| release = Some(resolve));
        // If nobody waits any more, the lock is dropped at once.
        drop(granted.send(Lock(release)));
        held.into()
    });
    let request = locks.unchecked_ref::<LockManager>().request(name, callback.unchecked_ref()).ok()?;
    // The request settles before it is granted only if it fails.
    match select(lock, JsFuture::from(request)).await {
        Either::Left((lock, _)) => lock.ok(),
        Either::Right(_) => None,
    }
}

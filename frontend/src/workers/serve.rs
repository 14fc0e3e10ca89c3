//! A worker's loop: answers calls from the message queue, one after the other.
//!
//! The page ends the worker, and with it everything that it knows. The worker's own policy (CSP) forbids it to send
//! requests.

use js_sys::Uint8Array;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;
use wasm_bindgen::throw_str;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};
use zeroize::Zeroizing;

use crate::keyring::Keyring;
use crate::platform::lowercase::lower_case;
use crate::platform::random::BrowserRandom;
use crate::workers::rpc::{Call, Reply};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_name = self)]
    static SCOPE: DedicatedWorkerGlobalScope;
}

pub fn keyring() {
    let mut keyring = Keyring::new(BrowserRandom, lower_case);
    serve(move |request| keyring.handle(request));
}

/// The judge of foreign passwords.
#[cfg(feature = "judge")]
pub fn judge() {
    serve(crate::workers::judge::guesses);
}

/// Reports by an empty message that the worker is ready, then answers every call. A message that is no call is a bug of
/// the page and ends the worker.
fn serve<Q: DeserializeOwned, A: Serialize>(mut answer: impl FnMut(Q) -> A + 'static) {
    let scope = SCOPE.with(Clone::clone);
    let replies = scope.clone();
    let answer = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
        let bytes = Zeroizing::new(Uint8Array::new(&message.data()).to_vec());
        let call: Call<Q> = postcard::from_bytes(&bytes).unwrap_or_else(|_| throw_str("not a call"));
        let reply = Reply { id: call.id, result: answer(call.request) };
        let bytes = postcard::to_allocvec(&reply).unwrap_or_else(|_| throw_str("no reply"));
        replies.post_message(&Uint8Array::from(Zeroizing::new(bytes).as_slice())).unwrap_throw();
    });
    scope.set_onmessage(Some(answer.as_ref().unchecked_ref()));
    answer.forget();
    scope.post_message(&JsValue::NULL).unwrap_throw();
}

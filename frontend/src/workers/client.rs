//! The page's end of its workers: starts one, calls it, ends it. There are two: the keyring, and the judge of
//! passwords that the generator did not make.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::rc::Rc;

use futures_channel::oneshot;
use js_sys::{Uint8Array, WebAssembly};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};
use zeroize::Zeroizing;

use crate::keyring::protocol::entry::EntryUpdate;
use crate::keyring::protocol::{KeyringError, Request, Response};
use crate::platform::files::{self, FileMissing};
use crate::workers::rpc::{Call, Reply};

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyringFault {
    /// The keyring's files did not come, or are not those that this page was built with.
    NotLoaded,
    /// The worker has ended: locked, cancelled, or broken.
    Ended,
    Refused(KeyringError),
}

/// Why a worker gives no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkerFault {
    /// Its files did not come, or are not those that this page was built with.
    NotLoaded,
    Ended,
}

impl From<FileMissing> for WorkerFault {
    fn from(_: FileMissing) -> Self {
        Self::NotLoaded
    }
}

impl From<WorkerFault> for KeyringFault {
    fn from(fault: WorkerFault) -> Self {
        match fault {
            WorkerFault::NotLoaded => Self::NotLoaded,
            WorkerFault::Ended => Self::Ended,
        }
    }
}

/// The calls without a reply yet, by number; `None` once the worker has ended.
type PendingCalls<A> = Rc<RefCell<Option<Vec<(u32, oneshot::Sender<A>)>>>>;

enum Host {
    /// In a thread of its own.
    Thread {
        worker: Worker,
        /// Kept alive as long as the worker may call them.
        _handlers: [Closure<dyn FnMut(MessageEvent)>; 2],
    },
    /// In the page's own thread: there is no worker's file beside tests.
    #[cfg(test)]
    Page(RefCell<in_page::Responder>),
}

/// A running worker that answers a `Q` with an `A`. Dropping it ends the worker, and everything it knows with it.
pub struct WorkerClient<Q, A> {
    host: Host,
    next: Cell<u32>,
    waiting: PendingCalls<A>,
    asks: PhantomData<Q>,
}

impl<Q: Serialize, A: DeserializeOwned + 'static> WorkerClient<Q, A> {
    /// Fetches and checks the files of the worker of this name, and starts it.
    ///
    /// # Errors
    /// [`WorkerFault`].
    pub async fn start_named(name: &str) -> Result<Self, WorkerFault> {
        #[cfg(test)]
        if let Some(answer) = in_page::start(name) {
            return Ok(Self::new(Host::Page(RefCell::new(answer)), Rc::new(RefCell::new(Some(Vec::new())))));
        }
        let (script, module) = load(name).await?;
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(&script, &options).map_err(|_| WorkerFault::NotLoaded)?;

        let waiting: PendingCalls<A> = Rc::new(RefCell::new(Some(Vec::new())));
        let (ready, is_ready) = oneshot::channel();
        let mut ready = Some(ready);
        let on_message = {
            let waiting = Rc::clone(&waiting);
            Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
                // The first message says that the worker is ready.
                if let Some(ready) = ready.take() {
                    let _ = ready.send(());
                    return;
                }
                settle(&waiting, &Zeroizing::new(Uint8Array::new(&message.data()).to_vec()));
            })
        };
        let on_error = {
            let waiting = Rc::clone(&waiting);
            // Dropping the senders tells every caller that the worker has ended.
            Closure::<dyn FnMut(MessageEvent)>::new(move |_| drop(waiting.borrow_mut().take()))
        };
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        let start = worker.post_message(&module);
        let client = Self::new(Host::Thread { worker, _handlers: [on_message, on_error] }, waiting);
        start.map_err(|_| WorkerFault::NotLoaded)?;
        is_ready.await.map_err(|_| WorkerFault::Ended)?;
        Ok(client)
    }

    fn new(host: Host, waiting: PendingCalls<A>) -> Self {
        Self { host, next: Cell::new(0), waiting, asks: PhantomData }
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// [`WorkerFault::Ended`].
    pub async fn call(&self, request: Q) -> Result<A, WorkerFault> {
        let id = self.next.get();
        self.next.set(id.wrapping_add(1));
        let (asker, answer) = oneshot::channel();
        match self.waiting.borrow_mut().as_mut() {
            Some(waiting) => waiting.push((id, asker)),
            None => return Err(WorkerFault::Ended),
        }
        let bytes = postcard::to_allocvec(&Call { id, request }).map(Zeroizing::new);
        let bytes = bytes.map_err(|_| WorkerFault::Ended)?;
        match &self.host {
            Host::Thread { worker, .. } => {
                worker.post_message(&Uint8Array::from(bytes.as_slice())).map_err(|_| WorkerFault::Ended)?;
            }
            #[cfg(test)]
            Host::Page(answer) => {
                let reply = (answer.borrow_mut())(&bytes);
                settle(&self.waiting, &reply);
            }
        }
        answer.await.map_err(|_| WorkerFault::Ended)
    }
}

/// Hands a reply over to its caller.
fn settle<A: DeserializeOwned>(waiting: &PendingCalls<A>, reply: &[u8]) {
    let Ok(reply) = postcard::from_bytes::<Reply<A>>(reply) else { return };
    let mut waiting = waiting.borrow_mut();
    let Some(waiting) = waiting.as_mut() else { return };
    if let Some(place) = waiting.iter().position(|(id, _)| *id == reply.id) {
        // The caller may have been cancelled.
        let _ = waiting.swap_remove(place).1.send(reply.result);
    }
}

impl<Q, A> WorkerClient<Q, A> {
    /// Ends the worker at once; calls without a reply get [`WorkerFault::Ended`].
    pub fn end(&self) {
        match &self.host {
            Host::Thread { worker, .. } => worker.terminate(),
            #[cfg(test)]
            Host::Page(answer) => drop(answer.replace(Box::new(|_| Vec::new()))),
        }
        drop(self.waiting.borrow_mut().take());
    }
}

impl<Q, A> Drop for WorkerClient<Q, A> {
    fn drop(&mut self) {
        self.end();
    }
}

/// A running keyring. Dropping it ends the worker, and every key with it.
pub type KeyringClient = WorkerClient<Request, Result<Response, KeyringError>>;

impl KeyringClient {
    /// Starts a keyring.
    ///
    /// # Errors
    /// [`KeyringFault::NotLoaded`] or [`KeyringFault::Ended`].
    pub async fn start() -> Result<Self, KeyringFault> {
        Ok(Self::start_named("keyring").await?)
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// [`KeyringFault::Refused`] with the keyring's error, or [`KeyringFault::Ended`].
    pub async fn ask(&self, request: Request) -> Result<Response, KeyringFault> {
        self.call(request).await?.map_err(KeyringFault::Refused)
    }

    /// Asks for a body to send to the server.
    ///
    /// # Errors
    /// As [`KeyringClient::ask`].
    pub async fn body(&self, request: Request) -> Result<String, KeyringFault> {
        match self.ask(request).await? {
            Response::Post { body } => Ok(body),
            _ => Err(KeyringFault::Ended),
        }
    }

    /// Hands entries over.
    ///
    /// # Errors
    /// As [`KeyringClient::ask`].
    pub async fn take(&self, request: Request) -> Result<EntryUpdate, KeyringFault> {
        match self.ask(request).await? {
            Response::Updated(update) => Ok(update),
            _ => Err(KeyringFault::Ended),
        }
    }
}

/// The worker's script and its compiled WebAssembly. A browser checks no worker's script by itself, so the page fetches
/// it first; what the worker then loads is the same file from the cache, for its name is its hash and it never changes.
async fn load(name: &str) -> Result<(String, JsValue), WorkerFault> {
    let script = format!("{name}-script");
    files::text(&script).await?;
    let module = files::fetch(&format!("{name}-module")).await?;
    let module = WebAssembly::compile_streaming(&js_sys::Promise::resolve(&JsValue::from(module)));
    let module = JsFuture::from(module).await.map_err(|_| WorkerFault::NotLoaded)?;
    Ok((files::url(&script)?, module))
}

/// Workers in the page's own thread, for tests of components.
#[cfg(test)]
pub(crate) mod in_page {
    use super::{Call, DeserializeOwned, RefCell, Reply, Serialize};

    /// Takes a call and gives the reply, both as they cross to a worker and back.
    pub(super) type Responder = Box<dyn FnMut(&[u8]) -> Vec<u8>>;

    type Start = Box<dyn Fn() -> Responder>;

    thread_local! {
        static STARTS: RefCell<Vec<(&'static str, Start)>> = RefCell::default();
    }

    /// Has workers of this name started by `start` from now on: it makes what answers.
    pub(crate) fn serve<Q, A, F>(name: &'static str, start: impl Fn() -> F + 'static)
    where
        Q: DeserializeOwned,
        A: Serialize,
        F: FnMut(Q) -> A + 'static,
    {
        let start = move || -> Responder {
            let mut answer = start();
            Box::new(move |call| {
                let Call { id, request } = postcard::from_bytes(call).expect("a call");
                postcard::to_allocvec(&Reply { id, result: answer(request) }).expect("a reply")
            })
        };
        STARTS.with_borrow_mut(|starts| starts.push((name, Box::new(start))));
    }

    pub(crate) fn clear() {
        STARTS.with_borrow_mut(Vec::clear);
    }

    pub(super) fn start(name: &str) -> Option<Responder> {
        STARTS.with_borrow(|starts| starts.iter().rev().find(|(known, _)| *known == name).map(|(_, start)| start()))
    }
}

//! Everything outside the page: console, server, files, clipboard, and the browser's storage. The page's own code runs
//! unchanged; the functions of the browser that it calls are replaced here.

use std::cell::{Cell, RefCell};
use std::fmt::Display;

use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, HtmlAnchorElement, Response, ResponseInit, Url};

use crate::platform::browser::{self, document, window};
use crate::text::{self, FILES, Msg, Texts, fill};
use crate::workers::client::in_page;

/// The shortest piece of a text that tells its language, in bytes.
const PIECE_MIN: usize = 12;

/// The style sheets, which say what is hidden and how high rows are.
const LOOKS: &str = concat!(include_str!("../../../../assets/page.css"), include_str!("../../../../assets/later.css"));

/// A request to the server, such as `PUT passwords/…`, and its body.
pub(in crate::ui) type Heard = (String, String);

/// Stands for a status where no answer comes.
pub(in crate::ui) const SILENT: u16 = 0;

/// Answers a request with status and body, or leaves it to an earlier one.
type Answer = Box<dyn FnMut(&str, &str) -> Option<(u16, String)>>;

#[derive(Default)]
struct World {
    warnings: RefCell<Vec<String>>,
    heard: RefCell<Vec<Heard>>,
    answers: RefCell<Vec<Answer>>,
    copied: RefCell<Option<String>>,
    saved: RefCell<Vec<(String, String)>>,
    /// The arguments of the window's `addEventListener`.
    listeners: RefCell<Vec<Array>>,
    /// The last timer of the previous page.
    last_timer: Cell<i32>,
    is_hooked: Cell<bool>,
}

thread_local! {
    static WORLD: World = World::default();
}

/// Resets the world to the state before any page was opened.
pub(in crate::ui) async fn reset() {
    let is_hooked = WORLD.with(|world| world.is_hooked.replace(true));
    if !is_hooked {
        hook();
    }
    WORLD.with(|world| {
        world.warnings.take();
        world.heard.take();
        world.answers.take();
        world.copied.take();
        world.saved.take();
    });
    in_page::clear();
    window().local_storage().unwrap().unwrap().clear().unwrap();
    while let Some(file) = document().query_selector("meta[name=file]").unwrap() {
        file.remove();
    }
    let request = window().indexed_db().unwrap().unwrap().delete_database("passmint").unwrap();
    let done = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    JsFuture::from(done).await.unwrap();
    window().history().unwrap().replace_state_with_url(&JsValue::NULL, "", Some("/")).unwrap();
    for attribute in ["lang", "data-theme"] {
        browser::set_root_attribute(attribute, None);
    }
    text::speak(texts("en"));
}

/// Removes the listeners and timers of a page, as leaving it does. Requests that are under way may still be answered.
pub(in crate::ui) fn leave() {
    let window = window();
    let remove: Function = Reflect::get(&window, &"removeEventListener".into()).unwrap().unchecked_into();
    for listener in WORLD.with(|world| world.listeners.take()) {
        remove.apply(&window, &listener).unwrap();
    }
    let newest = window.set_timeout_with_callback(&Function::new_no_args("")).unwrap();
    for timer in WORLD.with(|world| world.last_timer.replace(newest))..=newest {
        window.clear_timeout_with_handle(timer);
    }
}

/// Warnings and errors on the console, where Leptos warns in debug builds.
pub(in crate::ui) fn warnings() -> Vec<String> {
    WORLD.with(|world| world.warnings.borrow().clone())
}

/// Answers requests from now on. The newest such function is asked first; a request without an answer finds no server.
pub(in crate::ui) fn answer(answer: impl FnMut(&str, &str) -> Option<(u16, String)> + 'static) {
    WORLD.with(|world| world.answers.borrow_mut().push(Box::new(answer)));
}

/// All requests so far.
pub(in crate::ui) fn heard() -> Vec<Heard> {
    WORLD.with(|world| world.heard.borrow().clone())
}

/// The text that the page put on the clipboard, if any.
pub(in crate::ui) fn copied() -> Option<String> {
    WORLD.with(|world| world.copied.borrow().clone())
}

pub(in crate::ui) fn forget_copied() {
    WORLD.with(|world| world.copied.take());
}

/// The downloaded files: name and text.
pub(in crate::ui) async fn saved() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for (name, url) in WORLD.with(|world| world.saved.borrow().clone()) {
        let response: Response = JsFuture::from(window().fetch_with_str(&url)).await.unwrap().unchecked_into();
        files.push((name, JsFuture::from(response.text().unwrap()).await.unwrap().as_string().unwrap()));
    }
    files
}

/// Offers one of the page's own files under its name, as `index.html` does.
pub(in crate::ui) fn offer(name: &str, text: &str) {
    let meta = document().create_element("meta").unwrap();
    for (attribute, value) in [("name", "file"), ("content", name), ("data-url", &url_of(text)), ("data-integrity", "")]
    {
        meta.set_attribute(attribute, value).unwrap();
    }
    document().head().unwrap().append_child(&meta).unwrap();
}

pub(in crate::ui) fn withdraw(name: &str) {
    document().query_selector(&format!("meta[name=file][content={name}]")).unwrap().unwrap().remove();
}

/// All texts of a language, of the first part and of the others.
pub(in crate::ui) fn texts(language: &str) -> Texts {
    let (first, later) = files(language);
    Texts::new(language, first).and(later)
}

pub(in crate::ui) fn offer_language(language: &'static str) {
    let (first, later) = files(language);
    offer(&format!("text-{language}"), first);
    offer(&format!("more-{language}"), later);
}

pub(in crate::ui) fn en(text: Msg) -> String {
    texts("en").get(text).to_owned()
}

/// A text in English, with values filled in.
pub(in crate::ui) fn en_with(text: Msg, values: &[(&str, &dyn Display)]) -> String {
    fill(&en(text), values)
}

/// Pieces of English texts that stand in no German text: whatever is between two values that are filled in, if it is
/// long enough not to be on a page by chance.
pub(in crate::ui) fn only_english() -> Vec<&'static str> {
    let texts = |language| <[&str; 2]>::from(files(language)).into_iter().flat_map(str::lines);
    let german: Vec<&str> = texts("de").collect();
    let pieces = texts("en").flat_map(|text| text.split(['{', '}']).step_by(2)).map(str::trim);
    let is_telling = |piece: &&str| piece.len() >= PIECE_MIN && !german.iter().any(|text| text.contains(*piece));
    pieces.filter(is_telling).collect()
}

/// The two files of a language, as the page's build makes them.
fn files(language: &str) -> (&'static str, &'static str) {
    let (_, first, later) = FILES.into_iter().find(|(known, ..)| *known == language).unwrap();
    (first, later)
}

fn url_of(text: &str) -> String {
    let blob = Blob::new_with_str_sequence(&Array::of1(&text.into())).unwrap();
    Url::create_object_url_with_blob(&blob).unwrap()
}

/// Replaces the browser's functions that lead out of the page, once, and adds the style sheets.
fn hook() {
    let looks = document().create_element("style").unwrap();
    looks.set_text_content(Some(LOOKS));
    document().head().unwrap().append_child(&looks).unwrap();
    let console = Reflect::get(&window(), &"console".into()).unwrap();
    for name in ["warn", "error"] {
        wrap(&console, name, move |_, arguments| {
            let text = arguments.iter().map(|it| it.as_string().unwrap_or_default()).collect::<Vec<_>>().join(" ");
            WORLD.with(|world| world.warnings.borrow_mut().push(text));
            None
        });
    }
    wrap(&window(), "fetch", |_, arguments| {
        let path = arguments.get(0).as_string()?;
        let path = path.strip_prefix("/api/v1/")?.to_owned();
        let field = |name: &str| Reflect::get(&arguments.get(1), &name.into()).unwrap().as_string().unwrap_or_default();
        let (request, body) = (format!("{} {path}", field("method")), field("body"));
        Some(reply(&request, &body).into())
    });
    wrap(&window(), "addEventListener", |_, arguments| {
        WORLD.with(|world| world.listeners.borrow_mut().push(arguments));
        None
    });
    let clipboard = window().navigator().clipboard();
    wrap(&clipboard, "writeText", |_, arguments| {
        WORLD.with(|world| world.copied.replace(arguments.get(0).as_string()));
        Some(Promise::resolve(&JsValue::UNDEFINED).into())
    });
    let link = document().create_element("a").unwrap();
    wrap(&Object::get_prototype_of(&link), "click", |link, _| {
        let link: HtmlAnchorElement = link.unchecked_into();
        if link.download().is_empty() {
            return None;
        }
        WORLD.with(|world| world.saved.borrow_mut().push((link.download(), link.href())));
        Some(JsValue::UNDEFINED)
    });
}

fn reply(request: &str, body: &str) -> Promise {
    let answer = WORLD.with(|world| {
        world.heard.borrow_mut().push((request.to_owned(), body.to_owned()));
        world.answers.borrow_mut().iter_mut().rev().find_map(|answer| answer(request, body))
    });
    let Some((status, body)) = answer.filter(|(status, _)| *status != SILENT) else {
        return Promise::reject(&js_sys::TypeError::new("no server"));
    };
    let init = ResponseInit::new();
    init.set_status(status);
    let body = Some(body.as_str()).filter(|body| !body.is_empty());
    let response = JsValue::from(Response::new_with_opt_str_and_init(body, &init).unwrap());
    Promise::resolve(&response)
}

/// Replaces a method with `first`, which calls the old one where it gives nothing.
fn wrap(object: &JsValue, name: &str, mut first: impl FnMut(JsValue, Array) -> Option<JsValue> + 'static) {
    let before: Function = Reflect::get(object, &name.into()).unwrap().unchecked_into();
    let call = Closure::<dyn FnMut(JsValue, Array) -> JsValue>::new(move |this: JsValue, arguments: Array| {
        first(this.clone(), arguments.clone()).unwrap_or_else(|| before.apply(&this, &arguments).unwrap())
    });
    let with_this = Function::new_with_args("call", "return function (...given) { return call(this, given); }");
    let method = with_this.call1(&JsValue::NULL, &call.into_js_value()).unwrap();
    Reflect::set(object, &name.into(), &method).unwrap();
}

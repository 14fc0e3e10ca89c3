//! Access to the document and to parsed JSON, for the opener.

use js_sys::Reflect;
use wasm_bindgen::prelude::*;
use web_sys::{Document, Element, Event, EventTarget, HtmlElement, HtmlInputElement, Window};

pub(super) fn window() -> Window {
    web_sys::window().unwrap_throw()
}

pub(super) fn document() -> Document {
    window().document().unwrap_throw()
}

/// The element of that id. The file has it.
pub(super) fn by_id(id: &str) -> HtmlElement {
    document().get_element_by_id(id).unwrap_throw().unchecked_into()
}

pub(super) fn field(id: &str) -> HtmlInputElement {
    by_id(id).unchecked_into()
}

/// Adds an element with a text, never as markup.
pub(super) fn add(parent: &Element, kind: &str, class: &str, text: &str) -> Element {
    let element = document().create_element(kind).unwrap_throw();
    element.set_class_name(class);
    element.set_text_content(Some(text));
    parent.append_child(&element).unwrap_throw();
    element
}

pub(super) fn set(element: &Element, attribute: &str, value: &str) {
    element.set_attribute(attribute, value).unwrap_throw();
}

/// Calls `act` at every event of a kind, as long as the page is open.
pub(super) fn at(target: &EventTarget, kind: &str, act: impl FnMut(Event) + 'static) {
    let act = Closure::<dyn FnMut(Event)>::new(act);
    target.add_event_listener_with_callback(kind, act.as_ref().unchecked_ref()).unwrap_throw();
    act.forget();
}

pub(super) fn after(milliseconds: i32, act: impl FnOnce() + 'static) {
    let act = Closure::once_into_js(act);
    window().set_timeout_with_callback_and_timeout_and_arguments_0(act.unchecked_ref(), milliseconds).unwrap_throw();
}

/// Calls `act` once the browser has drawn the current document.
pub(super) fn after_drawing(act: impl FnOnce() + 'static) {
    let drawn = Closure::once_into_js(|| after(0, act));
    window().request_animation_frame(drawn.unchecked_ref()).unwrap_throw();
}

/// A member of an object; undefined if `object` is none.
pub(super) fn member(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// A member that is a string; empty otherwise.
pub(super) fn text(object: &JsValue, name: &str) -> String {
    member(object, name).as_string().unwrap_or_default()
}

/// A member that is an array; empty otherwise.
pub(super) fn array(object: &JsValue, name: &str) -> js_sys::Array {
    member(object, name).dyn_into().unwrap_or_default()
}

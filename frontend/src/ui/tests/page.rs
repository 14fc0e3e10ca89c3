//! A page under test: finds elements by their accessible names, and clicks, types and reads as a person would.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use leptos::mount::mount_to;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::{
    DataTransfer, Element, Event, EventInit, File, FilePropertyBag, HtmlElement, HtmlFormElement, HtmlInputElement,
    HtmlSelectElement, KeyboardEvent, KeyboardEventInit,
};

use super::world;
use crate::platform::browser::{self, document};
use crate::session::{LockReason, Session};
use crate::text;
use crate::ui::{dialog_view::DialogView, notice::NoticeBar, provide};

thread_local! {
    /// The open page. A failing test leaves it behind, and the next page closes it.
    static OPEN: RefCell<Option<(Box<dyn Any>, Owner)>> = RefCell::default();
}

/// Milliseconds until an expected change must have happened.
const PATIENCE: f64 = 10_000.0;

/// A page with some of its components. Dropping it removes it, and panics if Leptos has warned.
pub(in crate::ui) struct Page {
    host: HtmlElement,
    /// The owner of all components, through which tests reach their contexts.
    pub(in crate::ui) owner: Owner,
}

impl Page {
    /// Resets the world, and opens a page with this view, the notices and the dialog.
    pub(in crate::ui) async fn open<V: IntoView + 'static>(view: impl FnOnce() -> V + 'static) -> Self {
        close();
        world::reset().await;
        Self::reload(view)
    }

    /// Opens a page without resetting the world, as a reload does.
    pub(in crate::ui) fn reload<V: IntoView + 'static>(view: impl FnOnce() -> V + 'static) -> Self {
        close();
        let host: HtmlElement = document().create_element("div").unwrap().unchecked_into();
        host.set_id("page");
        document().body().unwrap().append_child(&host).unwrap();
        let found = Rc::new(RefCell::new(None));
        let keep = Rc::clone(&found);
        let handle = mount_to(host.clone(), move || {
            keep.replace(Owner::current());
            provide();
            let view = view();
            view! { {view}<NoticeBar/><DialogView/> }
        });
        let owner: Owner = found.take().unwrap();
        OPEN.replace(Some((Box::new(handle), owner.clone())));
        Self { host, owner }
    }

    /// The dialog if one is open, otherwise the page.
    fn scope(&self) -> Element {
        self.host.query_selector("dialog[open]").unwrap().unwrap_or_else(|| self.host.clone().into())
    }

    pub(in crate::ui) fn text(&self) -> String {
        self.scope().unchecked_into::<HtmlElement>().inner_text()
    }

    pub(in crate::ui) fn notice(&self) -> String {
        let said = self.all(&self.host, ".notice [role]").into_iter().map(|it| it.inner_text()).collect::<Vec<_>>();
        said.join("").trim().to_owned()
    }

    /// The text of all elements with this role (`alert` or `status`), apart from the notices.
    pub(in crate::ui) fn spoken(&self, role: &str) -> String {
        let said = self.shown(&format!("[role={role}]:not(.notice-text)"));
        said.into_iter().map(|it| it.inner_text()).filter(|it| !it.is_empty()).collect::<Vec<_>>().join("\n")
    }

    /// Waits until this text is visible, and checks that the page follows the language then.
    pub(in crate::ui) async fn sees(&self, text: &str) {
        self.until(&format!("“{text}”"), || self.text().contains(text)).await;
        self.follows_the_language().await;
        self.until(&format!("“{text}”"), || self.text().contains(text)).await;
    }

    /// Waits until this notice is shown, and checks that the page follows the language then.
    pub(in crate::ui) async fn says(&self, text: &str) {
        self.until(&format!("the notice “{text}”"), || self.notice() == text).await;
        self.follows_the_language().await;
        self.until(&format!("the notice “{text}”"), || self.notice() == text).await;
    }

    /// Speaks German for a moment, and fails if something on the page stays English: it was kept as a finished text,
    /// and not as what it is made of.
    async fn follows_the_language(&self) {
        if text::language() != "en" {
            return;
        }
        text::speak(world::texts("de"));
        let english = world::only_english();
        let start = browser::clock();
        // Attributes and hidden elements count too.
        let left = || {
            let page = self.host.outer_html();
            english.iter().find(|piece| page.contains(**piece)).copied()
        };
        while let Some(piece) = left() {
            assert!(browser::clock() - start < PATIENCE, "“{piece}” stays English on a German page:\n{}", self.text());
            browser::pause().await;
        }
        text::speak(world::texts("en"));
    }

    /// Waits until a condition holds. `what` names it for the panic.
    pub(in crate::ui) async fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let start = browser::clock();
        while !is_so() {
            assert!(
                browser::clock() - start < PATIENCE,
                "waited in vain for {what}; the page shows:\n{}\nand says: {}",
                self.text(),
                self.notice()
            );
            browser::pause().await;
        }
    }

    fn all(&self, within: &Element, selector: &str) -> Vec<HtmlElement> {
        let found = within.query_selector_all(selector).unwrap();
        (0..found.length()).filter_map(|place| found.get(place)).map(JsCast::unchecked_into).collect()
    }

    /// The visible elements of a selector.
    pub(in crate::ui) fn shown(&self, selector: &str) -> Vec<HtmlElement> {
        self.all(&self.scope(), selector).into_iter().filter(is_shown).collect()
    }

    /// The visible elements of a selector with this accessible name.
    fn named(&self, selector: &str, name: &str) -> Vec<HtmlElement> {
        self.shown(selector).into_iter().filter(|it| name_of(it) == name).collect()
    }

    fn one(&self, selector: &str, name: &str) -> HtmlElement {
        let found = self.named(selector, name);
        let known = || self.shown(selector).iter().map(name_of).collect::<Vec<_>>();
        assert_eq!(found.len(), 1, "{selector} of name “{name}”; there are {:?}", known());
        found.into_iter().next().unwrap()
    }

    pub(in crate::ui) fn button(&self, name: &str) -> HtmlElement {
        self.one("button, summary", name)
    }

    pub(in crate::ui) fn offers(&self, name: &str) -> bool {
        !self.named("button, summary", name).is_empty()
    }

    pub(in crate::ui) fn field(&self, label: &str) -> HtmlInputElement {
        self.one("input, textarea, select", label).unchecked_into()
    }

    pub(in crate::ui) fn value(&self, label: &str) -> String {
        self.field(label).value()
    }

    /// Waits for a button, and clicks it.
    pub(in crate::ui) async fn press(&self, name: &str) {
        self.until(&format!("the button “{name}”"), || self.offers(name)).await;
        let button = self.button(name);
        assert!(!button.has_attribute("disabled"), "“{name}” cannot be pressed");
        let _ = button.focus();
        button.click();
        browser::pause().await;
    }

    /// Replaces the text of the field.
    pub(in crate::ui) async fn type_in(&self, label: &str, text: &str) {
        self.until(&format!("the field “{label}”"), || !self.named("input, textarea", label).is_empty()).await;
        let field = self.field(label);
        assert!(!field.read_only(), "“{label}” cannot be changed");
        let _ = field.focus();
        field.set_value(text);
        send(&field, "input");
        browser::pause().await;
    }

    /// Like [`Page::type_in`], for a field in the group of this name.
    pub(in crate::ui) async fn type_in_group(&self, group: &str, label: &str, text: &str) {
        let is_it = |it: &HtmlElement| self.all(it, "legend").iter().any(|legend| legend.inner_text() == group);
        let group = self.shown("fieldset").into_iter().find(is_it).expect("the group");
        let field = self.all(&group, "input").into_iter().find(|it| name_of(it) == label).expect("the field");
        field.unchecked_ref::<HtmlInputElement>().set_value(text);
        send(&field, "input");
        browser::pause().await;
    }

    /// Presses Enter in the field, which submits its form.
    pub(in crate::ui) async fn enter(&self, label: &str) {
        let form: HtmlFormElement = self.field(label).closest("form").unwrap().unwrap().unchecked_into();
        form.request_submit().unwrap();
        browser::pause().await;
    }

    /// Clicks a check box or a radio button.
    pub(in crate::ui) async fn tick(&self, label: &str) {
        self.until(&format!("the box “{label}”"), || !self.named("input", label).is_empty()).await;
        self.field(label).click();
        browser::pause().await;
    }

    pub(in crate::ui) async fn choose(&self, label: &str, option: &str) {
        self.until(&format!("the list “{label}”"), || !self.named("select", label).is_empty()).await;
        let select: HtmlSelectElement = self.field(label).unchecked_into();
        let options = self.all(&select, "option");
        let place = options.iter().position(|it| it.text_content().as_deref() == Some(option)).expect("the option");
        select.set_selected_index(i32::try_from(place).unwrap());
        send(&select, "change");
        browser::pause().await;
    }

    pub(in crate::ui) async fn choose_file(&self, label: &str, name: &str, text: &str) {
        let file =
            File::new_with_str_sequence_and_options(&js_sys::Array::of1(&text.into()), name, &FilePropertyBag::new());
        let chosen = DataTransfer::new().unwrap();
        chosen.items().add_with_file(&file.unwrap()).unwrap();
        let field = self.field(label);
        field.set_files(chosen.files().as_ref());
        send(&field, "change");
        browser::pause().await;
    }

    pub(in crate::ui) async fn key(&self, key: &str) {
        let options = KeyboardEventInit::new();
        options.set_key(key);
        options.set_bubbles(true);
        let event = KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &options).unwrap();
        document().active_element().unwrap().dispatch_event(&event).unwrap();
        browser::pause().await;
    }

    /// The fault beside the field. Also checks that `aria-invalid` agrees.
    pub(in crate::ui) fn fault(&self, label: &str) -> String {
        let field = self.field(label);
        let ids = field.get_attribute("aria-describedby").unwrap_or_default();
        let fault = ids.split(' ').find(|id| id.ends_with("-fault")).and_then(|id| document().get_element_by_id(id));
        let fault = fault.and_then(|it| it.text_content()).unwrap_or_default();
        assert_eq!(field.get_attribute("aria-invalid").as_deref() == Some("true"), !fault.is_empty(), "{label}");
        fault
    }

    /// Waits until the element of this name has the focus.
    pub(in crate::ui) async fn focuses(&self, name: &str) {
        let focus = || document().active_element().map(|it| name_of(it.unchecked_ref())).unwrap_or_default();
        let start = browser::clock();
        while focus() != name {
            assert!(browser::clock() - start < PATIENCE, "the focus is on “{}” and not on “{name}”", focus());
            browser::pause().await;
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        close();
        let warnings = world::warnings();
        assert!(warnings.is_empty(), "the console has warnings:\n{}", warnings.join("\n\n"));
    }
}

fn close() {
    if let Some((view, owner)) = OPEN.take() {
        // Otherwise its session would go on, and write into the local store of the next page.
        if let Some(session) = owner.with(use_context::<Session>) {
            session.lock(LockReason::SessionEnded);
        }
        drop(view);
        // Requests that are under way may still read signals of the page, so its owner is never dropped.
        std::mem::forget(owner);
        world::leave();
    }
    while let Some(left) = document().get_element_by_id("page") {
        left.remove();
    }
}

fn is_shown(element: &HtmlElement) -> bool {
    let place = element.get_bounding_client_rect();
    place.width() > 0.0 && place.height() > 0.0
}

/// The accessible name as far as this page needs it: from `aria-label`, from the label, or from the content.
fn name_of(element: &HtmlElement) -> String {
    if let Some(name) = element.get_attribute("aria-label") {
        return name;
    }
    let label = match element.id().as_str() {
        "" => None,
        id => document().query_selector(&format!("label[for={id}]")).unwrap(),
    };
    let label = label.or_else(|| element.closest("label").unwrap());
    let text = label.unwrap_or_else(|| element.clone().into());
    // The sample in a label is hidden from screen readers.
    let parts = text.query_selector_all(":scope > span:not([aria-hidden])").unwrap();
    match parts.get(0).filter(|_| text.tag_name() == "LABEL") {
        Some(part) => part.text_content(),
        None => text.text_content(),
    }
    .unwrap_or_default()
    .trim()
    .to_owned()
}

fn send(element: &Element, event: &str) {
    let options = EventInit::new();
    options.set_bubbles(true);
    element.dispatch_event(&Event::new_with_event_init_dict(event, &options).unwrap()).unwrap();
}

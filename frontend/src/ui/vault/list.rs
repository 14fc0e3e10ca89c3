//! The list of what is found. It may be long: only the rows in the window and some beyond its edges are drawn, as
//! [`Heights::plan`] says, with gaps in place of the others.
//!
//! Rows are put in and taken out here and not by leptos's own keyed list: that one takes rows that stay out of the
//! document for a moment, and the keyboard's focus is lost with them.

use std::collections::VecDeque;

use leptos::html::Ul;
use leptos::prelude::*;
use leptos::tachys::view::{Mountable, Render};
use shared::ids::EntryId;
use web_sys::{Element, Node};

use super::row::{EntryRow, RowData};
use crate::model::rows::{Heights, RowLayout, RowPosition};
use crate::platform::browser;
use crate::session::use_session;

/// A row that is drawn.
struct DrawnRow {
    row: RowData,
    place: RwSignal<RowPosition>,
    /// What its signals belong to.
    owner: Owner,
    state: <AnyView as Render>::State,
    element: Element,
}

/// Rows that are drawn, from the top.
#[derive(Default)]
struct DrawnRows {
    drawn: Vec<DrawnRow>,
    /// Owners of rows that were. Each leaves a trace in the one above it, so they are used again.
    spare: Vec<Owner>,
}

/// What all rows of a list share: a handle that can be copied.
#[derive(Clone, Copy)]
pub(super) struct RowContext {
    /// How many rows the whole list has.
    pub(super) count: Signal<usize>,
    /// Whose row has the keyboard's focus.
    pub(super) focused: RwSignal<Option<EntryId>>,
    /// Says that a row has become higher or lower.
    pub(super) resized: Callback<()>,
}

impl DrawnRows {
    /// Draws these rows. What is drawn already and stays is not touched.
    fn draw(&mut self, list: &Element, above: &Owner, wanted: Vec<(RowData, RowPosition)>, context: RowContext) {
        let stays = |drawn: &DrawnRow| wanted.iter().any(|(row, _)| *row == drawn.row);
        let (stay, gone): (Vec<_>, Vec<_>) = std::mem::take(&mut self.drawn).into_iter().partition(stays);
        self.remove(gone);
        let mut stay = VecDeque::from(stay);
        for (row, place) in wanted {
            let drawn = match stay.pop_front() {
                Some(drawn) if drawn.row == row => {
                    if drawn.place.get_untracked() != place {
                        drawn.place.set(place);
                    }
                    drawn
                }
                next => {
                    let new = self.insert(list, above, row, place, context, next.as_ref().map(|next| &next.element));
                    next.into_iter().for_each(|next| stay.push_front(next));
                    new
                }
            };
            self.drawn.push(drawn);
        }
        // None is left: where a row stands in the list is part of what it is known by.
        self.remove(stay);
    }

    fn insert(
        &mut self,
        list: &Element,
        above: &Owner,
        row: RowData,
        place: RowPosition,
        context: RowContext,
        next: Option<&Element>,
    ) -> DrawnRow {
        let owner = self.spare.pop().unwrap_or_else(|| above.with(Owner::new));
        let known_by = row.clone();
        let (place, mut state) = owner.with(|| {
            let place = RwSignal::new(place);
            (place, view! { <EntryRow row place context/> }.into_any().build())
        });
        state.mount(list, next.map(AsRef::<Node>::as_ref));
        let element = state.elements().into_iter().next().unwrap_or_else(|| list.clone());
        DrawnRow { row: known_by, place, owner, state, element }
    }

    fn remove(&mut self, gone: impl IntoIterator<Item = DrawnRow>) {
        for DrawnRow { owner, mut state, .. } in gone {
            state.unmount();
            drop(state);
            owner.cleanup();
            self.spare.push(owner);
        }
    }
}

#[component]
pub(super) fn List(
    /// What is found, newest first.
    #[prop(into)]
    found: Signal<Vec<EntryId>>,
) -> impl IntoView {
    let session = use_session();
    let list = NodeRef::<Ul>::new();
    let heights = RwSignal::new(Heights::default());
    // What can be seen, from the top of the list; nothing before the first look: rows come a frame after the rest of the
    // room, so that neither frame is late.
    let window = RwSignal::new(None::<(f64, f64)>);
    let focused = RwSignal::new(None::<EntryId>);
    let rows = StoredValue::new_local(DrawnRows::default());
    let width = StoredValue::new(0.0);

    let plan = Memo::new(move |_| {
        let Some((start, end)) = window.get() else { return RowLayout::default() };
        found.with(|found| heights.with(|heights| heights.plan(found, start..end, focused.get())))
    });
    // Where the list stands in the window, and how high its rows have come out.
    let look = move || {
        // The vault may have been locked before this frame.
        let Some(element) = list.try_get_untracked().flatten() else { return };
        let place = element.get_bounding_client_rect();
        if (place.width() - width.get_value()).abs() > 0.0 {
            width.set_value(place.width());
            heights.update(Heights::forget);
        }
        let measured: Vec<(EntryId, f64)> = rows.with_value(|rows| {
            rows.drawn.iter().map(|it| (it.row.id, it.element.get_bounding_client_rect().height())).collect()
        });
        heights.maybe_update(|heights| heights.note(&measured));
        let height = browser::document().document_element().map_or(0, |root| root.client_height());
        let seen = Some((-place.top(), f64::from(height) - place.top()));
        if window.get_untracked() != seen {
            window.set(seen);
        }
    };
    // Once what is being drawn is laid out.
    let look_soon = move || request_animation_frame(look);

    let context = RowContext {
        count: Signal::derive(move || found.with(Vec::len)),
        focused,
        resized: Callback::new(move |()| look_soon()),
    };
    let above = Owner::current().unwrap_or_default();
    Effect::new(move |_| {
        let Some(element) = list.get() else { return };
        let wanted = plan.with(|plan| {
            let of = |place: &RowPosition| {
                let id = found.with(|found| found.get(place.index).copied())?;
                let row = session.entries.with(|list| list.get(id).map(|it| RowData::new(it, session.refusal(id))));
                Some((row?, *place))
            };
            plan.rows.iter().filter_map(of).collect::<Vec<_>>()
        });
        untrack(|| rows.update_value(|rows| rows.draw(&element, &above, wanted, context)));
        look_soon();
    });
    let moved = [
        window_event_listener(leptos::ev::scroll, move |_| look()),
        window_event_listener(leptos::ev::resize, move |_| look()),
    ];
    on_cleanup(move || moved.into_iter().for_each(WindowListenerHandle::remove));

    // Some browsers do not call a list without marks a list, unless told to.
    view! {
        <ul class="list" role="list" node_ref=list></ul>
        <div aria-hidden="true" prop:style=move || style("height", plan.with(|plan| plan.after))></div>
    }
}

/// A style, to be set by the name `style`: the page's policy allows that to a script, and no such attribute in a text.
pub(super) fn style(name: &str, length: f64) -> String {
    format!("{name}:{length}px")
}

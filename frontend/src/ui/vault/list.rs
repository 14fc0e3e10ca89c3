//! The list of entries found. It may be long: only the rows in the window and some beyond its edges are drawn, as
//! [`Heights::plan`] says, with gaps in place of the others.
//!
//! Rows are inserted and removed here and not by leptos' own keyed list: that one takes even rows that stay out of the
//! document for a moment, and the keyboard's focus is lost with them.

use std::collections::VecDeque;

use leptos::html::Ul;
use leptos::prelude::*;
use leptos::tachys::view::{Mountable, Render};
use shared::ids::EntryId;
use web_sys::{Element, Node};

use super::row::{EntryRow, RowContext, RowData, style};
use crate::model::rows::{Heights, RowLayout, RowPosition};
use crate::platform::browser;
use crate::session::use_session;

struct DrawnRow {
    row: RowData,
    place: RwSignal<RowPosition>,
    /// Owns the row's signals.
    owner: Owner,
    state: <AnyView as Render>::State,
    element: Element,
}

/// The drawn rows, from the top.
#[derive(Default)]
struct DrawnRows {
    drawn: Vec<DrawnRow>,
    /// Owners of removed rows. Their parent remembers each owner for ever, so they are used again.
    spare: Vec<Owner>,
}

impl DrawnRows {
    /// Draws these rows. Rows that are drawn already and stay are not touched.
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
        // Rows out of order, if the order has changed.
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
    /// Newest first.
    #[prop(into)]
    found: Signal<Vec<EntryId>>,
) -> impl IntoView {
    let session = use_session();
    let list = NodeRef::<Ul>::new();
    let heights = RwSignal::new(Heights::default());
    // The visible span, from the top of the list. None before the first measurement: rows are drawn a frame after the
    // rest of the panel, so that neither frame is late.
    let window = RwSignal::new(None::<(f64, f64)>);
    let focused = RwSignal::new(None::<EntryId>);
    let rows = StoredValue::new_local(DrawnRows::default());
    let width = StoredValue::new(0.0);

    let plan = Memo::new(move |_| {
        let Some((start, end)) = window.get() else { return RowLayout::default() };
        found.with(|found| heights.with(|heights| heights.layout(found, start..end, focused.get())))
    });
    // Measures where the list stands in the window, and the heights of its rows.
    let look = move || {
        // A lock may have removed the list before this frame.
        let Some(element) = list.try_get_untracked().flatten() else { return };
        let place = element.get_bounding_client_rect();
        if (place.width() - width.get_value()).abs() > 0.0 {
            width.set_value(place.width());
            heights.update(Heights::reset);
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
    // Measure after the browser has laid out the new rows.
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
                let row = session
                    .entries
                    .with(|list| list.get(id).map(|it| RowData::new(it, session.refusal(id), session.old_here(id))));
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

    // Safari does not announce a list without bullets as a list, unless it has the role.
    view! {
        <ul class="list" role="list" node_ref=list></ul>
        <div aria-hidden="true" prop:style=move || style("height", plan.with(|plan| plan.after))></div>
    }
}

//! Assigning the columns of an unknown table to fields of an entry.

use std::rc::Rc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{FileContent, ImportState, ImportStep, read_table};
use crate::model::import_export::{ColumnMapping, ColumnRole, Table};
use crate::text::{self, Msg};
use crate::ui::fields::{Button, Checkbox, text_signal, tr};
use crate::ui::sentence::SentenceSignal;

const SAMPLES: usize = 3;

#[component]
pub(super) fn Columns(import: ImportState, table: Rc<Table>) -> impl IntoView {
    let guessed = table.mapping().clone();
    let has_header = RwSignal::new(guessed.has_header);
    let roles = RwSignal::new(guessed.roles);
    let table = StoredValue::new_local(table);
    let mapping = move || ColumnMapping { has_header: has_header.get(), roles: roles.get() };
    let columns = move || {
        let mapping = mapping();
        table.with_value(|table| {
            let samples = table.samples(&mapping, SAMPLES);
            let names = table.names(&mapping).into_iter().map(|name| name.map(str::to_owned)).collect::<Vec<_>>();
            names
                .into_iter()
                .enumerate()
                .map(|(column, name)| {
                    let of = |row: &Vec<crate::secret::Secret>| row.get(column).map(|cell| cell.expose().to_owned());
                    let sample = samples.iter().filter_map(of).collect::<Vec<_>>();
                    view! { <Column column name sample roles/> }
                })
                .collect_view()
        })
    };
    let nothing = SentenceSignal::new();
    let go_on = move |()| {
        let mapping = ColumnMapping { has_header: has_header.get_untracked(), roles: roles.get_untracked() };
        let is_enough = mapping.roles.iter().any(|role| {
            matches!(role, ColumnRole::Name | ColumnRole::Username | ColumnRole::Website | ColumnRole::Password)
        });
        if !is_enough {
            return nothing.set(Msg::ColumnsNothing);
        }
        let table = table.get_value();
        import.step.set(ImportStep::Reading);
        spawn_local(async move {
            let read = read_table(&table, &mapping).await;
            import.settle(Ok(FileContent::Parsed(read))).await;
        });
    };
    view! {
        <p class="lead">{tr(Msg::ColumnsIntro)}</p>
        <Checkbox label=Msg::ColumnsHeader value=has_header/>
        <div class="columns">{columns}</div>
        <p class="fault" role="alert">{nothing.text()}</p>
        <div class="buttons">
            <Button class="button--main" label=Msg::ColumnsDone press=go_on/>
            <Button class="button--quiet" label=Msg::ImportOther press=move |()| import.start_over()/>
        </div>
    }
}

#[component]
fn Column(
    /// The column's index.
    column: usize,
    /// The column's heading, if it has one.
    name: Option<String>,
    /// The cells of its first rows.
    sample: Vec<String>,
    roles: RwSignal<Vec<ColumnRole>>,
) -> impl IntoView {
    let label = text_signal(move || match &name {
        Some(name) => name.clone(),
        None => text::with(Msg::ColumnsUnnamed, &[("number", &(column + 1))]),
    });
    let role = move || roles.with(|roles| roles.get(column).copied().unwrap_or(ColumnRole::ToNote));
    // A column of passwords shows no sample.
    let shown = text_signal(move || match role() {
        ColumnRole::Password => "••••".to_owned(),
        _ => sample.join(" · "),
    });
    let choose = move |event| {
        let index: usize = event_target_value(&event).parse().unwrap_or_default();
        let Some(chosen) = ColumnRole::CHOICES.get(index).copied() else { return };
        roles.update(|roles| {
            if roles.len() <= column {
                roles.resize(column + 1, ColumnRole::ToNote);
            }
            if let Some(role) = roles.get_mut(column) {
                *role = chosen;
            }
        });
    };
    let id = format!("column-{column}");
    view! {
        <div class="field">
            <label for=id.clone() dir="auto">{label}</label>
            <select id=id class="select" on:change=choose>
                {ColumnRole::CHOICES.into_iter().enumerate().map(|(index, choice)| view! {
                    <option value=index.to_string() prop:selected=move || role() == choice>{tr(name_of(choice))}</option>
                }).collect_view()}
            </select>
            <p class="hint column-sample" dir="auto">{shown}</p>
        </div>
    }
}

fn name_of(role: ColumnRole) -> Msg {
    match role {
        ColumnRole::Name => Msg::Name,
        ColumnRole::Username => Msg::EntryUsername,
        ColumnRole::Website => Msg::Website,
        ColumnRole::Password => Msg::Password,
        ColumnRole::Note => Msg::Note,
        ColumnRole::Tags => Msg::Tags,
        ColumnRole::Leave => Msg::ColumnsLeave,
        ColumnRole::ToNote
        | ColumnRole::SpareUsername
        | ColumnRole::Labelled(_)
        | ColumnRole::Folder
        | ColumnRole::Group
        | ColumnRole::Flag(_)
        | ColumnRole::Websites
        | ColumnRole::Addresses
        | ColumnRole::Fields
        | ColumnRole::Created(_)
        | ColumnRole::Changed(_) => Msg::ColumnsToNote,
    }
}

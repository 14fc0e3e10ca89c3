//! The fields of the form for an entry, and what is wrong with them.

use generator::kind::Rules;
use leptos::prelude::*;

use crate::keyring::protocol::entry::Content;
use crate::model::entry::{EntryFault, EntryForm, FIELD_MAX, NOTE_MAX};
use crate::model::name::NameFault;
use crate::text::{self, Msg};
use crate::ui::fields::{Button, Checkbox, TextArea, TextField, bool_signal, text_signal, tr};

/// The text in the fields: a handle that can be copied.
#[derive(Clone, Copy)]
pub(super) struct EntryFields {
    name: RwSignal<String>,
    username: RwSignal<String>,
    website: RwSignal<String>,
    password: RwSignal<String>,
    note: RwSignal<String>,
    tags: RwSignal<String>,
    /// True if the password is shown.
    shown: RwSignal<bool>,
    /// The last password that was minted, with its rules. An entry keeps the rules as long as it has that password.
    minted: StoredValue<(String, Option<Rules>)>,
}

impl EntryFields {
    pub(super) fn new(form: EntryForm, rules: Option<Rules>, shown: bool) -> Self {
        let EntryForm { name, username, website, password, note, tags } = form;
        Self {
            minted: StoredValue::new((password.clone(), rules)),
            name: RwSignal::new(name),
            username: RwSignal::new(username),
            website: RwSignal::new(website),
            password: RwSignal::new(password),
            note: RwSignal::new(note),
            tags: RwSignal::new(tags),
            shown: RwSignal::new(shown),
        }
    }

    pub(super) fn form(self) -> EntryForm {
        EntryForm {
            name: self.name.get(),
            username: self.username.get(),
            website: self.website.get(),
            password: self.password.get(),
            note: self.note.get(),
            tags: self.tags.get(),
        }
    }

    /// The entry's content as typed. After the fields are gone, it has no rules.
    pub(super) fn content(self, form: EntryForm) -> Content {
        let rules = self
            .minted
            .try_with_value(|(password, rules)| rules.clone().filter(|_| *password == form.password))
            .flatten();
        form.content(rules)
    }

    /// Puts in a password that was minted by these rules, and shows it.
    pub(super) fn set_password(self, password: &str, rules: Rules) {
        self.minted.set_value((password.to_owned(), Some(rules)));
        self.password.set(password.to_owned());
        self.shown.set(true);
    }
}

#[component]
pub(super) fn EntryInputs(
    fields: EntryFields,
    #[prop(into)] fault: Signal<Option<EntryFault>>,
    /// Mints a password into the form.
    #[prop(into)]
    generate: Callback<()>,
) -> impl IntoView {
    let EntryFields { name, username, website, password, note, tags, shown, minted: _ } = fields;
    let fault_if = move |is_mine: fn(EntryFault) -> bool| {
        text_signal(move || fault.get().filter(|it| is_mine(*it)).map_or_else(String::new, fault_text))
    };
    view! {
        <TextField id="entry-name" label=Msg::Name value=name fault=fault_if(|it| matches!(it, EntryFault::Name(_)))/>
        <TextField id="entry-login" label=Msg::EntryUsername value=username
            fault=fault_if(|it| it == EntryFault::UsernameTooLong)/>
        <TextField id="entry-website" label=Msg::Website value=website inputmode="url"
            fault=fault_if(|it| it == EntryFault::WebsiteTooLong)/>
        <TextField id="entry-password" label=Msg::Password value=password class="input--secret"
            secret=bool_signal(move || !shown.get()) autocomplete="new-password"
            fault=fault_if(|it| it == EntryFault::PasswordTooLong)/>
        <div class="buttons">
            <Button label=Msg::Generate name=Msg::GenerateHere press=generate/>
            <Checkbox label=Msg::ShowPassword value=shown/>
        </div>
        <TextArea id="entry-note" label=Msg::Note hint=tr(Msg::NoteHint) value=note
            fault=fault_if(|it| it == EntryFault::NoteTooLong)/>
        <TextField id="entry-tags" label=Msg::Tags hint=Msg::TagsHint value=tags
            fault=fault_if(|it| it == EntryFault::TagsTooLong)/>
    }
}

fn fault_text(fault: EntryFault) -> String {
    match fault {
        EntryFault::Name(NameFault::Empty) => text::get(Msg::EntryNameEmpty),
        EntryFault::Name(fault @ NameFault::TooLong { .. }) => text::name_fault(fault),
        EntryFault::NoteTooLong => text::with(Msg::FieldTooLong, &[("max", &NOTE_MAX)]),
        EntryFault::UsernameTooLong
        | EntryFault::WebsiteTooLong
        | EntryFault::PasswordTooLong
        | EntryFault::TagsTooLong => text::with(Msg::FieldTooLong, &[("max", &FIELD_MAX)]),
    }
}

/// The id of the field that a fault stands beside.
pub(super) fn field_id(fault: EntryFault) -> &'static str {
    match fault {
        EntryFault::Name(_) => "entry-name",
        EntryFault::UsernameTooLong => "entry-login",
        EntryFault::WebsiteTooLong => "entry-website",
        EntryFault::PasswordTooLong => "entry-password",
        EntryFault::NoteTooLong => "entry-note",
        EntryFault::TagsTooLong => "entry-tags",
    }
}

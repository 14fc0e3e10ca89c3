//! The form for an entry. What is typed is kept as a sealed draft as it is typed: it survives a lock, a reload, and the
//! end of the browser.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use generator::kind::Rules;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::ids::EntryId;
use shared::limits::NAME_MAX;

use super::{Frame, Pending};
use crate::keyring::protocol::entry::{Content, Draft};
use crate::model::entry::{EntryFault, EntryForm, FIELD_MAX, NOTE_MAX};
use crate::model::name::NameFault;
use crate::platform::browser;
use crate::session::{Fault, Session, use_session};
use crate::text::{self, Msg};
use crate::ui::dialog::{EntryTool, use_dialog};
use crate::ui::fields::{Button, Checkbox, FaultText, TextArea, TextField, bool_signal, text_signal, tr};
use crate::ui::mint::use_mint;
use crate::ui::notice::use_notices;
use crate::ui::sentence::SentenceSignal;
use crate::ui::words as say;

/// How long after the last key what is typed is kept as a draft.
const STILL: Duration = Duration::from_millis(300);

/// What the form begins with.
struct FormStart {
    /// The entry that is changed; nothing for a new one.
    of: Option<EntryId>,
    /// The draft that it comes from, if it comes from one.
    draft: Option<u32>,
    content: Content,
}

async fn start(session: Session, tool: EntryTool) -> Result<FormStart, Fault> {
    let from_draft = async |key| {
        let Draft { content, of, .. } = session.draft(key).await?;
        Ok(FormStart { of, draft: Some(key), content })
    };
    match tool {
        // What was typed before and not saved comes back.
        EntryTool::Edit(id) => match session.draft_of(id) {
            Some(key) => from_draft(key).await,
            None => Ok(FormStart { of: Some(id), draft: None, content: session.whole(id).await?.content }),
        },
        EntryTool::Draft(key) => from_draft(key).await,
        EntryTool::Duplicate(id) => {
            let content = session.whole(id).await?.content;
            let name = say::named(Msg::CopyOf, &content.name).chars().take(NAME_MAX).collect();
            Ok(FormStart { of: None, draft: None, content: Content { name, ..content } })
        }
        EntryTool::New | EntryTool::Show(_) | EntryTool::Compare(_) => {
            Ok(FormStart { of: None, draft: None, content: Content::default() })
        }
    }
}

#[component]
pub(super) fn Edit(tool: EntryTool) -> impl IntoView {
    let session = use_session();
    let begun = RwSignal::new_local(None::<FormStart>);
    let fault = SentenceSignal::new();
    spawn_local(async move {
        match start(session, tool).await {
            Ok(start) => drop(begun.try_set(Some(start))),
            Err(wrong) => fault.set(move || say::fault(&wrong)),
        }
    });
    let changes = matches!(tool, EntryTool::Edit(_));
    view! {
        <Frame title=tr(if changes { Msg::EditTitle } else { Msg::AddTitle })>
            {move || match begun.try_update(Option::take).flatten() {
                Some(start) => view! { <Form start/> }.into_any(),
                None => {
                    begun.track();
                    view! { <Pending fault/> }.into_any()
                }
            }}
        </Frame>
    }
}

/// What is typed: a handle that can be copied.
#[derive(Clone, Copy)]
struct EntryFields {
    name: RwSignal<String>,
    username: RwSignal<String>,
    website: RwSignal<String>,
    password: RwSignal<String>,
    note: RwSignal<String>,
    tags: RwSignal<String>,
}

impl EntryFields {
    fn new(form: EntryForm) -> Self {
        let EntryForm { name, username, website, password, note, tags } = form;
        Self {
            name: RwSignal::new(name),
            username: RwSignal::new(username),
            website: RwSignal::new(website),
            password: RwSignal::new(password),
            note: RwSignal::new(note),
            tags: RwSignal::new(tags),
        }
    }

    fn form(self) -> EntryForm {
        EntryForm {
            name: self.name.get(),
            username: self.username.get(),
            website: self.website.get(),
            password: self.password.get(),
            note: self.note.get(),
            tags: self.tags.get(),
        }
    }
}

#[component]
fn Form(start: FormStart) -> impl IntoView {
    let session = use_session();
    let dialog = use_dialog();
    let notices = use_notices();
    let mint = use_mint();
    let FormStart { of, draft, content } = start;
    let first = EntryForm::of(&content);
    // A password keeps the rules it was minted by as long as it is the same.
    let minted = StoredValue::new((first.password.clone(), content.rules));
    let fields = EntryFields::new(first.clone());
    let rules = move |password: &str| -> Option<Rules> {
        minted.try_with_value(|(minted, rules)| rules.clone().filter(|_| minted == password)).flatten()
    };
    let draft = RwSignal::new(draft);
    let fault = RwSignal::new(None::<EntryFault>);
    let failed = SentenceSignal::new();
    let shown = RwSignal::new(of.is_none());
    let of_field = move |mine: fn(EntryFault) -> bool| {
        text_signal(move || fault.get().filter(|it| mine(*it)).map_or_else(String::new, entry_fault))
    };

    // Keeps what is typed. One at a time, the newest last.
    let (typed, keeping) = (StoredValue::new(first), StoredValue::new(false));
    // Whether it has become an entry, or was thrown away: a draft that is still being kept then is not wanted any more.
    let done = StoredValue::new(Arc::new(AtomicBool::new(false)));
    let keep = move || {
        let done = done.get_value();
        let mut form = typed.get_value();
        let mut content = form.clone().content(rules(&form.password));
        // The form may be gone before what was typed last is kept.
        let mut replaced = draft.get_untracked();
        keeping.set_value(true);
        spawn_local(async move {
            loop {
                let kept = session.keep_draft(content, of, replaced).await;
                if let Ok(key) = kept {
                    if done.load(Ordering::Relaxed) {
                        return session.drop_draft(key).await;
                    }
                    replaced = Some(key);
                    let _ = draft.try_set(replaced);
                }
                match typed.try_get_value() {
                    Some(newer) if newer != form && kept.is_ok() => {
                        content = newer.clone().content(rules(&newer.password));
                        form = newer;
                    }
                    _ => break,
                }
            }
            let _ = keeping.try_set_value(false);
        });
    };
    // Set while something was typed that is not being kept yet.
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    let keep_soon = move || {
        if !keeping.get_value() {
            waiting.set_value(None);
            keep();
        }
    };
    let saved = StoredValue::new(false);
    Effect::new(move |_| {
        let form = fields.form();
        if typed.with_value(|typed| *typed == form) || saved.get_value() {
            return;
        }
        typed.set_value(form);
        fault.set(None);
        if let Some(waiting) = waiting.get_value() {
            waiting.clear();
        }
        waiting.set_value(set_timeout_with_handle(keep_soon, STILL).ok());
    });

    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let form = fields.form();
        if let Err(wrong) = form.check() {
            fault.set(Some(wrong));
            return browser::focus_soon(field_of(wrong));
        }
        if saved.get_value() {
            return;
        }
        saved.set_value(true);
        if let Some(waiting) = waiting.get_value() {
            waiting.clear();
        }
        let name = form.name.trim().to_owned();
        let content = form.clone().content(rules(&form.password));
        let done = done.get_value();
        spawn_local(async move {
            let drafts = draft.get_untracked();
            let sealed = match of {
                Some(id) => session.change(id, content, drafts.as_slice()).await.map(|()| id),
                None => session.create(content, drafts.as_slice()).await,
            };
            match sealed {
                Ok(id) => {
                    done.store(true, Ordering::Relaxed);
                    // One that was kept while this was being sealed.
                    if let Some(newer) = draft.get_untracked().filter(|newer| Some(*newer) != drafts) {
                        session.drop_draft(newer).await;
                    }
                    if drafts.is_some() && mint.draft_key() == drafts {
                        // It was what the generator shows: the next name gets another one.
                        mint.regenerate();
                    }
                    dialog.close();
                    match session.send_waiting(Some(id)).await {
                        Ok(true) => notices.result(move || say::named(Msg::Saved, &name)),
                        Ok(false) => {}
                        Err(fault) => notices.problem(move || say::not_saved(&name, &fault)),
                    }
                }
                Err(wrong) => {
                    saved.set_value(false);
                    failed.set(move || say::fault(&wrong));
                }
            }
        });
    };
    let throw_away = move |()| {
        saved.set_value(true);
        if let Some(waiting) = waiting.get_value() {
            waiting.clear();
        }
        done.get_value().store(true, Ordering::Relaxed);
        spawn_local(async move {
            if let Some(key) = draft.get_untracked() {
                session.drop_draft(key).await;
            }
            dialog.close();
        });
    };
    // Closed by Esc, or by a lock: the last keys are kept too.
    on_cleanup(move || {
        let is_kept = waiting.get_value().is_none_or(|waiting| {
            waiting.clear();
            saved.get_value()
        });
        if !is_kept {
            keep();
        }
    });
    let generate = move |()| {
        // What the generator shows may be in another entry.
        mint.regenerate_if_used();
        if let (Some(password), Ok(plan)) = (mint.password(), mint.plan.get_untracked()) {
            minted.set_value((password.expose().to_owned(), Some(plan.0.rules())));
            fields.password.set(password.expose().to_owned());
            shown.set(true);
            // One password is for one entry.
            mint.regenerate();
        }
    };
    let is_draft = bool_signal(move || draft.get().is_some());
    view! {
        <form novalidate on:submit=submit>
            <TextField id="entry-name" label=Msg::Name value=fields.name fault=of_field(|it| matches!(it, EntryFault::Name(_)))/>
            <TextField id="entry-login" label=Msg::EntryUsername value=fields.username
                fault=of_field(|it| it == EntryFault::UsernameTooLong)/>
            <TextField id="entry-website" label=Msg::Website value=fields.website inputmode="url"
                fault=of_field(|it| it == EntryFault::WebsiteTooLong)/>
            <TextField id="entry-password" label=Msg::Password value=fields.password class="input--secret"
                secret=bool_signal(move || !shown.get()) autocomplete="new-password"
                fault=of_field(|it| it == EntryFault::PasswordTooLong)/>
            <div class="buttons">
                <Button label=Msg::Generate name=Msg::GenerateHere press=generate/>
                <Checkbox label=Msg::ShowPassword value=shown/>
            </div>
            <TextArea id="entry-note" label=Msg::Note hint=tr(Msg::NoteHint) value=fields.note
                fault=of_field(|it| it == EntryFault::NoteTooLong)/>
            <TextField id="entry-tags" label=Msg::Tags hint=Msg::TagsHint value=fields.tags
                fault=of_field(|it| it == EntryFault::TagsTooLong)/>
            <FaultText id="entry" text=failed/>
            <p class="hint entry-kept" role="status">
                {text_signal(move || if is_draft.get() { text::get(Msg::DraftKept) } else { String::new() })}
            </p>
            <div class="buttons">
                <Button class="button--main" label=Msg::SaveEntry/>
                <Button class="button--quiet" label=Msg::DraftDiscard press=throw_away/>
            </div>
        </form>
    }
}

/// What is wrong, in words.
fn entry_fault(fault: EntryFault) -> String {
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

/// The field in which something is wrong.
fn field_of(fault: EntryFault) -> &'static str {
    match fault {
        EntryFault::Name(_) => "entry-name",
        EntryFault::UsernameTooLong => "entry-login",
        EntryFault::WebsiteTooLong => "entry-website",
        EntryFault::PasswordTooLong => "entry-password",
        EntryFault::NoteTooLong => "entry-note",
        EntryFault::TagsTooLong => "entry-tags",
    }
}

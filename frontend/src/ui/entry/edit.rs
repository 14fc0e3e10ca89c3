//! The dialog in which an entry is made or changed. Its text is saved as a sealed draft while it is typed, so that it
//! survives a lock, a reload, and the end of the browser.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::ids::EntryId;
use shared::limits::NAME_MAX;

use super::draft_saver::DraftSaver;
use super::inputs::{EntryFields, EntryInputs, field_id};
use super::{Frame, Pending};
use crate::keyring::protocol::entry::{Content, Draft};
use crate::model::entry::{EntryFault, EntryForm};
use crate::platform::browser;
use crate::session::{Fault, Session, use_session};
use crate::text::{self, Msg};
use crate::ui::dialog::{Dialog, EntryTool, use_dialog};
use crate::ui::fields::{Button, FaultText, bool_signal, text_signal, tr};
use crate::ui::mint::{Mint, use_mint};
use crate::ui::notice::{Notices, use_notices};
use crate::ui::sentence::SentenceSignal;
use crate::ui::words as say;

/// The first state of the form.
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
        // Text that was typed before and not saved comes back.
        EntryTool::Edit(id) => match session.draft_of(id) {
            Some(key) => from_draft(key).await,
            None => Ok(FormStart { of: Some(id), draft: None, content: session.entry(id).await?.content }),
        },
        EntryTool::Draft(key) => from_draft(key).await,
        EntryTool::Duplicate(id) => {
            let content = session.entry(id).await?.content;
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

/// The form's state: a handle that can be copied.
#[derive(Clone, Copy)]
struct FormState {
    session: Session,
    dialog: Dialog,
    notices: Notices,
    mint: Mint,
    /// The entry that is changed; nothing for a new one.
    of: Option<EntryId>,
    fields: EntryFields,
    saver: DraftSaver,
    /// The field that cannot be saved as it is.
    fault: RwSignal<Option<EntryFault>>,
    /// Why sealing failed.
    failed: SentenceSignal,
}

impl FormState {
    fn new(start: FormStart) -> Self {
        let FormStart { of, draft, content } = start;
        let session = use_session();
        let first = EntryForm::of(&content);
        let fields = EntryFields::new(first.clone(), content.rules, of.is_none());
        Self {
            session,
            dialog: use_dialog(),
            notices: use_notices(),
            mint: use_mint(),
            of,
            fields,
            saver: DraftSaver::new(session, of, fields, draft, first),
            fault: RwSignal::new(None),
            failed: SentenceSignal::new(),
        }
    }

    /// Seals the entry and closes the dialog; or says what is wrong, and goes on saving drafts.
    fn submit(self) {
        let Self { session, dialog, mint, of, fields, saver, fault, failed, .. } = self;
        let form = fields.form();
        if let Err(wrong) = form.check() {
            fault.set(Some(wrong));
            return browser::focus_soon(field_id(wrong));
        }
        if !saver.pause() {
            return;
        }
        let name = form.name.trim().to_owned();
        let content = fields.content(form);
        let unwanted = saver.unwanted();
        spawn_local(async move {
            let draft = saver.stored().get_untracked();
            let sealed = match of {
                Some(id) => session.change(id, content, draft.as_slice()).await.map(|()| id),
                None => session.create(content, draft.as_slice()).await,
            };
            match sealed {
                Ok(id) => {
                    unwanted.set();
                    // A newer draft may have been stored while the entry was sealed.
                    if let Some(newer) = saver.stored().get_untracked().filter(|newer| Some(*newer) != draft) {
                        session.drop_draft(newer).await;
                    }
                    // The generator may show the password of this draft: the next name gets another one.
                    if draft.is_some() && mint.draft_key() == draft {
                        mint.regenerate();
                    }
                    dialog.close();
                    self.send(id, name).await;
                }
                Err(wrong) => {
                    saver.resume();
                    failed.set(move || say::fault(&wrong));
                }
            }
        });
    }

    /// Sends the sealed entry to the server, and says what came of it.
    async fn send(self, id: EntryId, name: String) {
        match self.session.send_waiting(Some(id)).await {
            Ok(true) => self.notices.result(move || say::named(Msg::Saved, &name)),
            // A send that was running takes this entry along, and says so.
            Ok(false) => {}
            Err(fault) => self.notices.problem(move || say::not_saved(&name, &fault)),
        }
    }

    /// Deletes the draft, and closes the dialog.
    fn discard(self) {
        let Self { session, dialog, saver, .. } = self;
        saver.pause();
        saver.unwanted().set();
        spawn_local(async move {
            if let Some(key) = saver.stored().get_untracked() {
                session.drop_draft(key).await;
            }
            dialog.close();
        });
    }

    /// Mints a password by the generator's rules into the form.
    fn generate(self) {
        let Self { mint, fields, .. } = self;
        // The password that the generator shows may be in another entry.
        mint.regenerate_if_used();
        if let (Some(password), Ok(plan)) = (mint.password(), mint.plan.get_untracked()) {
            fields.set_password(password.expose(), plan.rules);
            // One password is for one entry.
            mint.regenerate();
        }
    }
}

#[component]
fn Form(start: FormStart) -> impl IntoView {
    let form = FormState::new(start);
    let FormState { fields, saver, fault, failed, .. } = form;
    Effect::new(move |_| {
        if saver.save_soon(fields.form()) {
            fault.set(None);
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        form.submit();
    };
    let is_draft = bool_signal(move || saver.stored().get().is_some());
    view! {
        <form novalidate on:submit=submit>
            <EntryInputs fields fault generate=move |()| form.generate()/>
            <FaultText id="entry" text=failed/>
            <p class="hint entry-kept" role="status">
                {text_signal(move || if is_draft.get() { text::get(Msg::DraftKept) } else { String::new() })}
            </p>
            <div class="buttons">
                <Button class="button--main" label=Msg::SaveEntry/>
                <Button class="button--quiet" label=Msg::DraftDiscard press=move |()| form.discard()/>
            </div>
        </form>
    }
}

//! Both versions of an entry that was changed here and elsewhere; the person picks one, or both.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::ids::EntryId;

use super::{Clipboard, Frame, Hidden, Pending, when};
use crate::keyring::protocol::Resolution;
use crate::keyring::protocol::entry::{Content, Entry};
use crate::session::use_session;
use crate::text::{self, Msg};
use crate::ui::dialog::use_dialog;
use crate::ui::fields::{Button, text_signal, tr};
use crate::ui::notice::use_notices;
use crate::ui::sentence::SentenceSignal;
use crate::ui::words as say;

#[component]
pub(super) fn Compare(id: EntryId) -> impl IntoView {
    let session = use_session();
    let dialog = use_dialog();
    let notices = use_notices();
    let clipboard = Clipboard::new(notices, false);
    let sides = RwSignal::new_local(None::<(Entry, Option<Entry>)>);
    let fault = SentenceSignal::new();
    let version = Memo::new(move |_| session.entries.with(|entries| entries.get(id).map(|entry| entry.version)));
    // The entry may change elsewhere once more while the dialog is open.
    Effect::new(move |_| {
        // `track` alone would not do: a memo that nobody reads is never computed.
        let _ = version.get();
        spawn_local(async move {
            match session.compare(id).await {
                Ok(both) => drop(sides.try_set(Some(both))),
                Err(wrong) => fault.set(move || say::fault(&wrong)),
            }
        });
    });
    let resolve = move |resolution: Resolution| {
        spawn_local(async move {
            let name = session.name_of(id).unwrap_or_default();
            match session.resolve(id, resolution).await {
                Ok(()) => {
                    dialog.close();
                    notices.result(move || say::named(Msg::ConflictEnded, &name));
                }
                Err(wrong) => fault.set(move || say::fault(&wrong)),
            }
        });
    };
    // The server's side may be an old version that was put back, and no change by anybody.
    let intro =
        text_signal(move || text::get(if session.is_doubted(id) { Msg::CompareOlder } else { Msg::CompareIntro }));
    view! {
        <Frame title=Msg::CompareTitle>
            <p class="lead">{intro}</p>
            {move || sides.with(|sides| match sides {
                None => view! { <Pending fault/> }.into_any(),
                Some((mine, theirs)) => view! {
                    <div class="sides">
                        {side(Msg::SideMine, Some(mine), theirs.as_ref(), clipboard)}
                        {side(Msg::SideTheirs, theirs.as_ref(), Some(mine), clipboard)}
                    </div>
                }
                .into_any(),
            })}
            <div class="buttons">
                <Button label=Msg::KeepMine press=move |()| resolve(Resolution::Mine)/>
                <Button label=Msg::KeepTheirs press=move |()| resolve(Resolution::Theirs)/>
                <Button label=Msg::KeepBoth press=move |()| resolve(Resolution::Both)/>
            </div>
            <p class="hint">{tr(Msg::KeepHint)}</p>
        </Frame>
    }
}

/// One version. Fields that differ from the other are marked by colour and in words.
fn side(title: Msg, entry: Option<&Entry>, other: Option<&Entry>, clipboard: Clipboard) -> AnyView {
    let Some(Entry { content, changed_at, .. }) = entry else {
        return view! {
            <section class="side"><h3 class="dialog-part">{tr(title)}</h3><p class="hint">{tr(Msg::SideDeleted)}</p></section>
        }
        .into_any();
    };
    let line = |label: Msg, mine: &str, theirs: Option<&str>| {
        if mine.is_empty() && theirs.is_none_or(str::is_empty) {
            return None;
        }
        let differs = theirs.is_some_and(|theirs| theirs != mine);
        let term = text_signal(move || {
            let label = text::get(label);
            if differs { text::with(Msg::SideDiffers, &[("field", &label)]) } else { label }
        });
        Some(
            view! { <div class="detail" class:detail--differs=differs><dt>{term}</dt><dd dir="auto">{mine.to_owned()}</dd></div> },
        )
    };
    // Every field by name: a new one does not compile until it is compared or left out.
    let Content { name, username, website, password, note, tags, rules: _ } = content;
    let of_other = |of: fn(&Entry) -> &str| other.map(of);
    let differs = other.is_some_and(|other| other.content.password.expose() != password.expose());
    let password_label = text_signal(move || {
        let label = text::get(Msg::Password);
        if differs { text::with(Msg::SideDiffers, &[("field", &label)]) } else { label }
    });
    let changed = when(*changed_at);
    let tags = tags.join(", ");
    let other_tags = other.map(|other| other.content.tags.join(", "));
    view! {
        <section class="side">
            <h3 class="dialog-part">{tr(title)}</h3>
            <p class="hint">{changed}</p>
            <dl class="details">
                {line(Msg::Name, name, of_other(|it| &it.content.name))}
                {line(Msg::EntryUsername, username, of_other(|it| &it.content.username))}
                {line(Msg::Website, website, of_other(|it| &it.content.website))}
                <div class="detail" class:detail--differs=differs>
                    <dt>{password_label}</dt>
                    <dd>
                        <Hidden label=tr(Msg::Password) secret=password.expose().to_owned()
                            name=name.clone() clipboard/>
                    </dd>
                </div>
                {line(Msg::Note, note.expose(), of_other(|it| it.content.note.expose()))}
                {line(Msg::Tags, &tags, other_tags.as_deref())}
            </dl>
        </section>
    }
    .into_any()
}

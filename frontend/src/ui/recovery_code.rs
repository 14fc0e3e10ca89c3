//! A new recovery code. It is shown only once, and counts only after the person has confirmed three of its words.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::fields::{Button, FaultText, TextField, text_signal, tr};
use super::notice::use_notices;
use super::sentence::SentenceSignal;
use crate::platform::{browser, random};
use crate::secret::Secret;
use crate::text::{self, Msg};

/// The ids of the fields for the three words.
const ASKED: [&str; 3] = ["word-a", "word-b", "word-c"];

#[component]
pub(super) fn RecoveryCodeForm(
    /// Words with spaces between them.
    code: Secret,
    fault: SentenceSignal,
    /// True if the code is being put in force.
    busy: Signal<bool>,
    /// The label of the button that confirms.
    done: Msg,
    #[prop(into)] confirmed: Callback<()>,
    #[prop(into)] abandon: Callback<()>,
    /// Stands below the buttons.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let notices = use_notices();
    let shown: Vec<String> = code.expose().split(' ').map(str::to_owned).collect();
    // This is no secret choice: without randomness, the first words serve as well.
    let asked = random::pick(ASKED.len(), shown.len()).unwrap_or_else(|_| (0..ASKED.len()).collect());
    let typed: Vec<_> = asked.into_iter().map(|place| (place, RwSignal::new(String::new()))).collect();
    let code = StoredValue::new(code);
    browser::focus_soon("code-title");

    let copy = move |()| {
        spawn_local(async move {
            let text = code.with_value(|code| code.expose().to_owned());
            match browser::copy(&text).await {
                Ok(()) => notices.result(Msg::CodeCopied),
                Err(_) => notices.problem(Msg::CopyFailed),
            }
        });
    };
    let submit = {
        let (shown, typed) = (shown.clone(), typed.clone());
        move |event: SubmitEvent| {
            event.prevent_default();
            if busy.get_untracked() {
                return;
            }
            // Each word of the code ends with a check digit, which need not be typed.
            let letters = |text: &str| text.trim().trim_end_matches(|c: char| c.is_ascii_digit()).to_lowercase();
            let is_wrong =
                |(place, word): &&(usize, RwSignal<String>)| letters(&word.get_untracked()) != letters(&shown[*place]);
            if let Some((wrong, _)) = typed.iter().find(is_wrong) {
                let place = wrong + 1;
                fault.set(move || text::with(Msg::CodeWordWrong, &[("place", &place)]));
                return;
            }
            fault.clear();
            confirmed.run(());
        }
    };

    view! {
        <form class="narrow" novalidate on:submit=submit>
            <h3 id="code-title" class="card-title" tabindex="-1">{tr(Msg::CodeTitle)}</h3>
            <p class="lead">{tr(Msg::CodeIntro)}</p>
            <p class="print-only">{tr(Msg::CodeOf)}</p>
            <ol class="code-words">{shown.into_iter().map(|word| view! { <li>{word}</li> }).collect_view()}</ol>
            <div class="buttons">
                <Button label=Msg::CodePrint press=move |()| browser::print()/>
                <Button label=Msg::CodeCopy press=copy/>
            </div>
            <fieldset class="code-confirm">
                <legend>{tr(Msg::CodeConfirm)}</legend>
                {typed.into_iter().zip(ASKED).map(|((place, word), id)| view! {
                    <TextField id label=text_signal(move || text::with(Msg::CodeWord, &[("place", &(place + 1))])) value=word fault="" busy/>
                }).collect_view()}
            </fieldset>
            <FaultText id="code" text=fault/>
            <div class="buttons">
                <Button class="button--main" label=done disabled=busy/>
                <Button class="button--quiet" label=Msg::CodeAbandon press=abandon disabled=busy/>
            </div>
            {children.map(|children| children())}
        </form>
    }
}

//! A secret in large type and groups, with the name of every character, to read it aloud or type it elsewhere; and a
//! field that compares what is typed back.

use std::sync::Arc;

use leptos::prelude::*;

use super::Frame;
use crate::model::reading::{CharacterName, TypedBack, groups, typed_back};
use crate::secret::Secret;
use crate::text::{self, Msg};
use crate::ui::fields::{TextField, text_signal, tr};

#[component]
pub(super) fn Reading(secret: Arc<Secret>) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let all = secret.expose().chars().count();
    let read = groups(secret.expose()).into_iter().map(|group| {
        let characters = group.iter().map(|character| {
            view! {
                <span class=look(*character)>{character.to_string()}</span>
            }
        });
        let characters = characters.collect_view();
        let names = text_signal(move || group.iter().map(|character| name(*character)).collect::<Vec<_>>().join(" · "));
        view! {
            <li class="reading-group">
                <span class="reading-characters" aria-hidden="true">{characters}</span>
                <span class="reading-names">{names}</span>
            </li>
        }
    });
    let read = read.collect_view();
    let compared = Memo::new(move |_| typed.with(|typed| typed_back(secret.expose(), typed)));
    let wrong = text_signal(move || match compared.get() {
        TypedBack::Wrong(place) => text::with(Msg::ReadBackWrong, &[("place", &place)]),
        TypedBack::TooLong => text::get(Msg::ReadBackLong),
        TypedBack::Nothing | TypedBack::SoFar(_) | TypedBack::Right => String::new(),
    });
    let right = text_signal(move || match compared.get() {
        TypedBack::SoFar(n) => text::with(Msg::ReadBackSoFar, &[("n", &n), ("all", &all)]),
        TypedBack::Right => text::get(Msg::ReadBackRight),
        TypedBack::Nothing | TypedBack::Wrong(_) | TypedBack::TooLong => String::new(),
    });
    view! {
        <Frame title=Msg::ReadTitle>
            <p class="hint">{tr(Msg::ReadHint)}</p>
            <ol class="reading">{read}</ol>
            <TextField id="read-back" label=Msg::ReadBack value=typed fault=wrong class="input--secret"/>
            <p class="hint reading-right" role="status">{right}</p>
        </Frame>
    }
}

/// The CSS class of a character. It differs in more than colour.
fn look(character: char) -> &'static str {
    match CharacterName::of(character) {
        CharacterName::Small(_) => "reading-small",
        CharacterName::Capital(_) => "reading-capital",
        CharacterName::Digit(_) => "reading-digit",
        CharacterName::Symbol(_) | CharacterName::Other => "reading-symbol",
    }
}

fn name(character: char) -> String {
    let part =
        |list: &str, parted_by: char, place: usize| list.split(parted_by).nth(place).unwrap_or_default().to_owned();
    let letter = |text, place| {
        let word = part(&text::get(Msg::SpellWords), ' ', place);
        text::with(text, &[("word", &word)])
    };
    match CharacterName::of(character) {
        CharacterName::Small(place) => letter(Msg::SpellSmall, place),
        CharacterName::Capital(place) => letter(Msg::SpellCapital, place),
        CharacterName::Digit(value) => part(&text::get(Msg::SpellDigits), ' ', value),
        CharacterName::Symbol(place) => part(&text::get(Msg::SpellSymbols), '|', place),
        CharacterName::Other => text::with(Msg::SpellOther, &[("character", &character)]),
    }
}

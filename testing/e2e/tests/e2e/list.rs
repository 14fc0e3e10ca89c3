//! A long list, of which only the rows in view are drawn: scrolling, searching, keyboard.

use fantoccini::key::Key;
use serde_json::{Value, json};

use e2e::browser::{BrowserOptions, in_browser};
use e2e::page::{PASSPHRASE, Page};
use e2e::server::Server;
use e2e::vault_client::{VaultClient, content};

const ENTRIES: usize = 300;
/// An upper bound for the rows drawn at any time.
const DRAWN_MAX: usize = 60;

/// Opens a vault with [`ENTRIES`] entries. The first row is the entry saved last.
async fn open(page: &Page, server: &Server) {
    VaultClient::create_first_vault(server, "ada").await.save((0..ENTRIES).map(content).collect()).await;
    page.open(&server.url()).await;
    page.unlock("ada", PASSPHRASE).await;
    page.see(&format!("{ENTRIES} passwords")).await;
    page.wait_for("rows", "return !!document.querySelector('.row')", vec![]).await;
}

/// Waits until the list has not changed for some frames.
async fn settled(page: &Page) {
    let script = "const done = arguments[0]; let frames = 5; const watch = new MutationObserver(() => { frames = 5 }); \
                  watch.observe(document.querySelector('#vault'), { childList: true, subtree: true, attributes: true }); \
                  const step = () => { if (--frames) requestAnimationFrame(step); else { watch.disconnect(); done() } }; \
                  step()";
    page.driver.execute_async(script, vec![]).await.unwrap();
}

/// The positions of the drawn rows, from `aria-posinset`, in document order. Checks that each row has the right name.
async fn places(page: &Page) -> Vec<usize> {
    settled(page).await;
    let script = "return [...document.querySelectorAll('#vault > .list > .row')].map(row => \
                  [row.getAttribute('aria-posinset'), row.getAttribute('aria-setsize'), row.querySelector('.row-name').textContent])";
    let rows: Vec<[String; 3]> = serde_json::from_value(page.js(script, vec![]).await).unwrap();
    let places: Vec<usize> = rows
        .iter()
        .map(|[place, count, name]| {
            let place: usize = place.parse().unwrap();
            assert_eq!(*count, ENTRIES.to_string());
            assert_eq!(*name, content(ENTRIES - place).name);
            place
        })
        .collect();
    assert!(places.is_sorted() && places.len() < DRAWN_MAX, "{places:?}");
    places
}

/// The position of the row with the focus, from `aria-posinset`.
async fn focused(page: &Page) -> usize {
    let script = "const e = document.activeElement; const r = e.getBoundingClientRect(); \
                  return r.top >= 0 && r.bottom <= innerHeight ? e.closest('.row')?.getAttribute('aria-posinset') : 'unseen'";
    let place = page.js(script, vec![]).await;
    place.as_str().and_then(|place| place.parse().ok()).unwrap_or_else(|| panic!("no row has the focus, but {place}"))
}

/// Scrolls to a share of the height, between 0 and 1.
async fn scroll(page: &Page, share: f64) {
    let script = "const e = document.scrollingElement; e.scrollTop = (e.scrollHeight - e.clientHeight) * arguments[0]";
    page.js(script, vec![json!(share)]).await;
    settled(page).await;
}

/// The height of the whole list.
async fn height(page: &Page) -> f64 {
    let script = "const e = document.querySelector('#vault > .list'); const height = e => e.getBoundingClientRect().height; \
                  return height(e) + height(e.nextElementSibling)";
    page.js(script, vec![]).await.as_f64().unwrap()
}

/// Returns true if a row is in the middle of the window.
const IN_VIEW: &str = "const r = document.querySelector('#vault').getBoundingClientRect(); \
                       return !!document.elementFromPoint(r.left + r.width / 2, innerHeight / 2)?.closest('.row')";

#[test]
fn long_list_draws_only_the_rows_in_view_at_any_position() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        open(&page, &server).await;
        assert_eq!(places(&page).await[..3], [1, 2, 3]);
        page.assert_accessible("a long list").await;
        for (width, size) in [(1280, "100%"), (320, "100%"), (1280, "200%")] {
            page.set_width(width).await;
            page.js("document.documentElement.style.fontSize = arguments[0]", vec![json!(size)]).await;
            let at = format!("{width} px, {size}");
            scroll(&page, 1.0).await;
            assert_eq!(places(&page).await.last(), Some(&ENTRIES), "{at}");
            for share in [0.5, 0.9, 0.45, 0.4] {
                scroll(&page, share).await;
                places(&page).await;
                assert_eq!(page.js(IN_VIEW, vec![]).await, json!(true), "{at}: nothing at {share}");
            }
            assert_eq!(page.overflows().await, [json!(null); 0], "{at}");
        }
        page.set_width(1280).await;
        page.js("document.documentElement.style.fontSize = ''", vec![]).await;

        // Once all rows were measured, the list's height is the same from every position: rows that are not drawn count
        // with their last height.
        scroll(&page, 0.0).await;
        let before = height(&page).await;
        let name = content(ENTRIES - 2).name;
        page.show(&name).await;
        settled(&page).await;
        let grown = height(&page).await;
        assert!(grown > before + 20.0, "a password is shown: {before} {grown}");
        for step in 0..=40 {
            scroll(&page, f64::from(step) / 40.0).await;
        }
        let mut heights = Vec::new();
        for share in [1.0, 0.5, 0.2] {
            scroll(&page, share).await;
            heights.push(height(&page).await);
        }
        assert!(heights.iter().all(|height| (height - heights[0]).abs() < 3.0), "{heights:?}");
        page.assert_no_errors().await;
    });
}

#[test]
fn long_list_works_by_keyboard() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        open(&page, &server).await;
        // A row far down is found by search, and opened.
        page.field("Search").await.click().await.unwrap();
        page.type_text("00017").await;
        page.see_rows(&[&content(17).name]).await;
        let tab = char::from(Key::Tab);
        for _ in 0..10 {
            page.press_keys(&[tab]).await;
            if page.js("return document.activeElement.textContent", vec![]).await == content(17).name {
                break;
            }
        }
        page.press_keys(&[Key::Enter.into()]).await;
        page.see(&content(17).username).await;
        page.press_keys(&[Key::Escape.into()]).await;
        page.wait_for("the dialog is closed", "return !document.querySelector('dialog')", vec![]).await;
        page.fill("Search", "").await;
        page.see(&format!("{ENTRIES} passwords")).await;
        settled(&page).await;

        // Each row has four buttons, and the next row is drawn before Tab reaches it.
        page.js("document.querySelector('button.row-name').focus()", vec![]).await;
        for row in 1..=DRAWN_MAX {
            assert_eq!(focused(&page).await, row);
            page.press_keys(&[tab; 4]).await;
        }
        for row in (DRAWN_MAX - 20..=DRAWN_MAX).rev() {
            assert_eq!(focused(&page).await, row + 1);
            for _ in 0..4 {
                page.chord(&[Key::Shift, Key::Tab]).await;
            }
        }
        // The focused row stays drawn while the list is scrolled elsewhere.
        let place = focused(&page).await;
        let active = "return document.activeElement.closest('.row')?.getAttribute('aria-posinset')";
        for share in [1.0, 0.0, 0.6, 0.3, 0.0, 1.0, 0.1] {
            scroll(&page, share).await;
            assert!(places(&page).await.contains(&place), "{share}");
            assert_eq!(page.js(active, vec![]).await, Value::from(place.to_string()), "{share}");
        }
        // The vault is locked in the same moment, so that rows asked for by scrolling arrive too late.
        let lock =
            "scrollTo(0, 0); [...document.querySelectorAll('button')].find(e => e.textContent === 'Lock').click()";
        page.js(lock, vec![]).await;
        page.see("Open your vault").await;
        page.assert_no_errors().await;
    });
}

#[test]
fn change_made_elsewhere_moves_one_row_only() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        let mut client = VaultClient::create_first_vault(&server, "ada").await;
        let ids = client.save((0..ENTRIES).map(content).collect()).await;
        page.open(&server.url()).await;
        page.unlock("ada", PASSPHRASE).await;
        page.see(&format!("{ENTRIES} passwords")).await;
        scroll(&page, 0.5).await;
        let middle = "const r = document.querySelector('#vault').getBoundingClientRect(); \
                      window.row = document.elementFromPoint(r.left + r.width / 2, innerHeight / 2).closest('.row') \
                      .querySelector('.row-name'); row.focus(); window.top0 = row.getBoundingClientRect().top";
        page.js(middle, vec![]).await;
        let latest = client.latest().await;
        client.change(ids[3], content(ENTRIES)).await;
        assert_eq!(client.latest().await, latest + 1);
        page.js("dispatchEvent(new Event('focus'))", vec![]).await;
        let first = "const row = document.querySelector('.row'); scrollTo(0, 0); \
                     return row?.getAttribute('aria-posinset') === '1' && row.querySelector('.row-name').textContent === arguments[0]";
        // The changed entry is now the first, far above; the row in view has kept its place and the focus.
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        settled(&page).await;
        let stayed = "return [document.activeElement === row, Math.abs(row.getBoundingClientRect().top - top0) < 2]";
        assert_eq!(page.js(stayed, vec![]).await, json!([true, true]));
        page.wait_for("the change", first, vec![json!(content(ENTRIES).name)]).await;
        page.assert_no_errors().await;
    });
}

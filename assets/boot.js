// Checks what the page needs, chooses its language, and starts it.

// Drawing this takes as long as most visits wait for the page: it is for the others.
const slow = setTimeout(() => { document.getElementById('loading').hidden = false; }, 300);
const show = (id) => {
  clearTimeout(slow);
  document.getElementById('loading')?.remove();
  document.getElementById(id).hidden = false;
};
const file = (name) => document.querySelector(`meta[name=file][content=${name}]`).dataset;
const root = document.documentElement;

// The one place where a string becomes a script: the workers' own and the service worker, and no other. No string ever
// becomes markup.
globalThis.trustedTypes?.createPolicy('default', {
  createScriptURL: (url) => (/^\/(service-worker|(keyring|judge)-\w+)\.js$/.test(url) ? url : null),
});

// The theme that was chosen, before anything is drawn; and the language: the one chosen, or the first of the browser's
// that this page speaks.
const languages = ['en', 'de', 'ja'];
let chosen;
try {
  const theme = localStorage.getItem('passmint.theme');
  if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
  chosen = localStorage.getItem('passmint.language');
} catch { /* Storage is forbidden: the system's theme and language it is. */ }
const wished = [chosen, ...navigator.languages].map((tag) => tag?.split('-')[0]);
root.lang = wished.find((tag) => languages.includes(tag)) ?? 'en';

// Keeps the page in the browser for times without a network, and tells the page when a newer version is there. The page
// says when to take it.
const keep = async () => {
  const workers = navigator.serviceWorker;
  const kept = await workers?.register('/service-worker.js', { updateViaCache: 'none' }).catch(() => undefined);
  if (!kept) return;
  const tell = () => {
    if (kept.waiting && workers.controller) dispatchEvent(new Event('passmint:update'));
  };
  kept.addEventListener('updatefound', () => kept.installing?.addEventListener('statechange', tell));
  tell();
  addEventListener('passmint:take-update', () => {
    workers.addEventListener('controllerchange', () => location.reload());
    kept.waiting?.postMessage('take over');
  });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) kept.update().catch(() => {});
  });
};

if (!globalThis.isSecureContext) {
  show('no-secure-context');
} else if (typeof WebAssembly !== 'object') {
  show('no-wasm');
} else {
  // Browsers check no integrity of a preloaded fetch: this check is the one that counts.
  // If the browser kept a file that was changed on the way, it is fetched anew.
  const checked = ({ url, integrity }) =>
    fetch(url, { integrity }).catch(() => fetch(url, { integrity, cache: 'reload' }));
  // A fault in WebAssembly leaves it in no state to go on.
  let said;
  const stopped = ({ error, reason }) => {
    if ((error ?? reason) instanceof WebAssembly.RuntimeError) {
      document.getElementById('stopped').textContent = said.split('\n').at(-1);
      show('stopped');
    }
  };
  addEventListener('error', stopped);
  addEventListener('unhandledrejection', stopped);
  try {
    const texts = checked(file(root.lang)).then((answer) => answer.text());
    // Compiled while the script is still being read.
    const module = WebAssembly.compileStreaming(checked(file('module')));
    // If the script does not come, nobody waits for these.
    module.catch(() => {});
    texts.catch(() => {});
    const { default: init, start } = await import(file('script').url);
    await init({ module_or_path: module });
    said = await texts;
    start(root.lang, said);
    clearTimeout(slow);
    document.getElementById('plain').remove();
    // Once the generator has been drawn: the looks of what loads later; and when that is quiet, what is for another time.
    requestAnimationFrame(() => setTimeout(() => {
      const link = (rel, name) => {
        const { url: href, integrity } = file(name);
        document.head.append(Object.assign(document.createElement('link'), { rel, href, integrity }));
      };
      link('stylesheet', 'looks');
      link('manifest', 'manifest');
      setTimeout(keep, 1000);
    }));
  } catch (error) {
    console.error(error);
    show('not-loaded');
  }
}

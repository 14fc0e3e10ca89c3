// Checks what the page needs, chooses its language, and starts it.

// Drawing this message takes as long as most visits wait for the page, so it is shown to slow ones only.
const slow = setTimeout(() => { document.getElementById('loading').hidden = false; }, 300);
const root = document.documentElement;
// The page's files, as the build has written them into the document.
const files = new Map([...document.querySelectorAll('meta[name=file]')].map((meta) => [meta.content, meta.dataset]));

// Shows a message in the page's language. The document has it in every language.
const show = (id) => {
  clearTimeout(slow);
  document.getElementById('loading')?.remove();
  const message = document.getElementById(id);
  const versions = [...message.children];
  message.replaceChildren(versions.find(({ lang }) => lang === root.lang) ?? versions[0]);
  message.hidden = false;
};

// The one place where a string becomes a script URL: of the workers and the service worker only. No string ever becomes
// markup.
globalThis.trustedTypes?.createPolicy('default', {
  createScriptURL: (url) => (/^\/(service-worker|(keyring|judge)-\w+)\.js$/.test(url) ? url : null),
});

// The theme that was chosen, before anything is drawn; and the language: the one chosen, or the first of the browser's
// that this page speaks. "pt-BR" asks for a language of that name, then for "pt".
let chosen;
try {
  const theme = localStorage.getItem('passmint.theme');
  if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
  chosen = localStorage.getItem('passmint.language');
} catch { /* Storage is forbidden: the system's theme and language it is. */ }
const wished = [chosen, ...navigator.languages].filter(Boolean).map((tag) => tag.toLowerCase());
root.lang = wished.flatMap((tag) => [tag, tag.split('-')[0]]).find((tag) => files.has(`text-${tag}`)) ?? 'en';

// Registers the service worker, which caches the page for times without a network, and tells the page when a newer
// version is ready. The page says when to switch to it.
const register = async () => {
  const workers = navigator.serviceWorker;
  const registration = await workers?.register('/service-worker.js', { updateViaCache: 'none' }).catch(() => undefined);
  if (!registration) return;
  const tell = () => {
    if (registration.waiting && workers.controller) dispatchEvent(new Event('passmint:update'));
  };
  registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', tell));
  tell();
  addEventListener('passmint:take-update', () => {
    workers.addEventListener('controllerchange', () => location.reload());
    registration.waiting?.postMessage('take over');
  });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) registration.update().catch(() => {});
  });
};

if (!globalThis.isSecureContext) {
  show('no-secure-context');
} else if (typeof WebAssembly !== 'object') {
  show('no-wasm');
} else {
  // Browsers check no integrity of a preloaded fetch: this check is the one that counts.
  // A file that was changed on the way may be in the browser's cache: it is fetched anew.
  const checked = ({ url, integrity }) =>
    fetch(url, { integrity }).catch(() => fetch(url, { integrity, cache: 'reload' }));
  // After a fault in WebAssembly the page cannot go on.
  const stopped = ({ error, reason }) => {
    if ((error ?? reason) instanceof WebAssembly.RuntimeError) show('stopped');
  };
  addEventListener('error', stopped);
  addEventListener('unhandledrejection', stopped);
  try {
    const texts = checked(files.get(`text-${root.lang}`)).then((answer) => answer.text());
    // Compiled while the script is still being read.
    const module = WebAssembly.compileStreaming(checked(files.get('module')));
    // If the script does not arrive, nobody awaits these.
    module.catch(() => {});
    texts.catch(() => {});
    const { default: init, start } = await import(files.get('script').url);
    await init({ module_or_path: module });
    start(root.lang, await texts);
    clearTimeout(slow);
    document.getElementById('plain').remove();
    // Once the generator is drawn, load the styles of later parts; a second later, register the service worker.
    requestAnimationFrame(() => setTimeout(() => {
      const link = (rel, name) => {
        const { url: href, integrity } = files.get(name);
        document.head.append(Object.assign(document.createElement('link'), { rel, href, integrity }));
      };
      link('stylesheet', 'styles');
      link('manifest', 'manifest');
      setTimeout(register, 1000);
    }));
  } catch (error) {
    console.error(error);
    show('not-loaded');
  }
}

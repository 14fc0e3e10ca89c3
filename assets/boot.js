// Checks the browser, chooses the page's language, loads the page's files and starts it.

// Drawing this message takes as long as loading does for most visits, so only slow visits see it.
const slow = setTimeout(() => { document.getElementById('loading').hidden = false; }, 300);
const root = document.documentElement;
// The page's files, which the build lists in the document.
const files = new Map([...document.querySelectorAll('meta[name=file]')].map((meta) => [meta.content, meta.dataset]));

// Shows one of the document's messages. The document has each in every language.
const show = (id) => {
  clearTimeout(slow);
  document.getElementById('loading')?.remove();
  const message = document.getElementById(id);
  const versions = [...message.children];
  message.replaceChildren(versions.find(({ lang }) => lang === root.lang) ?? versions[0]);
  message.hidden = false;
};

// The only place where a string becomes a script URL, and only for the workers and the service worker. No string ever
// becomes markup.
globalThis.trustedTypes?.createPolicy('default', {
  createScriptURL: (url) => (/^\/(service-worker|(keyring|judge)-\w+)\.js$/.test(url) ? url : null),
});

// Sets the chosen theme before anything is drawn, and the language: the chosen one, or the first of the browser's
// languages that the page has. "pt-BR" falls back to "pt".
let chosen;
try {
  const theme = localStorage.getItem('passmint.theme');
  if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
  chosen = localStorage.getItem('passmint.language');
} catch { /* Storage is forbidden: the system's theme and language it is. */ }
const wished = [chosen, ...navigator.languages].filter(Boolean).map((tag) => tag.toLowerCase());
root.lang = wished.flatMap((tag) => [tag, tag.split('-')[0]]).find((tag) => files.has(`text-${tag}`)) ?? 'en';

// Registers the service worker, which caches the page for offline use. Tells the page when a newer version is ready;
// the page decides when to switch.
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
  // Browsers do not check the integrity of preloads, so it is checked here. An altered file may be in the browser's
  // cache: a second attempt bypasses the cache.
  const checked = ({ url, integrity }) =>
    fetch(url, { integrity }).catch(() => fetch(url, { integrity, cache: 'reload' }));
  // The page cannot continue after a fault in WebAssembly.
  const stopped = ({ error, reason }) => {
    if ((error ?? reason) instanceof WebAssembly.RuntimeError) show('stopped');
  };
  addEventListener('error', stopped);
  addEventListener('unhandledrejection', stopped);
  try {
    const texts = checked(files.get(`text-${root.lang}`)).then((answer) => answer.text());
    // The module compiles while the script loads.
    const module = WebAssembly.compileStreaming(checked(files.get('module')));
    // If the script does not arrive, nothing awaits these promises.
    module.catch(() => {});
    texts.catch(() => {});
    const { default: init, start } = await import(files.get('script').url);
    await init({ module_or_path: module });
    start(root.lang, await texts);
    clearTimeout(slow);
    document.getElementById('plain').remove();
    // Once the generator is drawn, load the styles of the lazy parts; a second later, register the service worker.
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

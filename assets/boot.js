// The only JavaScript that is written by hand: checks what the page needs, and starts it.

const show = (id) => {
  document.getElementById('loading')?.remove();
  document.getElementById(id).hidden = false;
};

// The one place where a string becomes a script: the keyring's own, and no other. No string ever becomes markup.
const keyring = document.querySelector('meta[name=keyring]').dataset;
globalThis.trustedTypes?.createPolicy('default', {
  createScriptURL: (url) => (url === keyring.js ? url : null),
});

// The theme that was chosen, before anything is drawn.
try {
  const theme = localStorage.getItem('passmint.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch { /* Storage is forbidden: the system's theme it is. */ }

if (!globalThis.isSecureContext) {
  show('no-secure-context');
} else if (typeof WebAssembly !== 'object') {
  show('no-wasm');
} else {
  document.getElementById('loading').hidden = false;
  const { js, wasm } = document.querySelector('meta[name=trunk]').dataset;
  // Browsers check no integrity of a preloaded fetch: this check is the one that counts.
  const { integrity } = document.querySelector('link[rel=preload][as=fetch]');
  // A fault in WebAssembly leaves it in no state to go on.
  const stopped = ({ error, reason }) => {
    if ((error ?? reason) instanceof WebAssembly.RuntimeError) show('stopped');
  };
  addEventListener('error', stopped);
  addEventListener('unhandledrejection', stopped);
  try {
    const { default: init } = await import(js);
    await init({ module_or_path: fetch(wasm, { integrity }) });
    document.getElementById('plain').remove();
  } catch (error) {
    console.error(error);
    show('not-loaded');
  }
}

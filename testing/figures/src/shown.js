// Runs before the page's own scripts. The promise `shown` resolves to two times in milliseconds since the navigation
// began: when the first password was in the document, and when a frame with it had been painted.
globalThis.shown = new Promise(resolve => {
  const watch = new MutationObserver(() => {
    if (!document.querySelector('output.secret span')) return;
    watch.disconnect();
    const inserted = performance.now();
    // A message that is posted before a frame is painted arrives after it.
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => resolve({ inserted, painted: performance.now(), origin: performance.timeOrigin });
      port2.postMessage(null);
    });
  });
  watch.observe(document, { childList: true, subtree: true });
});

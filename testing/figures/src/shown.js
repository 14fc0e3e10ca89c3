// Runs before the page's own scripts: `shown` comes to the milliseconds since the navigation began at which the first
// password stood in the page, and at which a frame with it had been painted.
globalThis.shown = new Promise(resolve => {
  const watch = new MutationObserver(() => {
    if (!document.querySelector('output.secret span')) return;
    watch.disconnect();
    const inserted = performance.now();
    // A message sent before a frame is painted is read after it.
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => resolve({ inserted, painted: performance.now(), origin: performance.timeOrigin });
      port2.postMessage(null);
    });
  });
  watch.observe(document, { childList: true, subtree: true });
});

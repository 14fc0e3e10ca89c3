// Runs in the page for `keyring.rs`: starts the keyring's worker as the page does, and times its replies.
globalThis.keyring = (() => {
  let worker;
  const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  const text = bytes => btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(''));
  return {
    async start(script, module) {
      const begun = performance.now();
      module = await WebAssembly.compileStreaming(fetch(module));
      worker = new Worker(script, { type: 'module' });
      const ready = new Promise(resolve => worker.onmessage = resolve);
      worker.postMessage(module);
      await ready;
      return performance.now() - begun;
    },
    // Sends all calls at once, and waits for their replies, which come in the same order.
    async ask(calls) {
      calls = calls.map(bytes);
      const replies = [];
      const all = new Promise(resolve => worker.onmessage = message => {
        if (replies.push(message.data) === calls.length) resolve();
      });
      const begun = performance.now();
      calls.forEach(call => worker.postMessage(call));
      await all;
      return { ms: performance.now() - begun, replies: replies.map(text) };
    },
  };
})();

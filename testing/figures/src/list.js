// Runs in the page for `list.rs`, and takes its times.
globalThis.list = (() => {
  // A message that is posted before a frame is painted arrives after it.
  const painted = () => new Promise(resolve => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => resolve(performance.now());
    port2.postMessage(null);
  }));
  const rows = () => document.querySelectorAll('button.row-name').length;

  // The longest time between two frames, and the number of frames with no row in the middle of the list.
  const frames = () => {
    let on = true, longest = 0, last = performance.now(), empty = 0, count = 0;
    const step = () => {
      if (!on) return;
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
      count += 1;
      const list = document.querySelector('#vault > .list')?.getBoundingClientRect();
      if (list && !document.elementFromPoint(list.left + list.width / 2, innerHeight / 2)?.closest('.row')) empty += 1;
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
    return { stop: () => { on = false; return { longest, empty, count } } };
  };

  let recorder;
  const keys = [];
  return {
    // Presses "Unlock", and waits until the first rows are painted.
    async unlock(button) {
      const seen = frames();
      const start = performance.now();
      button.click();
      await new Promise(resolve => {
        const watch = new MutationObserver(() => { if (rows()) { watch.disconnect(); resolve() } });
        watch.observe(document, { childList: true, subtree: true });
      });
      const end = await painted();
      await new Promise(resolve => setTimeout(resolve, 500));
      return { time: end - start, longest: seen.stop().longest };
    },
    record() { recorder = frames() },
    recorded: () => recorder.stop(),
    // The time from a key press to the frame that shows the result.
    listen() {
      addEventListener('keydown', event => painted().then(end => keys.push(end - event.timeStamp)), { capture: true });
    },
    heard: () => keys.splice(0),
    async jump(times) {
      let longest = 0;
      const height = document.scrollingElement.scrollHeight;
      for (let i = 0; i < times; i += 1) {
        const start = performance.now();
        scrollTo(0, height * ((i * 0.37) % 1));
        longest = Math.max(longest, await painted() - start);
      }
      return longest;
    },
    drawn: () => [document.querySelectorAll('#vault > .list > .row').length, document.querySelectorAll('#vault > .list *').length],
    // Makes the page visible again, whereupon it asks for changes.
    async hear(name) {
      const start = performance.now();
      const is = () => [...document.querySelectorAll('button.row-name')].some(row => row.textContent === name);
      dispatchEvent(new Event('focus'));
      while (!is()) await painted();
      return performance.now() - start;
    },
  };
})();

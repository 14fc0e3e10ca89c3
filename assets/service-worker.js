// Caches one complete, verified version of the page, so that it opens offline. It answers for the page's files only;
// API requests bypass it.

/* files */

const CACHE = `passmint-${VERSION}`;
// Paths with a content hash at the end of the file's or the folder's name. Trunk omits the hash's leading zeros.
const HASHED = /^\/[a-z0-9-]+-[0-9a-f]{8,16}(\.[a-z]+|\/\w+\.[a-z]+)$/;

addEventListener('install', (event) => {
  const requests = FILES.map(([url, integrity]) => new Request(url, { integrity, cache: url === '/' ? 'no-cache' : 'default' }));
  // `addAll` stores all files or none, so an incomplete version is never used.
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(requests)));
});

addEventListener('activate', (event) => {
  // The previous version stays for tabs that still run it and may load a lazy part.
  const old = async () => {
    const names = (await caches.keys()).filter((name) => name.startsWith('passmint-') && name !== CACHE);
    await Promise.all(names.slice(0, -1).map((name) => caches.delete(name)));
  };
  event.waitUntil(old());
});

addEventListener('fetch', (event) => {
  const { method, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== 'GET' || origin !== location.origin || !(pathname === '/' || HASHED.test(pathname))) return;
  const answer = async () => {
    const cache = await caches.open(CACHE);
    const found = await cache.match(pathname, { ignoreVary: true }) ?? await caches.match(pathname, { ignoreVary: true });
    return found ?? fetch(event.request);
  };
  event.respondWith(answer());
});

// A new version waits until the page asks for it, or until the last tab of the old one closes.
addEventListener('message', ({ data }) => {
  if (data === 'take over') skipWaiting();
});

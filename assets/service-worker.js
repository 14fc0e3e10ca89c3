// Caches one version of the page, complete and exactly as it was built, so that it opens without a network. It answers
// for the page's files only: requests to the server's API do not pass through it.

/* files */

const CACHE = `passmint-${VERSION}`;
// A file whose name, or whose folder's name, ends with a hash of the content. (Trunk omits leading zeros.)
const HASHED = /^\/[a-z0-9-]+-[0-9a-f]{8,16}(\.[a-z]+|\/\w+\.[a-z]+)$/;

addEventListener('install', (event) => {
  const requests = FILES.map(([url, integrity]) => new Request(url, { integrity, cache: url === '/' ? 'no-cache' : 'default' }));
  // All of them or none: a version that did not arrive completely is not used.
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(requests)));
});

addEventListener('activate', (event) => {
  // The version before this one stays for tabs that still run it and may load another part.
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

// A new version waits until the page asks for it, or until the last tab of the old one is closed.
addEventListener('message', ({ data }) => {
  if (data === 'take over') skipWaiting();
});

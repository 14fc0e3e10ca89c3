// The service worker of development builds. It unregisters itself and its caches: a release's worker from the same
// address would keep answering with the release.

addEventListener('install', () => skipWaiting());

addEventListener('activate', (event) => {
  const end = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith('passmint-')).map((name) => caches.delete(name)));
    await registration.unregister();
    const pages = await clients.matchAll({ type: 'window' });
    pages.forEach((page) => page.navigate(page.url));
  };
  event.waitUntil(end());
});

// In development the page is not cached. This removes the service worker of a release that was opened at the same
// address before, which would go on answering with the release.

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

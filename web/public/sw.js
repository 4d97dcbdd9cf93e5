/*
 * Shows push messages, also while no page of the console is open. It caches nothing and answers no request: a console
 * is live or says that it is not.
 */
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('push', (event) => {
  const message = messageOf(event.data);
  event.waitUntil(
    self.registration.showNotification(message.title, {
      body: message.body,
      tag: message.tag,
      // The same alarm again: what stood there is replaced, and calls anew.
      renotify: message.tag !== undefined,
      requireInteraction: message.priority === 'high',
      timestamp: message.atMs,
      icon: '/favicon.svg',
      data: { link: message.link },
    }),
  );
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.link));
});

/** Browsers want something shown for every push: what cannot be read is said to be so. */
function messageOf(data) {
  let input;
  try {
    input = data.json();
  } catch {
    input = undefined;
  }
  const text = (name) => (typeof input?.[name] === 'string' && input[name] !== '' ? input[name] : undefined);
  const title = text('title') ?? 'Siaga';
  return {
    // The sender says DRILL in its words; the field says it again, whatever the words are.
    title: input?.drill === true && !title.startsWith('DRILL') ? `DRILL: ${title}` : title,
    body: text('body') ?? 'Something needs attention, but this message could not be read. Open the console.',
    tag: text('tag'),
    priority: text('priority'),
    link: text('link'),
    atMs: Date.parse(text('at') ?? '') || Date.now(),
  };
}

/** Goes to the link if it leads here, in a page that is open already where there is one. */
async function open(link) {
  const url = URL.canParse(link) && new URL(link).origin === self.location.origin ? link : `${self.location.origin}/`;
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const page = pages[0];
  if (page === undefined) return self.clients.openWindow(url);
  await page.focus();
  return 'navigate' in page ? page.navigate(url).catch(() => self.clients.openWindow(url)) : undefined;
}

import type { Mail } from './mail.ts';

const style = `
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }
  article { border: 1px solid #8888; border-radius: 6px; padding: .75rem 1rem; margin: 1rem 0 }
  h2 { font-size: 1.1rem; margin: 0 } p { margin: .25rem 0; opacity: .8 } pre { white-space: pre-wrap; font: inherit; margin: .75rem 0 0 }`;

/** The messages as a page, in the given order. What they say is text, never markup. */
export function mailPage(mails: readonly Mail[]): string {
  const items = mails.map(
    ({ to, subject, text, date }) =>
      `<article><h2>${escaped(subject)}</h2><p>to ${escaped(to.join(', '))}${date === null ? '' : ` · ${escaped(date)}`}</p><pre>${escaped(text)}</pre></article>`,
  );
  const body = items.length === 0 ? '<p>Nothing has come yet.</p>' : items.join('\n');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Mailbox</title>
<style>${style}</style></head>
<body><h1>Mailbox</h1><p>Every e-mail of this demonstration ends here; none leaves this machine. Reload to see newer ones.</p>
${body}</body></html>`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
}

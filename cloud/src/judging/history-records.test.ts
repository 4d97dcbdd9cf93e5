/** Recorded gauges, where they lie beside the checkout; never part of the project. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Reading } from '@siaga/protocol';
import { steppedClock } from '@siaga/protocol';
import { expect, test } from 'vitest';
import { catalogueFrom } from '../fleet/testing.ts';
import type { IncomingBatch } from '../ports.ts';
import { openSqlite } from '../store/sqlite/index.ts';
import { incoming, noonMs, reading } from '../store/testing.ts';
import { createHistory } from './history.ts';
import { foldAll, kept } from './testing/record.ts';

const perMessage = 97;

for (const file of ['calder-mytholmroyd.csv', 'dargle-powerscourt.csv']) {
  const path = fileURLToPath(new URL(`../../../../shared/data/gauges/${file}`, import.meta.url));
  test(`${file}: its episodes are the same in order and in any disorder`, async (ctx) => {
    ctx.skip(!existsSync(path), `records absent: ../shared/data/gauges/${file}`);
    const messages = messagesOf(readFileSync(path, 'utf8'));
    const inOrder = await episodesOf(messages, messages.length);
    const keyed = messages.map((message, i) => [(i * 7919) % 10_007, message] as const);
    const disordered = keyed.sort(([a], [b]) => a - b).map(([, message]) => message);
    expect(await episodesOf(disordered, 5)).toBe(inOrder);
    const { episodes } = JSON.parse(inOrder) as { episodes: { sinceMs: number; peakAtMs: number; untilMs: number }[] };
    expect(episodes.length).toBeGreaterThan(0);
    for (const { sinceMs, peakAtMs, untilMs } of episodes)
      expect(sinceMs <= peakAtMs && (untilMs === null || peakAtMs < untilMs)).toBe(true);
  });
}

/** The record as a gauge 4.5 m above zero would have sent it, its stages stretched to the catalogue's limits. */
function messagesOf(text: string): IncomingBatch[] {
  const rows = text.trim().split('\n').slice(1);
  const stages = rows.map((row) => Number(row.split(',')[1]) * 1000);
  const highest = stages.reduce((a, b) => Math.max(a, b));
  const all = rows.map(
    (row, i): Reading =>
      reading(i + 1, {
        observedAtMs: Date.parse(row.split(',')[0] as string),
        distanceMm: 4500 - Math.round(((stages[i] as number) * 2200) / highest),
      }),
  );
  return Array.from({ length: Math.ceil(all.length / perMessage) }, (_, m) =>
    incoming(all.slice(m * perMessage, (m + 1) * perMessage), { intervalS: 900 }),
  );
}

/** Appends so many messages at a time, folding a little between. */
async function episodesOf(messages: readonly IncomingBatch[], atOnce: number): Promise<string> {
  const stores = openSqlite('sqlite::memory:');
  const history = createHistory({ store: stores.history, catalogue: catalogueFrom(), clock: steppedClock(noonMs) });
  await history.start();
  for (let i = 0; i < messages.length; i += atOnce) {
    await stores.readings.append(messages.slice(i, i + atOnce));
    await history.turn();
  }
  await foldAll(history);
  const text = await kept(stores.history);
  await stores.close();
  return text;
}

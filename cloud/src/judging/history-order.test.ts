import { changesOfKind, type SteppedClock, steppedClock } from '@siaga/protocol';
import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { catalogueFrom } from '../fleet/testing.ts';
import type { IncomingBatch } from '../ports.ts';
import { openMemory, type Stores } from '../store/index.ts';
import { openSqlite } from '../store/sqlite/index.ts';
import { noonMs } from '../store/testing.ts';
import { createHistory, type History, type HistoryOptions } from './history.ts';
import { foldAll, kept, record } from './testing/record.ts';

let clock: SteppedClock;
beforeEach(() => {
  clock = steppedClock(noonMs);
});

async function begin(stores: Stores, differs: Partial<HistoryOptions> = {}): Promise<History> {
  const history = createHistory({ store: stores.history, catalogue: catalogueFrom(), clock, ...differs });
  await history.start();
  return history;
}

async function inOrder(messages: readonly IncomingBatch[], stores: Stores): Promise<string> {
  const history = await begin(stores);
  await stores.readings.append(messages);
  await foldAll(history);
  return kept(stores.history);
}

/** How the messages come: in which order, which of them twice, how many in one commit, and how much is folded between. */
const arrival = fc.record({
  keys: fc.array(fc.integer(), { minLength: 24, maxLength: 24 }),
  again: fc.array(fc.nat(30), { maxLength: 4 }),
  atOnce: fc.integer({ min: 1, max: 4 }),
  turns: fc.array(fc.nat(3), { minLength: 1, maxLength: 8 }),
  perTurn: fc.constantFrom(1, 3, 10, 1000),
  restartAt: fc.nat(30),
});
type Arrival = typeof arrival extends fc.Arbitrary<infer A> ? A : never;

async function inDisorder(messages: readonly IncomingBatch[], how: Arrival, stores: Stores): Promise<string> {
  const shuffled = messages
    .map((message, i) => [how.keys[i % how.keys.length] ?? 0, message] as const)
    .sort(([a], [b]) => a - b)
    .map(([, message]) => message);
  const repeated = how.again.flatMap((i) => shuffled[i] ?? []);
  const all = [...shuffled, ...repeated];
  let history = await begin(stores, { readingsPerTurn: how.perTurn });
  for (let i = 0; i < all.length; i += how.atOnce) {
    await stores.readings.append(all.slice(i, i + how.atOnce));
    if (i <= how.restartAt && i + how.atOnce > how.restartAt)
      history = await begin(stores, { readingsPerTurn: how.perTurn });
    for (let turn = how.turns[i % how.turns.length] ?? 0; turn > 0; turn -= 1) await history.turn();
  }
  await foldAll(history);
  return kept(stores.history);
}

/** What one knows who only followed the changes. */
async function replayed(stores: Stores): Promise<unknown[]> {
  const told = new Map<string, unknown[]>();
  for (const { since, severity, episode } of changesOfKind((await stores.changes.since(0, 100_000)) ?? [], 'episode')) {
    if (episode === null) told.delete(`${since}/${severity}`);
    else told.set(`${since}/${severity}`, [since, severity, episode.until, episode.until && episode.peakStageMm]);
  }
  return [...told.values()].sort();
}

async function keptEpisodes({ history }: Stores): Promise<unknown[]> {
  const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  const all = await history.episodes({ fromMs: 0, toMs: Number.MAX_SAFE_INTEGER });
  return all
    .map(({ sinceMs, severity, untilMs, peakStageMm }) => [
      iso(sinceMs),
      severity,
      iso(untilMs),
      untilMs && peakStageMm,
    ])
    .sort();
}

for (const { name, open, numRuns } of [
  { name: 'memory', open: openMemory, numRuns: 120 },
  { name: 'sqlite', open: () => openSqlite('sqlite::memory:'), numRuns: 80 },
])
  test(`${name}: whatever the order, the cuts and the turns, episodes and checkpoints are byte for byte the same`, async () => {
    await fc.assert(
      fc.asyncProperty(record, arrival, async (messages, how) => {
        const [one, other] = [open(), open()];
        try {
          expect(await inDisorder(messages, how, other)).toBe(await inOrder(messages, one));
          expect(await other.history.take(9)).toEqual([]);
          expect(await replayed(other)).toEqual(await keptEpisodes(other));
        } finally {
          await one.close();
          await other.close();
        }
      }),
      { numRuns },
    );
  });

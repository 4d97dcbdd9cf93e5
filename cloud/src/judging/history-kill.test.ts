import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { steppedClock } from '@siaga/protocol';
import { expect, test } from 'vitest';
import { catalogueFrom } from '../fleet/testing.ts';
import { openSqlite } from '../store/sqlite/index.ts';
import { noonMs } from '../store/testing.ts';
import { createHistory } from './history.ts';
import { disorderedMessages } from './testing/disorder.ts';
import { foldAll, kept } from './testing/record.ts';

const kills = 50;
const messages = 400;
const stations = ['katulampa', 'depok'];

test(`after ${kills} SIGKILLs in the middle of appending and folding, episodes are byte for byte those of an undisturbed run`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'siaga-history-'));
  try {
    const url = `sqlite:${join(folder, 'killed.db')}`;
    // A child that ends by itself leaves the compiled programs for those that are killed.
    await run(`sqlite:${join(folder, 'warm-up.db')}`, messages);
    let resolved = 0;
    for (let kill = 0; kill < kills; kill += 1) {
      const lines = await run(url, resolved, 2 + (kill % 9));
      expect(lines.includes('done')).toBe(false);
      // What was said to be resolved is not sent again, but what may be half done is.
      resolved = Math.max(resolved, Number(lines.at(-1) ?? resolved - 1) + 1 - (kill % 2));
    }
    expect((await run(url, resolved)).at(-1)).toBe('done');
    const disturbed = await keptIn(url);
    const undisturbed = await undisturbedRun();
    expect(disturbed).toEqual(undisturbed);
    for (const text of undisturbed) expect(JSON.parse(text).episodes.length).toBeGreaterThan(20);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 120_000);

/** Runs the child until it has said `lines` lines, kills it, and gives the whole lines that it said; without, to its end. */
async function run(url: string, from: number, lines = Number.POSITIVE_INFINITY): Promise<string[]> {
  const script = fileURLToPath(new URL('./testing/child.ts', import.meta.url));
  const child = spawn(process.execPath, [script, url, String(from), String(messages)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(url.slice('sqlite:'.length), '..', 'compiled') },
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (said.split('\n').length > lines) child.kill('SIGKILL');
  });
  const [code, signal] = await once(child, 'close');
  expect(signal ?? code).toBe(Number.isFinite(lines) ? 'SIGKILL' : 0);
  return said.split('\n').slice(0, -1);
}

async function keptIn(url: string): Promise<string[]> {
  const stores = openSqlite(url);
  const texts = await Promise.all(stations.map((station) => kept(stores.history, station)));
  await stores.close();
  return texts;
}

/** All at once, each message in order of time, folded at the end. */
async function undisturbedRun(): Promise<string[]> {
  const stores = openSqlite('sqlite::memory:');
  const history = createHistory({ store: stores.history, catalogue: catalogueFrom(), clock: steppedClock(noonMs) });
  await history.start();
  const first = (message: ReturnType<typeof disorderedMessages>[number]) =>
    message.batch.readings[0]?.observedAtMs ?? 0;
  await stores.readings.append(disorderedMessages(messages).sort((a, b) => first(a) - first(b)));
  await foldAll(history);
  const texts = await Promise.all(stations.map((station) => kept(stores.history, station)));
  await stores.close();
  return texts;
}

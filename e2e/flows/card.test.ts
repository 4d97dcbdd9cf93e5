import { cpSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Account, accountFor } from '../harness/account.ts';
import type { AgentProcess } from '../harness/agent.ts';
import { getJson, getMetric, getReadings, type ServedReading } from '../harness/api.ts';
import { distinctMm } from '../harness/bursts.ts';
import { writeCatalogue } from '../harness/catalogue.ts';
import { eventually } from '../harness/eventually.ts';
import { openFlow } from '../harness/flow.ts';
import { type PlatformProcess, viewerToken } from '../harness/platform.ts';

/*
 * The outbox lives on a memory card, and cards are swapped. A reading's identity is (station, stream, seq),
 * so a new card must begin a new stream, and an old copy must not go on counting where it once stood.
 */

const station = 'sungai';

async function openCardWalk() {
  const flow = openFlow('card');
  const platform = await flow.platform({
    catalogue: writeCatalogue(flow.folder, [{ id: station }]),
    stations: [station],
  });
  const link = await flow.link(platform.mqttUrl);
  const line = await flow.line({ station });
  const card = join(flow.folder, 'card');
  const startedAtMs = Date.now();
  let bursts = 0;

  const served = (): Promise<ServedReading[]> => {
    const [from, to] = [startedAtMs - 60_000, Date.now() + 60_000].map((ms) => new Date(ms).toISOString());
    return getReadings(platform.httpUrl, station, from as string, to as string);
  };
  return {
    flow,
    platform,
    link,
    card,
    served,
    /** Starts the agent on the card that is in. */
    async start(): Promise<AgentProcess> {
      const { pki } = platform;
      const agent = flow.agent({ station, data: card, gauges: [line.settings], pki, mqttUrl: link.url });
      await agent.lineOpen();
      return agent;
    },
    /** Writes `count` bursts; resolves when their readings are on the card. */
    async write(agent: AgentProcess, count: number): Promise<void> {
      const before = agent.stored.length;
      for (let i = 0; i < count; i++) {
        await line.gauge.burst(distinctMm(bursts++));
        await agent.storedAtLeast(before + i + 1);
      }
    },
    async stop(agent: AgentProcess): Promise<void> {
      expect(await agent.program.stop()).toBe(0);
    },
    /** Waits until every burst is served and gives the account. */
    async account(): Promise<Account> {
      const account = async () => accountFor(line.ledger, [], await served());
      return eventually('every burst is served', async () => {
        const now = await account();
        return now.unread.length === 0 ? now : undefined;
      }).catch(account);
    },
  };
}

/** Each burst served exactly once: nothing lost, nothing twice, nothing mixed up. */
function expectEachOnce(account: Account, bursts: number): void {
  const { unread, twice, invented, torn, readings } = account;
  expect({ unread, twice, invented, torn, readings }).toEqual({
    unread: [],
    twice: [],
    invented: [],
    torn: [],
    readings: bursts,
  });
}

test('an empty card begins a new stream; nothing is lost or mixed', async () => {
  const walk = await openCardWalk();
  const first = await walk.start();
  await walk.write(first, 60);
  expectEachOnce(await walk.account(), 60);
  await walk.stop(first);
  const before = await walk.served();

  renameSync(walk.card, `${walk.card}-old`);
  mkdirSync(walk.card);
  const second = await walk.start();
  await walk.write(second, 60);
  const account = await walk.account();
  expectEachOnce(account, 120);
  expect(account.streams).toBe(2);

  const after = await walk.served();
  expect(after.slice(0, 60)).toEqual(before);
  const [oldStream, newStream] = [before[0]?.stream, after.at(-1)?.stream];
  expect(newStream).not.toBe(oldStream);
  expect(after.filter(({ stream }) => stream === newStream).map(({ seq }) => seq)).toEqual(oneTo(60));
  expect(await quarantined(walk.platform)).toEqual([]);
  console.log('card: swapped for an empty one: 120 bursts, 120 readings in 2 streams, 0 lost, 0 twice');
});

test('an old copy put back begins a new stream when it learns that the platform knows more', async () => {
  const walk = await openCardWalk();
  const first = await walk.start();
  await walk.write(first, 30);
  await walk.account();
  await walk.stop(first);
  cpSync(walk.card, `${walk.card}-copy`, { recursive: true });

  const second = await walk.start();
  await walk.write(second, 40);
  expectEachOnce(await walk.account(), 70);
  await walk.stop(second);

  rmSync(walk.card, { recursive: true });
  renameSync(`${walk.card}-copy`, walk.card);
  const third = await walk.start();
  await walk.write(third, 25);
  const account = await walk.account();
  expectEachOnce(account, 95);
  expect(account.streams).toBe(2);
  console.log('card: an old copy put back: 95 bursts, 95 readings in 2 streams, 0 lost, 0 twice');
});

test('an old copy that collected offline: conflicts are quarantined with their reason, its readings come in a new stream', async () => {
  const walk = await openCardWalk();
  const { httpUrl } = walk.platform;
  const first = await walk.start();
  await walk.write(first, 30);
  await walk.account();
  await walk.stop(first);
  cpSync(walk.card, `${walk.card}-copy`, { recursive: true });

  const second = await walk.start();
  await walk.write(second, 40);
  expectEachOnce(await walk.account(), 70);
  await walk.stop(second);
  const before = await walk.served();

  // Numbers 31–70 are given a second time, and 71–90 for the first, while nobody can say so.
  rmSync(walk.card, { recursive: true });
  renameSync(`${walk.card}-copy`, walk.card);
  walk.link.cut();
  const third = await walk.start();
  await walk.write(third, 60);
  walk.link.restore();
  const account = await walk.account();
  expectEachOnce(account, 130);
  await walk.write(third, 10);
  expectEachOnce(await walk.account(), 140);

  const after = await walk.served();
  const [oldStream] = before.map(({ stream }) => stream);
  expect(after.slice(0, 70)).toEqual(before);
  expect(after.at(-1)?.stream).not.toBe(oldStream);
  const conflicts = await quarantined(walk.platform);
  expect(conflicts.length).toBeGreaterThan(0);
  expect(new Set(conflicts.map(({ reason }) => reason))).toEqual(new Set(['identity-conflict']));
  expect(await getMetric(httpUrl, 'siaga_quarantined_total', 'reason="identity-conflict"')).toBeGreaterThan(0);
  console.log(
    `card: an old copy that collected offline: 140 bursts, ${after.length} readings, ${conflicts.length} conflicts in quarantine, 0 lost, 0 twice`,
  );
});

type Entry = { station: string; reason: string; count: number };

async function quarantined(platform: PlatformProcess): Promise<Entry[]> {
  return (await getJson<{ entries: Entry[] }>(platform.httpUrl, '/quarantine', viewerToken(platform))).entries;
}

function oneTo(last: number): number[] {
  return Array.from({ length: last }, (_, i) => i + 1);
}

import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type BucketColumns,
  type Clock,
  changesOfKind,
  clockFromText,
  clockToText,
  type ReadingColumns,
  realMs,
} from '@siaga/protocol';
import { prngOf } from '@siaga/simulator';
import { expect, test } from 'vitest';
import { accountFor } from '../harness/account.ts';
import { getJson, getMetric, getReadings } from '../harness/api.ts';
import { distinctMm, playBursts } from '../harness/bursts.ts';
import { writeCatalogue } from '../harness/catalogue.ts';
import { eventually } from '../harness/eventually.ts';
import { openFlow } from '../harness/flow.ts';

/*
 * A link that swallows everything for a day, by clocks that run 2,400 times as fast: 36 s. The water is calm
 * before and after, and in the danger band while nobody can see it.
 */

const station = 'sungai';
const speed = 2_400;
const dayMs = 86_400_000;
/**
 * A burst each 25 real ms is a reading a minute. Its declared interval is longer, because receipts keep real time:
 * a live reading may wait for one, up to a second, and that is 40 minutes here.
 */
const everyMs = 25;
const intervalS = 3_600;
const calmMm = 4_500;
const floodMm = 1_500;

test('a link cut for a day: live at once, backlog behind it, no hole, no flicker', async () => {
  const flow = openFlow('link-cut');
  const clockText = clockToText(Date.now(), Date.UTC(2024, 0, 10), speed);
  const clock = clockFromText(clockText) as Clock;
  const platform = await flow.platform({
    catalogue: writeCatalogue(flow.folder, [{ id: station }]),
    stations: [station],
    clock: clockText,
  });
  const { httpUrl, pki } = platform;
  const link = await flow.link(platform.mqttUrl);
  const line = await flow.line({ station, clock });
  const agent = flow.agent({
    station,
    data: join(flow.folder, 'agent'),
    gauges: [line.settings],
    pki,
    mqttUrl: link.url,
    intervalS,
    clock: clockText,
  });
  await Promise.all([agent.lineOpen(), agent.connected()]);

  let waterMm = calmMm;
  const bursts = beat(() => line.gauge.burst(waterMm), everyMs);
  flow.atEnd(() => bursts.stop());
  const watch = await flow.watch(httpUrl);
  const values = () => watch.deltas().flatMap((delta) => delta.values.filter(({ id }) => id === station));
  const levels = () =>
    watch.deltas().flatMap(({ changes }) => changesOfKind(changes, 'station').filter(({ id }) => id === station));
  await eventually('the station is live', () => levels().some(({ level }) => level.presence === 'live'));
  await agent.storedAtLeast(100);

  link.blackHole();
  const cutAtMs = clock.now();
  waterMm = floodMm;
  await eventually('the station is stale', () => levels().at(-1)?.level.presence === 'stale');
  const calmAtMs = cutAtMs + dayMs - speed * 1_000;
  await pause(realMs(clock, calmAtMs - clock.now()));
  waterMm = calmMm;
  await pause(realMs(clock, cutAtMs + dayMs - clock.now()));
  const restoredAtMs = clock.now();
  const valuesBefore = values().length;
  const levelsBefore = levels().length;
  link.restore();

  await eventually('the backlog is through', async () => {
    const { observedAtMs } = await columns(httpUrl, cutAtMs, restoredAtMs);
    const made = agent.stored.filter((each) => each.observedAtMs >= cutAtMs && each.observedAtMs < restoredAtMs);
    return observedAtMs.length === made.length && made.length > 0;
  });
  const throughAtMs = clock.now();
  await agent.storedAtLeast(agent.stored.length + 20);
  await bursts.stop();
  await eventually('everything is served', async () => {
    const { seq } = await columns(httpUrl, 0, clock.now());
    return seq.length === agent.stored.length;
  });

  // Nothing lost, nothing twice, no hole.
  const all = await columns(httpUrl, 0, clock.now());
  const [firstMs, lastMs] = [all.observedAtMs[0] as number, all.observedAtMs.at(-1) as number];
  expect(all.seq).toEqual(agent.stored.map(({ seq }) => seq));
  expect(all.observedAtMs).toEqual(agent.stored.map(({ observedAtMs }) => observedAtMs));
  expect(all.distanceMm).toEqual(agent.stored.map(({ distanceMm }) => distanceMm));
  expect(line.ledger.length).toBe(agent.stored.length);
  expect((await columns(httpUrl, firstMs, lastMs)).gaps).toEqual([]);
  const day = await getJson<BucketColumns>(
    httpUrl,
    `/stations/${station}/readings?${span(cutAtMs, cutAtMs + dayMs)}&buckets=96`,
  );
  expect(day.gaps).toEqual([]);
  expect(day.fromMs).toHaveLength(96);
  expect(day.maxMm.every((stageMm) => stageMm === 5_000 - floodMm || stageMm === 5_000 - calmMm)).toBe(true);

  // Live first: a reading from after the restoration was received before the backlog was through.
  const received = all.receivedAtMs;
  const backlog = received.filter((_, i) => within(all.observedAtMs[i] as number, cutAtMs, restoredAtMs - 1));
  const live = received.filter((_, i) => (all.observedAtMs[i] as number) >= restoredAtMs);
  const backlogDoneMs = Math.max(...backlog);
  const liveDuringRefill = live.filter((atMs) => atMs < backlogDoneMs).length;
  expect(Math.min(...live)).toBeLessThan(backlogDoneMs);
  expect(liveDuringRefill).toBeGreaterThan(1);

  // The present never goes back, and knows nothing of the flood that is over.
  const times = values().map(({ value }) => Date.parse(value.observedAt));
  expect(times.slice(1).every((atMs, i) => atMs >= (times[i] as number))).toBe(true);
  const shown = values().slice(valuesBefore);
  expect(shown.length).toBeGreaterThan(1);
  expect(new Set(shown.map(({ value }) => value.stageMm))).toEqual(new Set([5_000 - calmMm]));
  expect(new Set(levels().map(({ level }) => level.severity))).toEqual(new Set([0]));
  const presences = levels()
    .slice(levelsBefore)
    .map(({ level }) => level.presence);
  expect(presences[0]).toBe('live');
  expect(presences).not.toContain('stale');

  const seconds = (ms: number) => (realMs(clock, ms) / 1000).toFixed(1);
  console.log(
    `link-cut: ${backlog.length} readings of a day behind the cut; first live one after ${seconds(Math.min(...live) - restoredAtMs)} s, ` +
      `backlog through after ${seconds(throughAtMs - restoredAtMs)} s with ${liveDuringRefill} live readings meanwhile; 0 lost, 0 holes, 0 flickers`,
  );
});

test('a link that flaps, torn down or swallowing, both ways or one: nothing lost, nothing twice', async () => {
  const seed = process.env.SEED ?? String(Date.now() % 1_000_000);
  const { below } = prngOf(`flap ${seed}`);
  const flow = openFlow('flap');
  const startedAtMs = Date.now();
  const platform = await flow.platform({
    catalogue: writeCatalogue(flow.folder, [{ id: station }]),
    stations: [station],
  });
  const { httpUrl, pki } = platform;
  const link = await flow.link(platform.mqttUrl);
  const line = await flow.line({ station });
  const data = join(flow.folder, 'agent');
  const agent = flow.agent({ station, data, gauges: [line.settings], pki, mqttUrl: link.url });
  await Promise.all([agent.lineOpen(), agent.connected()]);
  const play = playBursts(line.gauge, distinctMm, () => 10 + below(21));
  flow.atEnd(() => play.stop());

  const flaps = 15;
  for (let flap = 0; flap < flaps; flap++) {
    const connections = agent.program.lines.filter(({ msg }) => msg === 'connected').length;
    await pause(below(301));
    const breakLink = [link.cut, link.blackHole, link.swallowAnswers][flap % 3] as () => void;
    breakLink();
    await pause(50 + below(251));
    link.restore();
    await agent.connected(connections + 1);
  }
  await play.stop();
  await agent.storedAtLeast(play.count());
  const served = () =>
    getReadings(httpUrl, station, iso(startedAtMs - 60_000), iso(Date.now() + 60_000)).then((readings) =>
      accountFor(line.ledger, agent.stored, readings),
    );
  await eventually('every burst is served', async () => (await served()).unread.length === 0).catch(() => undefined);
  const account = await served();
  expect(account).toMatchObject({ lost: [], holes: [], twice: [], invented: [], torn: [], unread: [] });
  expect(account.readings).toBe(play.count());
  const again = await getMetric(httpUrl, 'siaga_readings_duplicate_total');
  // What the platform stored while its answers vanished need not come once more: its first word names it.
  expect(again).toBeLessThan(play.count() / 10);
  console.log(
    `link-cut: ${flaps} flaps, ${play.count()} bursts, ${account.readings} readings, ${again} sent again and recognised, 0 lost, 0 twice (SEED=${seed})`,
  );
});

/** Calls every so many ms, one call after the other, and keeps the beat where it can. */
function beat(call: () => Promise<unknown>, everyMs: number): { stop(): Promise<void> } {
  let stopping = false;
  async function run(): Promise<void> {
    for (let nextMs = performance.now(); !stopping; nextMs += everyMs) {
      await call();
      await pause(Math.max(1, nextMs + everyMs - performance.now()));
    }
  }
  const running = run();
  return {
    async stop() {
      stopping = true;
      await running;
    },
  };
}

function columns(httpUrl: string, fromMs: number, toMs: number): Promise<ReadingColumns> {
  return getJson(httpUrl, `/stations/${station}/readings?${span(fromMs, toMs)}&limit=50000`);
}

function span(fromMs: number, toMs: number): string {
  return `from=${iso(fromMs)}&to=${iso(toMs)}`;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function within(atMs: number, fromMs: number, toMs: number): boolean {
  return atMs >= fromMs && atMs <= toMs;
}

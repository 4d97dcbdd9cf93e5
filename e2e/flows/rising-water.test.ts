import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type BucketColumns,
  type ChangeOf,
  type Clock,
  changesOfKind,
  clockFromText,
  clockToText,
  decodeReceipt,
  type ReadingColumns,
  type Receipt,
  type StationLevel,
  type StationPicture,
  type StationValue,
} from '@siaga/protocol';
import { expect, test } from 'vitest';
import { getJson, getMetric, getSnapshot } from '../harness/api.ts';
import { writeCatalogue } from '../harness/catalogue.ts';
import { connectDevice, papersOf, publishTo } from '../harness/device.ts';
import { eventually } from '../harness/eventually.ts';
import { openFlow } from '../harness/flow.ts';
import { root } from '../harness/folders.ts';

/*
 * One reading through everything: tty, agent, TLS, broker, store, judge, stream. The clocks run 60 times as
 * fast, so that a station that reports each minute is stale after four seconds of silence.
 */

/** The station of the golden fixtures, and the hour they speak of. */
const golden = 'katulampa';
const station = 'depok';
const clockText = clockToText(Date.now(), Date.UTC(2014, 0, 29, 16, 10), 60);
const clock = clockFromText(clockText) as Clock;
const sensorElevationMm = 5_000;
const limitsMm = [1_000, 2_000, 3_000];

async function openWalk() {
  const flow = openFlow('rising-water');
  const stations = [station, golden];
  const catalogue = writeCatalogue(
    flow.folder,
    stations.map((id) => ({ id, sensorElevationMm, limitsMm })),
  );
  const platform = await flow.platform({ catalogue, stations, clock: clockText });
  const watch = await flow.watch(platform.httpUrl);
  const of = (id: string) => ({
    levels: (): StationLevel[] => changesOf(id).map(({ level }) => level),
    values: (): StationValue[] =>
      watch.deltas().flatMap((delta) => delta.values.filter((each) => each.id === id).map(({ value }) => value)),
  });
  const changesOf = (id: string): ChangeOf<'station'>[] =>
    watch.deltas().flatMap(({ changes }) => changesOfKind(changes, 'station').filter((change) => change.id === id));
  return { flow, platform, watch, of };
}

test('rising water: each reading reaches the stream, each band its name; silence is shown, never dry', async () => {
  const { flow, platform, watch, of } = await openWalk();
  const { httpUrl, mqttUrl, pki } = platform;
  const { levels, values } = of(station);
  const line = await flow.line({ station, clock, maxMm: 5_000 });
  const data = join(flow.folder, 'agent');
  const agent = flow.agent({ station, data, gauges: [line.settings], pki, mqttUrl, clock: clockText });
  await Promise.all([agent.lineOpen(), agent.connected()]);

  /** Lets the gauge see the water at that stage and waits until the stream shows it. */
  async function waterAt(stageMm: number): Promise<StationValue> {
    const { seq } = { seq: agent.stored.length + 1 };
    await line.gauge.burst(sensorElevationMm - stageMm);
    await agent.storedAtLeast(seq);
    const { observedAtMs } = agent.stored[seq - 1] as (typeof agent.stored)[0];
    return eventually(`stage ${stageMm} on the stream`, () =>
      values().find((value) => Date.parse(value.observedAt) === observedAtMs && value.stageMm === stageMm),
    );
  }
  const band = () => {
    const { severity, bandLabel, since } = levels().at(-1) as StationLevel;
    return { severity, bandLabel, sinceMs: Date.parse(since ?? '') };
  };
  /** Bands that have been shown since the first, one after the other. */
  const bands = () =>
    levels()
      .map(({ severity }) => severity)
      .filter((severity, i, all) => severity !== all[i - 1]);

  const calm = await waterAt(500);
  await eventually('the level', () => levels().length > 0);
  expect(levels().at(-1)).toEqual({
    severity: 0,
    bandLabel: 'Siaga IV',
    since: calm.observedAt,
    presence: 'live',
    quality: 'good',
    note: null,
    maintenance: false,
  });
  expect(calm).toMatchObject({ gauge: 'main', stageMm: 500, flag: 1, intervalS: 60 });

  await waterAt(999);
  expect(bands()).toEqual([0]);
  const alert = await waterAt(1_000);
  expect(band()).toEqual({ severity: 1, bandLabel: 'Siaga III', sinceMs: Date.parse(alert.observedAt) });
  const danger = await waterAt(3_400);
  expect(band()).toEqual({ severity: 3, bandLabel: 'Siaga I', sinceMs: Date.parse(danger.observedAt) });

  // Falling: out of the band only when more than 50 mm below its limit.
  await waterAt(2_990);
  await waterAt(2_950);
  expect(bands()).toEqual([0, 1, 3]);
  const fallen = await waterAt(2_949);
  expect(band()).toEqual({ severity: 2, bandLabel: 'Siaga II', sinceMs: Date.parse(fallen.observedAt) });
  expect(bands()).toEqual([0, 1, 3, 2]);

  // Silence: late, then stale, and the band stays what was last seen.
  await eventually('late, then stale', () => levels().at(-1)?.presence === 'stale');
  const presences = levels().map(({ presence }) => presence);
  expect(presences.slice(presences.lastIndexOf('live'))).toEqual(['live', 'late', 'stale']);
  expect(levels().at(-1)).toMatchObject({ severity: 2, presence: 'stale' });
  const picture = await getJson<StationPicture>(httpUrl, `/stations/${station}`);
  expect(picture).toMatchObject({ level: { severity: 2, presence: 'stale' }, value: { stageMm: 2_949 } });
  const back = await waterAt(400);
  await eventually('live again', () => levels().at(-1)?.presence === 'live');
  expect(band()).toEqual({ severity: 0, bandLabel: 'Siaga IV', sinceMs: Date.parse(back.observedAt) });

  // The same by every road: the identity from tty to API, one numbering, one picture.
  const { seq, stream, observedAtMs, distanceMm, stageMm } = await columns(httpUrl, station);
  expect(
    seq.map((each, i) => ({ stream: stream[i], seq: each, observedAtMs: observedAtMs[i], distanceMm: distanceMm[i] })),
  ).toEqual(
    agent.stored.map((each) => ({
      stream: each.stream,
      seq: each.seq,
      observedAtMs: each.observedAtMs,
      distanceMm: each.distanceMm,
    })),
  );
  expect(stageMm).toEqual([500, 999, 1_000, 3_400, 2_990, 2_950, 2_949, 400]);
  const numbers = watch.deltas().flatMap(({ changes }) => changes.map((change) => change.seq));
  expect(numbers).toEqual(numbers.map((_, i) => (numbers[0] as number) + i));
  const snapshot = await getSnapshot(httpUrl);
  expect(snapshot.seq).toBe(numbers.at(-1));
  expect(snapshot.stations.find(({ info }) => info.id === station)).toMatchObject({
    level: levels().at(-1),
    value: values().at(-1),
  });
  console.log(
    `rising-water: ${seq.length} readings through everything, bands ${bands().join(' → ')}, ${numbers.length} changes without a hole`,
  );
});

test('golden messages: maintenance judges nothing, duplicates and conflicts change nothing, a correction is served', async () => {
  const { flow, platform, of } = await openWalk();
  const { httpUrl, mqttUrl, pki } = platform;
  const { levels } = of(golden);
  const device = await connectDevice(mqttUrl, golden, papersOf(pki, golden));
  flow.atEnd(() => device.end(true));
  const receipts: Receipt[] = [];
  device.on('message', (_topic, payload) => {
    const receipt = decodeReceipt(payload);
    if (receipt.ok) receipts.push(receipt.value);
  });
  await device.subscribeAsync(`flood/v1/${golden}/receipt`, { qos: 1 });
  async function send(name: string, change: (wire: string) => string = (wire) => wire): Promise<void> {
    const { topic, wire } = fixture(name);
    expect(await publishTo(device, topic, change(wire)), name).toBe('acknowledged');
  }
  const seqs = async () => (await columns(httpUrl, golden)).seq;

  // Under maintenance at what would be the highest band. Its word holds for four reporting intervals: of 15 s they are
  // over ten minutes later, and a station that fell silent in the middle of the work is missed. Of an hour they are not.
  await send('readings-maintenance', (wire) => wire.replace('"intervalS":15,', '"intervalS":3600,'));
  await eventually('maintenance is shown', () => levels().at(-1)?.maintenance);
  expect(levels().at(-1)).toMatchObject({ severity: null, bandLabel: null, quality: 'none', maintenance: true });
  expect(await seqs()).toEqual([14]);
  expect((await buckets(httpUrl)).count).toEqual([]);

  // Suspect, then no echo, then inside blanking, having risen there.
  await send('readings-backlog');
  await eventually('the level', () => levels().at(-1)?.note === 'at-least');
  expect(levels().at(-1)).toMatchObject({ severity: 2, bandLabel: 'Siaga II', quality: 'suspect', maintenance: false });
  expect(new Set(levels().map(({ severity }) => severity))).toEqual(new Set([null, 2]));
  expect((await seqs()).toSorted((a, b) => a - b)).toEqual([10, 11, 12, 13, 14]);

  // The same again: recognised, not stored.
  const readings = async () => ({ ...(await columns(httpUrl, golden)), gaps: 'grow with the clock' });
  const before = await readings();
  await send('readings-backlog');
  await send('readings-maintenance');
  expect(await readings()).toEqual(before);
  expect(await getMetric(httpUrl, 'siaga_readings_duplicate_total')).toBe(5);

  // A correction: the newest revision is served, once however often it comes.
  await send('readings-correction');
  await send('readings-correction');
  const corrected = await columns(httpUrl, golden);
  const at = corrected.seq.indexOf(12);
  expect([corrected.rev[at], corrected.distanceMm[at], corrected.observedAtMs[at]]).toEqual([
    1, 2_410, 1_391_011_319_000,
  ]);
  expect(corrected.seq.filter((seq) => seq === 12)).toHaveLength(1);
  expect(corrected.seq).toHaveLength(5);

  // The same identity and revision with another content.
  await send('readings-live');
  await send('readings-live', (wire) => wire.replace('"d":[2500]', '"d":[2600]'));
  const live = await columns(httpUrl, golden);
  expect(live.distanceMm[live.seq.indexOf(1440)]).toBe(2_500);
  expect(await getMetric(httpUrl, 'siaga_quarantined_total', 'reason="identity-conflict"')).toBe(1);

  // What the receipts say: everything settled, what was declared lost too.
  await send('readings-lost');
  await eventually(
    'the receipt for it all',
    () => receipts.at(-1)?.upTo === 1440 && receipts.at(-1)?.ranges.length === 4,
  );
  expect(receipts.at(-1)?.ranges).toEqual([
    { from: 1, to: 9 },
    { from: 15, to: 19 },
    { from: 30, to: 39 },
    { from: 41, to: 1439 },
  ]);
  expect(receipts.flatMap(({ corrections = [] }) => corrections)).toContainEqual({ rev: 1, from: 12, to: 12 });
  expect(receipts.flatMap(({ rejected }) => rejected.map(({ reason }) => reason))).toContain('identity-conflict');
  const versions = receipts.map(({ version }) => version);
  expect(versions).toEqual(versions.toSorted((a, b) => a - b));
  expect(new Set(versions).size).toBe(versions.length);
  console.log(
    `golden messages: ${live.seq.length} readings, 5 duplicates, 1 correction, 1 conflict, ${receipts.length} receipts`,
  );
});

function fixture(name: string): { topic: string; wire: string } {
  return JSON.parse(readFileSync(join(root, 'protocol/fixtures', `${name}.json`), 'utf8'));
}

const span = 'from=2014-01-29T15:00:00Z&to=2014-01-30T15:00:00Z';

function columns(httpUrl: string, id: string): Promise<ReadingColumns> {
  return getJson(httpUrl, `/stations/${id}/readings?${span}`);
}

function buckets(httpUrl: string): Promise<BucketColumns> {
  return getJson(httpUrl, `/stations/${golden}/readings?${span}&buckets=24`);
}

/**
 * A year of one station's backlog that arrives at once, beside live stations: how history keeps up with it, and whether
 * who lives now notices. A real platform process, real devices over TLS, all on one disk.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Episode } from '@siaga/protocol';
import { getJson, getMetric } from '../../harness/api.ts';
import { writeCatalogue } from '../../harness/catalogue.ts';
import { eventually } from '../../harness/eventually.ts';
import { temporaryFolder } from '../../harness/folders.ts';
import { type PlatformProcess, startPlatformProcess } from '../../harness/platform.ts';
import { watchStream } from '../../harness/watch.ts';
import { atMost, figure, type Row } from '../report.ts';
import { percentile } from '../statistics.ts';
import { type BacklogEvent, type BacklogJob, dayMin } from './backlog-job.ts';
import { type Live, liveStations, startLive } from './backlog-live.ts';

const dayMs = 86_400_000;
const aloneMs = 8_000;

type Backlog = {
  readonly station: string;
  readonly name: string;
  readonly days: number;
  readonly isShuffled: boolean;
};

const quarter: Backlog = { station: 'quarter', name: '1/4 year', days: 91, isShuffled: false };
const half: Backlog = { station: 'half', name: '1/2 year', days: 182, isShuffled: false };
const year: Backlog = { station: 'year', name: '1 year', days: 365, isShuffled: false };
const shuffled: Backlog = { station: 'shuffled', name: '1 year, shuffled', days: 365, isShuffled: true };

export async function benchBacklog(say: (progress: string) => void): Promise<Row[]> {
  const { path: folder, remove } = temporaryFolder('backlog');
  const stations = [...[quarter, half, year, shuffled].map(({ station }) => station), ...liveStations];
  const data = join(folder, 'platform');
  mkdirSync(data);
  say('backlog: a platform and its devices');
  const catalogue = writeCatalogue(
    folder,
    stations.map((id) => ({ id })),
  );
  const endings: (() => unknown)[] = [remove];
  try {
    const platform = await startPlatformProcess({ data, catalogue, stations });
    endings.push(() => platform.program.stop());
    const watch = await watchStream(platform.httpUrl);
    endings.push(() => watch.close());
    const live = await startLive(platform);
    endings.push(() => live.stop());
    // The first seconds compile.
    await pause(2_000);
    say('backlog: live stations alone');
    const aloneFromMs = Date.now();
    await pause(aloneMs);
    const aloneToMs = Date.now();
    const play = (backlog: Backlog) => {
      say(`backlog: ${backlog.name} beside them`);
      return playBacklog(platform, backlog);
    };
    const [short, middle, long, mixed] = [
      await play(quarter),
      await play(half),
      await play(year),
      await play(shuffled),
    ];
    const besideToMs = Date.now();
    await live.stop();
    await pause(500);
    const alone = live.delays(watch, aloneFromMs, aloneToMs);
    const beside = live.delays(watch, aloneToMs, besideToMs);
    return [
      ...[short, middle, long, mixed].flatMap(rowsOf),
      atMost(1.5, 'history: time per reading, 1 year : 1/4 year', long.foldMicros / short.foldMicros, ''),
      atMost(1.5, 'history: time per reading, 1 year : 1/2 year', long.foldMicros / middle.foldMicros, ''),
      atMost(3, 'history: time per reading, shuffled : in order', mixed.foldMicros / long.foldMicros, ''),
      ...delayRows(alone, beside),
      atMost(0, 'live readings that the stream never reached', live.missing(watch), ''),
    ];
  } finally {
    for (const end of endings.reverse()) await end();
  }
}

type Delays = ReturnType<Live['delays']>;

function delayRows(alone: Delays, beside: Delays): Row[] {
  const what = 'reading sent → judged and in the stream';
  return [
    figure(`live alone: ${what}, p50`, percentile(alone, 0.5), 'ms'),
    figure(`live alone: ${what}, p99`, percentile(alone, 0.99), 'ms'),
    figure(`beside the backlogs: ${what}, p50`, percentile(beside, 0.5), 'ms'),
    atMost(500, `beside the backlogs: ${what}, p99`, percentile(beside, 0.99), 'ms'),
  ];
}

type Played = {
  readonly backlog: Backlog;
  readonly arrivedS: number;
  readonly knownS: number;
  /** History's own time for each reading of the backlog, refolding and live stations included. */
  readonly foldMicros: number;
  /** Readings folded for each that came. */
  readonly folds: number;
};

function rowsOf({ backlog: { name, days }, arrivedS, knownS, foldMicros, folds }: Played): Row[] {
  const what = `backlog of ${name} (${(days * dayMin).toLocaleString('en')} readings)`;
  return [
    figure(`${what}: sent and acknowledged within`, arrivedS, 's'),
    figure(`${what}: all of its episodes known within`, knownS, 's'),
    figure(`${what}: time of folding`, foldMicros, 'µs/reading'),
    figure(`${what}: how often a reading was folded`, folds, ''),
  ];
}

async function playBacklog({ httpUrl, mqttUrl, pki }: PlatformProcess, backlog: Backlog): Promise<Played> {
  const { station, days, isShuffled } = backlog;
  // Whole days in the past, so that every flood of it is over.
  const startMs = (Math.floor(Date.now() / dayMs) - 3 - days) * dayMs;
  const [secondsBefore, readingsBefore] = await foldedSoFar(httpUrl);
  const [began, acknowledged] = await send({ mqttUrl, pki, station, startMs, days, isShuffled });
  await eventually(`${days} floods of ${station}`, () => isComplete(httpUrl, station, startMs, days), {
    withinMs: 60_000,
    everyMs: 100,
  });
  const knownMs = Date.now();
  const [seconds, readings] = await foldedSoFar(httpUrl);
  return {
    backlog,
    arrivedS: (acknowledged - began) / 1000,
    knownS: (knownMs - began) / 1000,
    foldMicros: ((seconds - secondsBefore) * 1e6) / (days * dayMin),
    folds: (readings - readingsBefore) / (days * dayMin),
  };
}

/** When it began, and when the last message was acknowledged. */
async function send(job: BacklogJob): Promise<[beganMs: number, acknowledgedMs: number]> {
  const script = fileURLToPath(new URL('./backlog.process.ts', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(job)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const events: BacklogEvent[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => events.push(JSON.parse(line) as BacklogEvent));
  await once(child, 'close');
  const [began, acknowledged] = events;
  if (began === undefined || acknowledged === undefined) throw new Error(`the backlog of ${job.station} was not sent`);
  return [began.atMs, acknowledged.atMs];
}

async function foldedSoFar(httpUrl: string): Promise<[seconds: number, readings: number]> {
  return [
    await getMetric(httpUrl, 'siaga_history_seconds_total'),
    await getMetric(httpUrl, 'siaga_history_readings_total'),
  ];
}

/** Each flood crosses two limits, and all are over. */
async function isComplete(httpUrl: string, station: string, startMs: number, floods: number): Promise<boolean> {
  const query = new URLSearchParams({ from: new Date(startMs).toISOString() });
  const { episodes } = await getJson<{ episodes: Episode[] }>(httpUrl, `/stations/${station}/episodes?${query}`);
  return episodes.length === 2 * floods && episodes.every(({ until }) => until !== null);
}

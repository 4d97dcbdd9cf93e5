import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { BucketColumns } from '@siaga/protocol';
import { getJson, getMetric } from '../../harness/api.ts';
import { writeCatalogue } from '../../harness/catalogue.ts';
import { eventually } from '../../harness/eventually.ts';
import { startPlatformProcess } from '../../harness/platform.ts';
import { type Watch, watchStream } from '../../harness/watch.ts';
import { atLeast, atMost, figure, type Row } from '../report.ts';
import { median } from '../statistics.ts';
import type { LoadEvent, LoadJob } from './load-job.ts';
import { cpuSecondsOf, residentMiBOf } from './process-use.ts';
import { measureRawSqlite } from './raw-sqlite.ts';

const connections = 200;
const warmUpMs = 3_000;
const windowMs = 8_000;
const rawRoundMs = 2_000;
const dayMs = 86_400_000;
const stations = Array.from({ length: connections }, (_, i) => `bench-${i + 1}`);

/** Readings a second of the best-known self-hosted stacks with their usual parts: reference for "end to end". */
const peersPerS = 3_333;
const batchOfRaw = 0.2;

type Round = {
  readonly perS: number;
  readonly cpuMicrosPerReading: number;
  readonly cpuShare: number;
  readonly residentMiB: number;
  /** Readings acknowledged, and not found afterwards by one of three ways of looking. */
  readonly acknowledged: number;
  readonly unstored: number;
  readonly unserved: number;
  readonly uncoveredStreams: number;
  readonly unseenStations: number;
};

/** Durable readings a second through broker, store, judge, receipts and stream, beside what `node:sqlite` alone takes. */
export async function measureThroughput(folder: string, say: (progress: string) => void): Promise<Row[]> {
  say(`throughput: certificates for ${connections} devices, then the platform`);
  const catalogue = writeCatalogue(
    folder,
    stations.map((id) => ({ id })),
  );
  const platform = await startPlatformProcess({ data: join(folder, 'platform'), catalogue, stations });
  try {
    const { httpUrl, mqttUrl, pki, program } = platform;
    const round = async (readingsPerMessage: number, firstAtMs: number, prepared: number): Promise<Round> => {
      say(`throughput: ${readingsPerMessage} reading(s) a message`);
      const watch = await watchStream(httpUrl);
      try {
        const job = { mqttUrl, pki, stations, readingsPerMessage, firstAtMs, warmUpMs, windowMs, prepared };
        return await playRound(job, httpUrl, program.pid, watch);
      } finally {
        watch.close();
      }
    };
    const nowMs = Date.now();
    const raw = [measureRawSqlite(folder, rawRoundMs)];
    const single = await round(1, nowMs - 120 * dayMs, 2_500);
    raw.push(measureRawSqlite(folder, rawRoundMs));
    const batch = await round(10, nowMs - 60 * dayMs, 1_200);
    raw.push(measureRawSqlite(folder, rawRoundMs));
    return rowsOf(median(raw), single, batch);
  } finally {
    await platform.program.stop();
  }
}

function rowsOf(rawPerS: number, single: Round, batch: Round): Row[] {
  const of = (name: string, round: Round): Row[] => [
    figure(`${name}: processor time of the platform`, round.cpuMicrosPerReading, 'µs/reading'),
    figure(`${name}: share of one processor`, round.cpuShare * 100, '%'),
    figure(`${name}: memory of the platform`, round.residentMiB, 'MiB'),
    figure(`${name}: readings acknowledged, warm-up included`, round.acknowledged, ''),
    atMost(0, `${name}: of these not counted as stored`, round.unstored, ''),
    atMost(0, `${name}: of these not served by the API`, round.unserved, ''),
    atMost(0, `${name}: streams whose receipts do not cover them`, round.uncoveredStreams, ''),
    atMost(0, `${name}: stations whose last value a stream client did not see`, round.unseenStations, ''),
  ];
  return [
    figure('limit: raw node:sqlite, WAL, FULL, 1,000 rows a commit', rawPerS, 'rows/s'),
    atLeast(peersPerS, 'durable end to end, mTLS, 1 reading a message', single.perS, 'readings/s'),
    figure('its ratio to raw node:sqlite (0.05 for a prototype)', single.perS / rawPerS, ''),
    ...of('1 a message', single),
    atLeast(peersPerS, 'durable end to end, mTLS, 10 readings a message', batch.perS, 'readings/s'),
    atLeast(batchOfRaw, 'its ratio to raw node:sqlite', batch.perS / rawPerS, ''),
    ...of('10 a message', batch),
  ];
}

async function playRound(job: LoadJob, httpUrl: string, pid: number, watch: Watch): Promise<Round> {
  const storedBefore = await getMetric(httpUrl, 'siaga_readings_stored_total');
  const load = startLoad(job);
  await load.event('began');
  const cpuBefore = cpuSecondsOf(pid);
  const measured = await load.event('measured');
  const cpuSeconds = cpuSecondsOf(pid) - cpuBefore;
  const residentMiB = residentMiBOf(pid);
  const settled = await load.event('settled');
  const unseen = () => unseenStations(watch, settled.lastAtMs);
  await eventually('every last value in the stream', () => unseen() === 0, { withinMs: 20_000 }).catch(() => {});
  return {
    perS: (measured.readings * 1000) / measured.windowMs,
    cpuMicrosPerReading: (cpuSeconds * 1e6) / measured.readings,
    cpuShare: (cpuSeconds * 1000) / measured.windowMs,
    residentMiB,
    acknowledged: settled.acknowledged,
    unstored: settled.acknowledged - ((await getMetric(httpUrl, 'siaga_readings_stored_total')) - storedBefore),
    unserved: settled.acknowledged - (await countServed(httpUrl, job, Math.max(...settled.lastAtMs))),
    uncoveredStreams: settled.uncovered,
    unseenStations: unseen(),
  };
}

type LoadProcess = {
  /** Resolves with that event; rejects when the process ends before it. */
  event<E extends LoadEvent['event']>(name: E): Promise<Extract<LoadEvent, { event: E }>>;
};

function startLoad(job: LoadJob): LoadProcess {
  const script = fileURLToPath(new URL('./load.process.ts', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(job)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const events: LoadEvent[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => events.push(JSON.parse(line) as LoadEvent));
  let ended: number | undefined;
  void once(child, 'close').then(([code]) => {
    ended = Number(code ?? -1);
  });
  return {
    async event<E extends LoadEvent['event']>(name: E) {
      const found = () => events.find((event): event is Extract<LoadEvent, { event: E }> => event.event === name);
      await eventually(`the load generator to have ${name}`, () => found() ?? ended !== undefined, {
        withinMs: 90_000,
        everyMs: 5,
      });
      const event = found();
      if (event === undefined) throw new Error(`the load generator ended (${ended}) before it had ${name}`);
      return event;
    },
  };
}

/** Readings that the API has of this round, over all stations. */
async function countServed(httpUrl: string, job: LoadJob, lastAtMs: number): Promise<number> {
  const query = new URLSearchParams({
    from: new Date(job.firstAtMs).toISOString(),
    to: new Date(lastAtMs + 1).toISOString(),
    buckets: '1',
  });
  let count = 0;
  for (const station of job.stations) {
    const columns: BucketColumns = await getJson(httpUrl, `/stations/${station}/readings?${query}`);
    count += columns.count.reduce((sum, each) => sum + each, 0);
  }
  return count;
}

function unseenStations(watch: Watch, lastAtMs: readonly number[]): number {
  const seenAtMs = new Map<string, number>();
  for (const { values } of watch.deltas())
    for (const { id, value } of values) seenAtMs.set(id, Date.parse(value.observedAt));
  return stations.filter((station, i) => seenAtMs.get(station) !== lastAtMs[i]).length;
}

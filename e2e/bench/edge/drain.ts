/** 30 days offline, then the link returns: a device's outbox into the real platform, with live readings beside it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aDraft, openFileOutbox } from '@siaga/firmware-host/testing';
import { countSeqs, decodeReadings } from '@siaga/protocol';
import { writeCatalogue } from '../../harness/catalogue.ts';
import { eventually } from '../../harness/eventually.ts';
import { startPlatformProcess } from '../../harness/platform.ts';
import { atMost, figure, type Row, type Suite } from '../report.ts';
import { percentile } from '../statistics.ts';
import { linkDevice } from './device-link.ts';

const station = 'bench-river';
const minutes = 30 * 1_440;
const atOnce = 1_000;
const liveEveryMs = 1_000;

export const benchDrain: Suite = async (say) => {
  const folder = mkdtempSync(join(tmpdir(), 'siaga-drain-'));
  const catalogue = writeCatalogue(folder, [{ id: station }]);
  const platform = await startPlatformProcess({ data: join(folder, 'platform'), catalogue, stations: [station] });
  try {
    say('stores 30 days offline, over a restart in their middle');
    await storeOffline(join(folder, 'outbox'), 0, minutes / 2);
    await storeOffline(join(folder, 'outbox'), minutes / 2, minutes);
    say('lets the link return');
    return await drain(join(folder, 'outbox'), platform);
  } finally {
    await platform.program.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};

const startMs = Date.now() - minutes * 60_000;
const minute = (i: number) =>
  aDraft({
    reading: {
      observedAtMs: Math.round(startMs + i * 60_000),
      distanceMm: 2_000 + Math.round(500 * Math.sin(i / 300)),
      spreadMm: Math.floor(i) % 5,
    },
  });

async function storeOffline(folder: string, from: number, to: number): Promise<void> {
  const outbox = await openFileOutbox({ folder });
  for (let i = from; i < to; i += atOnce)
    await Promise.all(Array.from({ length: Math.min(atOnce, to - i) }, (_, k) => outbox.append(minute(i + k))));
  await outbox.close();
}

async function drain(folder: string, { mqttUrl, pki }: { mqttUrl: string; pki: string }): Promise<Row[]> {
  const outbox = await openFileOutbox({ folder });
  const publishedMs: number[] = [];
  const storedMs = new Map<number, number>();
  const liveDelaysMs: number[] = [];
  let bytes = 0;
  const sinceMs = performance.now();
  const link = await linkDevice({
    station,
    url: mqttUrl,
    pki,
    outbox,
    onPublish(_kind, payload, acknowledged) {
      publishedMs.push(performance.now());
      bytes += payload.byteLength;
      const batch = decodeReadings(payload);
      const seqs = batch.ok ? batch.value.readings.map(({ seq }) => seq) : [];
      acknowledged.then(
        () => {
          for (const seq of seqs) {
            const atMs = storedMs.get(seq);
            if (atMs !== undefined) liveDelaysMs.push(performance.now() - atMs);
            storedMs.delete(seq);
          }
        },
        () => undefined,
      );
    },
  });
  let live = 0;
  const storeLive = async (): Promise<void> => {
    const stored = await outbox.append(minute(minutes + live++ / 60));
    storedMs.set(stored.reading.seq, performance.now());
    link.sender.stored(stored);
  };
  const timer = setInterval(() => void storeLive(), liveEveryMs);
  await eventually('everything old is settled', async () => countSeqs(outbox.state().unsettled) <= 2, {
    everyMs: 50,
    withinMs: 180_000,
  });
  const drainedS = (performance.now() - sinceMs) / 1_000;
  clearInterval(timer);
  await link.sender.drain(5_000);
  await link.close();
  await outbox.close();
  return [
    atMost(60, `drain: 30 days offline (${minutes} readings), link to last receipt`, drainedS, 's'),
    atMost(10, 'drain: most publishes in any second meanwhile', mostInASecond(publishedMs), '/s'),
    atMost(
      2,
      'drain: live reading stored to PUBACK meanwhile, 99th percentile',
      percentile(liveDelaysMs, 0.99) / 1_000,
      's',
    ),
    figure('drain: live readings beside it', liveDelaysMs.length, ''),
    figure('drain: messages', publishedMs.length, ''),
    figure('drain: payload', bytes / 1e6, 'MB'),
  ];
}

function mostInASecond(atMs: readonly number[]): number {
  return Math.max(...atMs.map((first) => atMs.filter((other) => other >= first && other < first + 1_000).length));
}

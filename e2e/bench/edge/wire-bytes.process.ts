/**
 * Exchanges messages with the real platform and counts the bytes that the kernel's IP layer carried, both directions,
 * headers included. Best in a network of its own, where nothing else speaks. Prints one JSON object.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { aDraft, createMemoryOutbox } from '@siaga/firmware-host/testing';
import { encodeJson, type Health } from '@siaga/protocol';
import { writeCatalogue } from '../../harness/catalogue.ts';
import { eventually } from '../../harness/eventually.ts';
import { startPlatformProcess } from '../../harness/platform.ts';
import { linkDevice } from './device-link.ts';
import { batchSizes, type WireCounts } from './wire-job.ts';

const station = 'bench-river';
/** Longer than the platform's least pause between two receipts, and than a delayed acknowledgement of TCP. */
const busyMs = 1_500;
/** A calm device as the platform sees it (receipt-need.ts): this long after it came, not more than 8 messages in 2 min. */
const arrivalMs = 62_000;
const calmMs = 18_000;
const samples = 3;
const pings = 8;

const folder = mkdtempSync(join(tmpdir(), 'siaga-wire-'));
const catalogue = writeCatalogue(folder, [{ id: station }]);
const platform = await startPlatformProcess({ data: join(folder, 'platform'), catalogue, stations: [station] });
try {
  process.stdout.write(`${JSON.stringify(await measure())}\n`);
} finally {
  await platform.program.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function measure(): Promise<WireCounts> {
  const outbox = createMemoryOutbox();
  let receipts = 0;
  const before = octets();
  // Long enough for no ping to come between.
  const open = (keepAliveS: number) =>
    linkDevice({
      station,
      url: platform.mqttUrl,
      pki: platform.pki,
      outbox,
      keepAliveS,
      greet: healthOf,
      onReceipt: () => {
        receipts++;
      },
    });
  const link = await open(600);
  const cameMs = performance.now();
  await pause(busyMs);
  const connect = octets() - before;

  const startMs = Date.now() - 5 * 86_400_000;
  let minute = 0;
  const sendOne = async (size: number): Promise<void> => {
    for (let k = 0; k < size; k++) {
      const i = minute++;
      const distanceMm = 2_300 + Math.round(80 * Math.sin(i / 40)) + (i % 3);
      const stored = await outbox.append(
        aDraft({ reading: { distanceMm, observedAtMs: startMs + i * 60_000, spreadMm: i % 4 } }),
      );
      link.sender.stored(stored, { hold: k < size - 1 });
    }
  };
  /** Bytes of a message of each size, each so long after the one before, and receipts that came for them. */
  const exchange = async (everyMs: number): Promise<{ bytes: number[]; receipts: number }> => {
    const receiptsFrom = receipts;
    const bytes: number[] = [];
    for (const size of batchSizes) {
      const from = octets();
      for (let i = 0; i < samples; i++) {
        await sendOne(size);
        await pause(everyMs);
      }
      bytes.push((octets() - from) / samples);
    }
    return { bytes, receipts: receipts - receiptsFrom };
  };

  const healthFrom = octets();
  for (let i = 0; i < 5; i++) {
    await link.uplink.publish('health', healthOf(1));
    await pause(busyMs);
  }
  const health = (octets() - healthFrom) / 5;

  await pause(Math.max(0, cameMs + arrivalMs - performance.now()));
  // Its receipt says that receipts will be seldom.
  await sendOne(1);
  await pause(calmMs);
  const calm = await exchange(calmMs);
  // So many in a row are no calm device any more.
  for (let i = 0; i < 10; i++) {
    await sendOne(1);
    await pause(200);
  }
  await pause(busyMs);
  const busy = await exchange(busyMs);
  const sizes = batchSizes.map((size, i) => ({ size, calm: calm.bytes[i] ?? 0, receipted: busy.bytes[i] ?? 0 }));
  await eventually('every PUBACK is here', () => link.sender.counts().acks === link.sender.counts().publishes);

  await link.close();

  const idle = await open(1);
  await pause(busyMs);
  const pingFrom = octets();
  await pause(pings * 1_000);
  const ping = (octets() - pingFrom) / pings;
  await idle.close();
  return {
    sizes,
    calmReceipts: calm.receipts,
    busyReceipts: busy.receipts / (samples * sizes.length),
    connect,
    health,
    ping,
  };
}

/** What an agent tells of itself, at its ordinary length. */
function healthOf(connection: number): Uint8Array {
  return encodeJson({
    v: 1,
    state: 'online',
    connection,
    at: new Date().toISOString(),
    boot: '0dd11acb-71ee-4618-b6db-bcd764efe39f',
    stream: 'abcdefghijklmnop',
    uptimeS: 86_400,
    clock: 'synced',
    maintenanceUntil: null,
    backlog: { count: 0, oldestAt: null },
    batteryMv: 12_600,
    diskFreeBytes: 12_345_678_901,
    gauges: [
      {
        gauge: 'main',
        link: 'open',
        lastFrameAt: new Date().toISOString(),
        frames: 604_800,
        discardedBytes: 12,
        badFrames: 3,
      },
    ],
    machine: {
      cpuDeciC: 512,
      throttled: 0,
      diskTotalBytes: 31_000_000_000,
      rssBytes: 71_000_000,
      signal: { kind: 'cellular', dbm: -87 },
    },
    start: { number: 12, reason: 'ordered' },
    cadence: { sampleS: 60, reportS: 300, reason: 'calm' },
    notKept: 0,
    certificateExpiresAt: '2027-06-01T00:00:00.000Z',
  } satisfies Health);
}

/** Bytes of all IP packets received so far in this network namespace; over loopback each packet is received once. */
function octets(): number {
  const lines = readFileSync('/proc/net/netstat', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('IpExt:'));
  const [names = [], values = []] = lines.map((line) => line.split(/\s+/));
  return Number(values[names.indexOf('InOctets')]);
}

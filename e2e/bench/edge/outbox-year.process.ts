/**
 * One outbox in a process of its own, so that its start and its memory are its own:
 * `start FOLDER` opens it, stores one reading and tells how long that took; `offline FOLDER` stores 10 days,
 * until its code has been compiled, then 30 more, and tells of its memory before and after those.
 */
import { aDraft, openFileOutbox } from '@siaga/firmware-host/testing';

const [, , what = '', folder = ''] = process.argv;
const minutesADay = 1_440;
const atOnce = 20;

function rssMb(): number {
  globalThis.gc?.();
  return process.memoryUsage().rss / 1e6;
}

const minute = (i: number) =>
  aDraft({ reading: { observedAtMs: Date.UTC(2026, 0, 1) + i * 60_000, distanceMm: 2_000 + (i % 700) } });

const before = rssMb();
const outbox = await openFileOutbox({ folder, ballastBytes: 4e6 });
await outbox.append(minute(600_000));
const sinceStartMs = performance.now();
const storeDays = async (from: number, to: number): Promise<void> => {
  for (let i = from * minutesADay; i < to * minutesADay; i += atOnce)
    await Promise.all(Array.from({ length: atOnce }, (_, k) => outbox.append(minute(600_001 + i + k))));
};
if (what === 'offline') await storeDays(0, 10);
const opened = rssMb();
if (what === 'offline') await storeDays(10, 40);
const { held, bytes } = outbox.state();
process.stdout.write(`${JSON.stringify({ sinceStartMs, before, opened, after: rssMb(), held, bytes })}\n`);
await outbox.close();

/** The station that comes back after long: a process of its own, so that it takes no time from who measures. */
import { systemClock } from '@siaga/protocol';
import { openPublisher, type StagePoint } from '../../harness/publisher.ts';
import { type BacklogJob, dayMin } from './backlog-job.ts';

const minuteMs = 60_000;
const perMessage = 1000;
/** Messages that are unacknowledged at a time. */
const inFlight = 4;

/** A flood of some hours each day at noon, above the second of three limits. */
function stageAt(minute: number): number {
  const fromNoon = (minute % dayMin) - dayMin / 2;
  return 500 + Math.round(1800 * Math.exp(-((fromNoon / 80) ** 2)) + 20 * Math.sin(minute / 7));
}

function messagesOf({ startMs, days, isShuffled }: BacklogJob): StagePoint[][] {
  const minutes = days * dayMin;
  const messages = Array.from({ length: Math.ceil(minutes / perMessage) }, (_, m) =>
    Array.from({ length: Math.min(perMessage, minutes - m * perMessage) }, (_, i) => {
      const minute = m * perMessage + i;
      return { atMs: startMs + minute * minuteMs, stageMm: stageAt(minute) };
    }),
  );
  if (!isShuffled) return messages;
  // Always the same disorder.
  const keyed = messages.map((message, i) => [(i * 7919) % 10_007, message] as const);
  return keyed.sort(([a], [b]) => a - b).map(([, message]) => message);
}

const job = JSON.parse(process.argv[2] ?? '') as BacklogJob;
const { now } = systemClock();
const publisher = await openPublisher(job);
const left = messagesOf(job).values();
const tell = (event: 'began' | 'acknowledged') => process.stdout.write(`${JSON.stringify({ event, atMs: now() })}\n`);

async function sendOn(): Promise<void> {
  for (const message of left) await publisher.publish(message);
}

tell('began');
await Promise.all(Array.from({ length: inFlight }, sendOn));
tell('acknowledged');
await publisher.close();

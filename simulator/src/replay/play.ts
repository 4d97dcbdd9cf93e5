import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Agent } from '@siaga/firmware-host';
import { type Clock, realMs, type StationId } from '@siaga/protocol';
import type { Logger } from 'pino';
import { noise } from '../faults.ts';
import { type LockStep, startLockStep } from '../lock-step.ts';
import { virtualGauge } from '../virtual-gauge.ts';
import { openVirtualTty } from '../virtual-tty.ts';
import type { Row } from './csv.ts';
import type { Instrument } from './instrument.ts';
import type { Pace } from './pace.ts';

const pings = 7;
const settleTimeoutMs = 30_000;

export type PlayOptions = {
  readonly folder: string;
  readonly station: StationId;
  readonly pace: Pace;
  readonly clock: Clock;
  readonly mqttUrl: string;
  readonly log: Logger;
  readonly noiseMm: number;
  readonly signal: AbortSignal | undefined;
  say(line: string): void;
};

/**
 * Plays the rows to the platform, one burst a row when the clock has reached its time, and resolves when
 * receipts cover them all (or none has come for 30 s: the verdict will tell what is missing).
 */
export async function playRows(rows: readonly Row[], instrument: Instrument, options: PlayOptions): Promise<void> {
  const { folder, station, pace, mqttUrl, log, noiseMm } = options;
  const { gauge, sensor, type } = instrument;
  const tty = await openVirtualTty({ link: join(folder, 'tty') });
  let steps: LockStep | undefined;
  try {
    const credentials = join(folder, 'pki', 'devices', station);
    steps = await startLockStep({
      config: {
        station,
        data: join(folder, 'agent'),
        sampling: { intervalS: pace.intervalS, pings, trigger: 'burst' },
        gauges: [sensor.configOf(gauge, tty.path, type)],
        uplink: {
          url: mqttUrl,
          ca: join(credentials, 'ca.crt'),
          cert: join(credentials, 'device.crt'),
          key: join(credentials, 'device.key'),
        },
      },
      startMs: (rows[0] as Row).atMs,
      speed: pace.speed,
      log,
      gaugeBy: (own) =>
        virtualGauge({
          station,
          gauge,
          sensor,
          type,
          tty,
          clock: own,
          faults: noiseMm > 0 ? [noise(noiseMm, station)] : [],
        }),
    });
    await sendRows(steps, rows, instrument, options);
    await settled(steps.agent, options.signal);
  } finally {
    await steps?.stop();
    await tty.close();
  }
}

async function sendRows(
  steps: LockStep,
  rows: readonly Row[],
  instrument: Instrument,
  { clock, say, signal }: PlayOptions,
): Promise<void> {
  const tenth = Math.max(1, Math.ceil(rows.length / 10));
  for (const [i, row] of rows.entries()) {
    await reached(clock, row.atMs, signal);
    if (signal?.aborted) return;
    await steps.read(row.atMs, instrument.distanceMm(row));
    if ((i + 1) % tenth === 0) say(`${i + 1} of ${rows.length} rows, ${new Date(row.atMs).toISOString()}`);
  }
}

/** Waits until the clock has reached `atMs`, or the signal aborts. */
async function reached(clock: Clock, atMs: number, signal?: AbortSignal): Promise<void> {
  for (let leftMs = atMs - clock.now(); leftMs > 0 && !signal?.aborted; leftMs = atMs - clock.now())
    await sleep(Math.min(1000, Math.max(1, realMs(clock, leftMs))));
}

/** Waits until the platform's broker has everything, which it takes only when it is stored; gives up, to judge what is there, after 30 s without progress. */
async function settled(agent: Agent, signal?: AbortSignal): Promise<void> {
  let [left, since] = [agent.status().backlog, Date.now()];
  while (left > 0 && Date.now() - since < settleTimeoutMs && !signal?.aborted) {
    await sleep(50);
    const now = agent.status().backlog;
    if (now < left) [left, since] = [now, Date.now()];
  }
}

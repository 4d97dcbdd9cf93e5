import type { AgentConfig } from '@siaga/firmware-host';
import type { Clock } from '@siaga/protocol';
import type { Logger } from 'pino';
import { startLockStep } from '../lock-step.ts';
import type { Rig } from './rig.ts';

/** The back-fill's reporting interval. */
export const backfillIntervalMs = 60_000;

export type BackfillOptions = {
  readonly rig: Rig;
  readonly config: AgentConfig;
  /** The demonstration's clock: the back-fill runs until it has caught up with it. */
  readonly clock: Clock;
  readonly fromMs: number;
  readonly log: Logger;
  readonly signal: AbortSignal;
  onReading(): void;
};

/**
 * Plays a station's past through its own agent, which has no uplink: at each full minute after `fromMs`
 * one burst on the tty, durable in the outbox before the next. Resolves when the present is reached or
 * the signal aborts.
 */
export async function backfillStation(options: BackfillOptions): Promise<void> {
  const { rig, config, clock, fromMs, log, signal, onReading } = options;
  let atMs = (Math.floor(fromMs / backfillIntervalMs) + 1) * backfillIntervalMs;
  if (atMs > clock.now()) return;
  const steps = await startLockStep({ config, startMs: atMs, log, gaugeBy: (own) => rig.gaugeBy(own) });
  try {
    for (; atMs <= clock.now() && !signal.aborted; atMs += backfillIntervalMs) {
      await steps.read(atMs, rig.distanceMm(atMs));
      rig.bookmark.move(atMs);
      onReading();
    }
  } finally {
    await steps.stop();
  }
}

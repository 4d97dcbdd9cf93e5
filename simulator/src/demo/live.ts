import type { Clock } from '@siaga/protocol';
import { realMs } from '@siaga/protocol';
import type { VirtualGauge } from '../virtual-gauge.ts';

/** Timers cannot wait longer than this many ms. */
const maxTimerMs = 2 ** 31 - 1;

export type LiveOptions = {
  readonly gauge: VirtualGauge;
  readonly clock: Clock;
  readonly intervalMs: number;
  /** When within each interval this sensor is woken: gauges do not all speak at once. */
  readonly phaseMs: number;
  distanceMm(atMs: number): number;
  onFault(fault: unknown): void;
};

/** Wakes a sensor once in each interval of the clock until stopped; intervals missed are not made up for. */
export function wakeRegularly({ gauge, clock, intervalMs, phaseMs, distanceMm, onFault }: LiveOptions): {
  stop(): Promise<void>;
} {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let waking: Promise<unknown> = Promise.resolve();

  function schedule(): void {
    if (stopped) return;
    const nowMs = clock.now();
    const nextMs = (Math.floor((nowMs - phaseMs) / intervalMs) + 1) * intervalMs + phaseMs;
    timer = setTimeout(wake, Math.min(maxTimerMs, Math.max(1, realMs(clock, nextMs - nowMs))));
  }
  function wake(): void {
    waking = gauge.burst(distanceMm(clock.now())).catch(onFault).finally(schedule);
  }
  schedule();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await waking;
    },
  };
}

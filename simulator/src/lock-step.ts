import { setTimeout as sleep } from 'node:timers/promises';
import { type Agent, type AgentConfig, startAgent } from '@siaga/firmware-host';
import { type Clock, type SteppedClock, steppedClock } from '@siaga/protocol';
import type { Logger } from 'pino';
import type { VirtualGauge } from './virtual-gauge.ts';

const openTimeoutMs = 10_000;
const storedTimeoutMs = 10_000;

/** An agent whose clock stands still until the reading of each burst is durable. */
export type LockStep = {
  readonly agent: Agent;
  /** Moves the clock to `atMs`, lets the gauge send one burst of that distance, and waits until its reading is durable. */
  read(atMs: number, distanceMm: number): Promise<void>;
  stop(): Promise<void>;
};

export type LockStepOptions = {
  readonly config: AgentConfig;
  readonly startMs: number;
  readonly speed?: number;
  readonly log: Logger;
  gaugeBy(clock: Clock): VirtualGauge;
};

/** Starts an agent of one gauge (trigger `burst`) under a stepped clock; resolves when it has the line open. */
export async function startLockStep({ config, startMs, speed, log, gaugeBy }: LockStepOptions): Promise<LockStep> {
  const clock: SteppedClock = steppedClock(startMs, speed);
  const gauge = gaugeBy(clock);
  let waiting: (() => void) | undefined;
  const agent = await startAgent({ config, clock, log, onStored: () => waiting?.() });
  try {
    await lineOpen(agent, config.station);
  } catch (error) {
    await agent.stop();
    throw error;
  }
  return {
    agent,
    async read(atMs, distanceMm) {
      clock.moveTo(atMs);
      const stored = new Promise<void>((done, failed) => {
        const timer = setTimeout(
          () => failed(new Error(`${config.station}: a burst did not become a reading within 10 s`)),
          storedTimeoutMs,
        );
        waiting = () => {
          clearTimeout(timer);
          done();
        };
      });
      await Promise.all([gauge.burst(distanceMm, config.sampling.pings), stored]);
    },
    stop: () => agent.stop(),
  };
}

/** Waits until the agent has its serial line open: what is written before is flushed by its opening. */
export async function lineOpen(agent: Agent, station: string): Promise<void> {
  for (const deadline = Date.now() + openTimeoutMs; ; await sleep(5)) {
    if (agent.status().gauges.every((gauge) => gauge.link === 'open')) return;
    if (Date.now() > deadline) throw new Error(`${station}: the agent did not open its serial line within 10 s`);
  }
}

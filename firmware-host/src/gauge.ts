/** One gauge at work: bytes from its line through framer, driver and burst to readings without a number. */
import { type Clock, type GaugeHealth, realMs } from '@siaga/protocol';
import type { Draft } from './outbox/outbox.ts';
import { buildReading, type Stamp } from './readings/build.ts';
import { type Burst, createBurstCollector, tickMs } from './readings/burst.ts';
import type { SensorDriver } from './sensors/driver.ts';
import { createDriver, type GaugeConfig } from './sensors/index.ts';
import { createFramer, type FramerCounts } from './serial/framer.ts';
import type { LinkState, OpenLink } from './serial/link.ts';

export type GaugeEvents = {
  onDraft(draft: Draft): void;
  /** The line opened or closed, or the sensor told its name. */
  onChange(what: { readonly link: LinkState; readonly reason: string } | { readonly identity: string }): void;
};

export type GaugeStatus = FramerCounts & {
  readonly gauge: string;
  readonly link: LinkState;
  readonly reopens: number;
  readonly bursts: number;
  readonly lastFrameAtMs: number | null;
  /** What the sensor said of itself, newest last; empty if it says nothing. */
  readonly identity: readonly string[];
};

export type Gauge = {
  readonly driver: SensorDriver;
  readonly config: GaugeConfig;
  status(): GaugeStatus;
  health(): GaugeHealth;
  /** Closes the line and hands over a begun burst. */
  stop(): Promise<void>;
};

export type Sampling = { readonly intervalS: number; readonly pings: number; readonly trigger: 'interval' | 'burst' };

const longestBurstMs = 10_000;
const burstSilenceMs = 150;
const identitiesKept = 4;

export function openGauge(
  config: GaugeConfig,
  sampling: Sampling,
  { clock, openLink, stamp }: { clock: Clock; openLink: OpenLink; stamp: () => Omit<Stamp, 'gauge' | 'intervalS'> },
  events: GaugeEvents,
): Gauge {
  const driver = createDriver(config);
  const framer = createFramer(driver.frames);
  const intervalMs = sampling.intervalS * 1_000;
  // A run of pings may last longer than a compressed clock's interval; a multiple's burst must end before the next.
  const timeoutMs =
    sampling.trigger === 'burst' ? longestBurstMs : Math.min(longestBurstMs, 0.8 * realMs(clock, intervalMs));
  const collector = createBurstCollector(
    { ...sampling, intervalMs, timeoutMs, silenceMs: burstSilenceMs },
    clock.now(),
  );
  let bursts = 0;
  let lastFrameAtMs: number | null = null;
  let identity: string[] = [];

  const finish = (done: readonly Burst[]): void => {
    for (const burst of done) {
      bursts++;
      const shared = { ...stamp(), gauge: config.gauge, intervalS: sampling.intervalS };
      events.onDraft(buildReading(burst, { driver, pings: sampling.pings, userSpan: config.userSpan }, shared));
    }
  };
  const moment = () => ({ nowMs: clock.now(), realMs: performance.now() });

  const onFrame = (frame: Uint8Array): void => {
    lastFrameAtMs = clock.now();
    const decoded = driver.decode(frame);
    if (decoded.kind === 'sample') finish(collector.sample(decoded.sample, moment()));
    else if (!identity.includes(decoded.text)) {
      identity = [...identity, decoded.text].slice(-identitiesKept);
      events.onChange({ identity: decoded.text });
    }
  };

  const onBytes = (bytes: Uint8Array): void => {
    const before = framer.counts();
    const frames = framer.push(bytes);
    const after = framer.counts();
    const activity = {
      bytes: bytes.length,
      badFrames: after.badFrames - before.badFrames,
      discardedBytes: after.discardedBytes - before.discardedBytes,
    };
    finish(collector.heard(activity, moment()));
    frames.forEach(onFrame);
  };

  const link = openLink(
    { path: config.port, baudRate: driver.baudRate },
    { onBytes, onState: (state, reason) => events.onChange({ link: state, reason }) },
  );
  const ticking = setInterval(() => finish(collector.tick(moment())), tickMs);

  const status = (): GaugeStatus => ({
    ...framer.counts(),
    gauge: config.gauge,
    link: link.state(),
    reopens: link.reopens(),
    bursts,
    lastFrameAtMs,
    identity,
  });
  return {
    driver,
    config,
    status,
    health() {
      const { gauge, link: state, frames, badFrames, discardedBytes } = status();
      const lastFrameAt = lastFrameAtMs === null ? null : new Date(lastFrameAtMs).toISOString();
      return { gauge, link: state, lastFrameAt, frames, discardedBytes, badFrames };
    },
    async stop() {
      clearInterval(ticking);
      await link.close();
      finish(collector.flush());
    },
  };
}

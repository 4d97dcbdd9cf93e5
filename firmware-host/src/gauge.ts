/** One gauge at work: bytes from its line through framer, driver and burst to readings without a number. */
import { type Clock, type GaugeHealth, realMs } from '@siaga/protocol';
import type { Draft } from './outbox/outbox.ts';
import { buildReading, type Stamp } from './readings/build.ts';
import { type Burst, createBurstCollector, tickMs } from './readings/burst.ts';
import type { Decoded, SensorDriver } from './sensors/driver.ts';
import { createDriver, type GaugeConfig } from './sensors/index.ts';
import { type Heard, listen } from './sensors/listen.ts';
import type { FramerCounts } from './serial/framer.ts';
import type { LinkState, OpenLink } from './serial/link.ts';
import { monotonicMs } from './wait.ts';

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
  const moment = () => ({ nowMs: clock.now(), realMs: monotonicMs() });

  const onDecoded = (decoded: Decoded): void => {
    lastFrameAtMs = clock.now();
    if (decoded.kind === 'sample') finish(collector.sample(decoded.sample, moment()));
    else if (!identity.includes(decoded.text)) {
      identity = [...identity, decoded.text].slice(-identitiesKept);
      events.onChange({ identity: decoded.text });
    }
  };

  const onHeard = ({ decoded, ...activity }: Heard): void => {
    finish(collector.heard(activity, moment()));
    decoded.forEach(onDecoded);
  };

  const link = openLink(
    { path: config.port, baudRate: driver.baudRate },
    {
      onBytes: (bytes) => listener.push(bytes),
      onState: (state, reason) => events.onChange({ link: state, reason }),
    },
  );
  const listener = listen(driver, link, onHeard);
  const ticking = setInterval(() => finish(collector.tick(moment())), tickMs);

  const status = (): GaugeStatus => ({
    ...listener.counts(),
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
      listener.close();
      await link.close();
      finish(collector.flush());
    },
  };
}

/** One gauge at work: bytes from its line through framer, driver and burst to flagged readings without a number. */
import { type Clock, type GaugeHealth, type LineProblem, type Reading, realMs } from '@siaga/protocol';
import type { Draft } from './outbox/outbox.ts';
import { buildReading, type GaugeTraits, type News, type Stamp } from './readings/build.ts';
import { type Burst, createBurstCollector, type Moment } from './readings/burst.ts';
import { createLineWatch } from './readings/line-watch.ts';
import { noMemory, type QcMemory } from './readings/memory.ts';
import { qcRulesOf } from './readings/qc/rules.ts';
import { collecting, type Sampling, silentAfterMs } from './readings/sampling.ts';
import { createSayings } from './readings/sayings.ts';
import { createSideBursts } from './readings/side-bursts.ts';
import { openThermometers } from './readings/thermometers.ts';
import { createWakeUp } from './readings/wake-up.ts';
import type { Decoded, SensorDriver } from './sensors/driver.ts';
import { createDriver, type GaugeConfig } from './sensors/index.ts';
import { type Heard, listen } from './sensors/listen.ts';
import type { FramerCounts } from './serial/framer.ts';
import type { LinkState, OpenLink } from './serial/link.ts';
import { monotonicMs } from './wait.ts';

export type { Sampling };

export type GaugeEvents = {
  /** `news`: what the reading says beyond itself, such as that it must not wait. */
  onDraft(draft: Draft, news: News): void;
  /** The line opened or closed, the sensor told its name, or what ails it came, changed or went. */
  onChange(
    what:
      | { readonly link: LinkState; readonly reason: string }
      | { readonly identity: string }
      | { readonly problem: LineProblem | null }
      | { readonly advice: string }
      | { readonly thermometer: string | null },
  ): void;
};

export type GaugeStatus = FramerCounts & {
  readonly gauge: string;
  readonly link: LinkState;
  readonly reopens: number;
  readonly bursts: number;
  readonly lastFrameAtMs: number | null;
  /** What the sensor said of itself, newest last; empty if it says nothing. */
  readonly identity: readonly string[];
  readonly problem: LineProblem | null;
  /** What the sensor's answers say that a person should see to, newest last. */
  readonly advice: readonly string[];
  /** What ails a thermometer, as a sentence; null where none does. */
  readonly thermometer: string | null;
};

/** What came over the line at once, and what it meant: for `tail`. */
export type Frame = Omit<Heard, 'bytes'> & { readonly atMs: number; readonly bytes: Uint8Array };

/** What pings on demand gave. `rawDistanceMm` is the sensor's own; `distanceMm` is corrected for the air's temperature. */
export type Measured = Omit<Reading, 'seq' | 'clock' | 'correctionMm'> & {
  readonly rawDistanceMm: number | null;
  readonly pings: number;
};

export type Gauge = {
  readonly driver: SensorDriver;
  readonly config: GaugeConfig;
  status(): GaugeStatus;
  health(): GaugeHealth;
  /** Takes effect at the next multiple of the new interval. */
  setSampling(sampling: Sampling): void;
  /**
   * Takes the next pings as a measurement beside the readings: for a calibration or a look at the sensor. Resolves
   * with what came when the sensor gave too little within 10 s or a second a ping, whichever is longer.
   */
  measure(pings: number): Promise<Measured>;
  /** Hears every frame until the returned function is called. */
  tap(onFrame: (frame: Frame) => void): () => void;
  /** Closes the line and hands over a begun burst. */
  stop(): Promise<void>;
};

export type GaugeParts = {
  readonly clock: Clock;
  readonly openLink: OpenLink;
  /** `intervalS` is the reporting interval in force; that of sampling if not given. */
  readonly stamp: () => Omit<Stamp, 'gauge' | 'intervalS'> & { readonly intervalS?: number };
  /** Where the tests' memory lives between two runs; nowhere if not given. */
  readonly memory?: QcMemory;
};

export function openGauge(
  config: GaugeConfig,
  initial: Sampling,
  { clock, openLink, stamp, memory = noMemory }: GaugeParts,
  events: GaugeEvents,
): Gauge {
  const driver = createDriver(config);
  const rules = qcRulesOf(config, driver);
  const thermometers = openThermometers(config.temperature, (thermometer) => events.onChange({ thermometer }));
  let sampling = initial;
  let collector = createBurstCollector(collecting(sampling, clock), clock.now());
  let qc = memory.load();
  let bursts = 0;
  let lastFrameAtMs: number | null = null;
  const identity = createSayings();
  const advice = createSayings();
  const taps = new Set<(frame: Frame) => void>();
  const untold: Uint8Array[] = [];

  const moment = (): Moment => ({ nowMs: clock.now(), realMs: monotonicMs() });
  const build = (burst: Burst, pings: number) => {
    const traits: GaugeTraits = { driver, pings, rules, temperature: config.temperature };
    const shared = { intervalS: sampling.intervalS, ...stamp(), gauge: config.gauge };
    return buildReading(burst, traits, { state: qc, air: thermometers.read() }, shared);
  };

  const finish = (done: readonly Burst[]): void => {
    for (const burst of done) {
      bursts++;
      const { draft, news, state } = build(burst, sampling.pings);
      qc = state;
      memory.save(state);
      line.dead(news.dead);
      events.onDraft(draft, news);
      // It has gone out already, for no alarm waits; whether it was wild or fast water, only another one can tell.
      if (news.move === 'departs' && !burst.again) collector.again(moment());
    }
  };

  const sides = createSideBursts();
  const line = createLineWatch((problem) => events.onChange({ problem }));
  const silentMs = () => silentAfterMs(sampling, clock);
  const wakeUp = createWakeUp(() => {
    const at = moment();
    finish(collector.tick(at));
    sides.tick(at);
    line.look(at.realMs, silentMs());
    return waitMs(at);
  });
  const waitMs = (at: Moment): number => {
    const { atMs, inRealMs } = collector.due(at);
    const multiple = atMs === null ? Number.POSITIVE_INFINITY : realMs(clock, atMs - at.nowMs);
    return Math.min(multiple, inRealMs ?? Number.POSITIVE_INFINITY);
  };

  const onDecoded = (decoded: Decoded, at: Moment): void => {
    lastFrameAtMs = at.nowMs;
    if (decoded.kind === 'sample') {
      finish(collector.sample(decoded.sample, at));
      sides.sample(decoded.sample, at);
    } else if (decoded.kind === 'identity') {
      if (identity.add(decoded.text)) events.onChange({ identity: decoded.text });
    } else if (advice.add(decoded.text)) events.onChange({ advice: decoded.text });
  };

  const onHeard = (heard: Heard): void => {
    const { decoded, ...activity } = heard;
    const at = moment();
    line.heard(activity.bytes, decoded.length, at.realMs);
    finish(collector.heard(activity, at));
    sides.heard(activity);
    for (const each of decoded) onDecoded(each, at);
    const bytes = Buffer.concat(untold.splice(0));
    for (const tap of taps) tap({ ...heard, bytes, atMs: at.nowMs });
    wakeUp.soon(waitMs(at));
  };

  const link = openLink(
    { path: config.port, baudRate: driver.baudRate, parity: driver.parity ?? 'none' },
    {
      onBytes(bytes) {
        if (taps.size > 0) untold.push(bytes);
        line.raw(bytes);
        listener.push(bytes);
      },
      onState(state, reason, problem = null) {
        line.link(state, problem, monotonicMs());
        events.onChange({ link: state, reason });
        line.look(monotonicMs(), silentMs());
      },
    },
  );
  const listener = listen(driver, link, onHeard);

  const status = (): GaugeStatus => ({
    ...listener.counts(),
    gauge: config.gauge,
    link: link.state(),
    reopens: link.reopens(),
    bursts,
    lastFrameAtMs,
    identity: identity.all(),
    advice: advice.all(),
    problem: line.problem(),
    thermometer: thermometers.fault(),
  });
  return {
    driver,
    config,
    status,
    health() {
      const { gauge, link: state, frames, badFrames, discardedBytes, problem } = status();
      const lastFrameAt = lastFrameAtMs === null ? null : new Date(lastFrameAtMs).toISOString();
      return { gauge, link: state, lastFrameAt, frames, discardedBytes, badFrames, problem };
    },
    setSampling(next) {
      const settings = collecting(next, clock);
      const at = moment();
      if (next.trigger === sampling.trigger) collector.retune(settings, at);
      else {
        finish(collector.flush());
        collector = createBurstCollector(settings, at.nowMs);
      }
      sampling = next;
      wakeUp.soon(waitMs(at));
    },
    async measure(pings) {
      const { reading } = build(await sides.take(pings, moment()), pings).draft;
      const { clock: _, correctionMm = 0, distanceMm, ...rest } = reading;
      return { ...rest, distanceMm, rawDistanceMm: distanceMm === null ? null : distanceMm - correctionMm, pings };
    },
    tap(onFrame) {
      taps.add(onFrame);
      return () => void taps.delete(onFrame);
    },
    async stop() {
      wakeUp.stop();
      listener.close();
      await link.close();
      finish(collector.flush());
      sides.close();
      memory.close();
    },
  };
}

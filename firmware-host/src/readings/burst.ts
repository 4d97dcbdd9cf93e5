/**
 * Gathers a sensor's pings into bursts, one burst a reading. Pure: times come in with each call.
 *
 * `interval`: with the first bytes, and at each multiple of the interval, by the clock, the next `pings` samples;
 * complete with the last of them, or after a timeout. Multiples that passed unseen (a suspended machine) stay gaps. A clock
 * that is set back does not stop it: it goes on at the next multiple by the new time.
 * `burst`: each run of `pings` samples, or a shorter one that a silence or the timeout closes. For sensors that
 * are woken.
 *
 * A second burst can be asked for (`again`), to learn whether the newest reading was wild. It begins 5 s later, so
 * that it is there within 10 s, and that what flew, fell or swam through has gone; where readings come as often
 * as that, the next one serves.
 */
import type { Sample } from '../sensors/driver.ts';

/** `nowMs`: the clock's time, ms UTC. `realMs`: the kernel's monotonic clock, ms since this boot. */
export type Moment = { readonly nowMs: number; readonly realMs: number };

/** What the line gave since the last call: bytes in all, and how much of them was thrown away. */
export type LineActivity = { readonly bytes: number; readonly badFrames: number; readonly discardedBytes: number };

export type Burst = LineActivity & {
  readonly observedAtMs: number;
  /** The monotonic clock at that moment. */
  readonly monoMs: number;
  readonly samples: readonly Sample[];
  /** Taken to confirm the one before. */
  readonly again?: boolean;
};

export type BurstSettings = {
  readonly trigger: 'interval' | 'burst';
  readonly pings: number;
  readonly intervalMs: number;
  /** Real ms after which a burst ends with what it has. */
  readonly timeoutMs: number;
  /** `burst`: real ms without a byte that end a burst. */
  readonly silenceMs: number;
};

export type BurstCollector = {
  /** Bytes came. To be called before their samples. Gives the bursts that ended meanwhile. */
  heard(activity: LineActivity, at: Moment): Burst[];
  sample(sample: Sample, at: Moment): Burst[];
  /** Time passed. To be called when `due` says, or more often. */
  tick(at: Moment): Burst[];
  /** When `tick` is wanted next: at a time of the clock, or after real ms; null for not at all. */
  due(at: Moment): { readonly atMs: number | null; readonly inRealMs: number | null };
  /** `interval`: takes one more burst in 5 s; the next multiple takes its place if it is not over by then. */
  again(at: Moment): void;
  /** Other settings under the same trigger. What is under way ends by the new ones, the next begins at their next multiple. */
  retune(settings: BurstSettings, at: Moment): void;
  /** Ends a begun burst of the trigger `burst`: the line's last words. */
  flush(): Burst[];
};

/**
 * A tick counts at most this much silence: after a stall of the process the bytes that wait in the
 * kernel are read before the silence is believed.
 */
const tickMs = 50;

/** Between a reading and the burst that bears it out, by the clock. */
const againMs = 5_000;
const oftenMs = 10_000;

type OpenBurst = {
  startedAtMs: number;
  startedMonoMs: number;
  openedRealMs: number;
  samples: Sample[];
  bytes: number;
  badFrames: number;
  discardedBytes: number;
  readonly again: boolean;
};

export function createBurstCollector(settings: BurstSettings, startedAtMs: number): BurstCollector {
  return settings.trigger === 'interval' ? intervalCollector(settings, startedAtMs) : runCollector(settings);
}

function intervalCollector(initial: BurstSettings, startedAtMs: number): BurstCollector {
  let { pings, intervalMs, timeoutMs } = initial;
  let window = Math.floor(startedAtMs / intervalMs);
  let open: OpenBurst | null = null;
  /** The first burst begins with the first bytes: after a power cut nobody waits an hour for the next multiple. */
  let isFirst = true;
  let againAtMs = Number.POSITIVE_INFINITY;

  const finish = (): Burst[] => {
    const done = open;
    open = null;
    // A second burst that heard nothing neither confirms nor contradicts: it is no reading of its own.
    return done && !(done.again && done.samples.length === 0) ? [close(done)] : [];
  };
  const advance = (at: Moment): Burst[] => {
    const current = Math.floor(at.nowMs / intervalMs);
    // Set back by a nudge over the multiple, it must not begin twice; by more, it must not wait for hours.
    if (at.nowMs < (window - 0.5) * intervalMs) window = current;
    if (current <= window) {
      if (at.nowMs >= againAtMs) {
        againAtMs = Number.POSITIVE_INFINITY;
        open ??= begin(at.nowMs, at.realMs, true);
      }
      return [];
    }
    const done = open?.again ? [] : finish();
    againAtMs = Number.POSITIVE_INFINITY;
    window = current;
    isFirst = false;
    open = begin(current * intervalMs, at.realMs);
    return done;
  };
  return {
    heard(activity, at) {
      const done = advance(at);
      if (isFirst && activity.bytes > 0) {
        isFirst = false;
        open ??= begin(at.nowMs, at.realMs);
      }
      if (open) add(open, activity);
      return done;
    },
    sample(sample, at) {
      const done = advance(at);
      if (!open) return done;
      if (open.samples.length === 0) Object.assign(open, { startedAtMs: at.nowMs, startedMonoMs: at.realMs });
      open.samples.push(sample);
      return open.samples.length < pings ? done : [...done, ...finish()];
    },
    tick(at) {
      const done = advance(at);
      return open && at.realMs - open.openedRealMs >= timeoutMs ? [...done, ...finish()] : done;
    },
    due: (at) => ({
      atMs: Math.min(againAtMs, (window + 1) * intervalMs),
      inRealMs: open ? timeoutMs - (at.realMs - open.openedRealMs) : null,
    }),
    again(at) {
      if (intervalMs > oftenMs) againAtMs = at.nowMs + againMs;
    },
    retune(settings, at) {
      ({ pings, intervalMs, timeoutMs } = settings);
      window = Math.floor(at.nowMs / intervalMs);
    },
    // A window cut short by the agent's own end says nothing about the water.
    flush: () => [],
  };
}

function runCollector(initial: BurstSettings): BurstCollector {
  let { pings, silenceMs, timeoutMs } = initial;
  let open: OpenBurst | null = null;
  let silentMs = 0;
  let openMs = 0;
  let tickedRealMs: number | null = null;

  const finish = (): Burst[] => {
    const done = open;
    open = null;
    // A stray byte is no reading; a frame that came out broken is one, and so is a babble without end.
    const says = done && (done.samples.length > 0 || done.badFrames > 0 || openMs >= timeoutMs);
    openMs = 0;
    return says ? [close(done)] : [];
  };
  return {
    heard(activity, at) {
      silentMs = 0;
      if (activity.bytes === 0) return [];
      open ??= begin(at.nowMs, at.realMs);
      add(open, activity);
      return [];
    },
    sample(sample, at) {
      open ??= begin(at.nowMs, at.realMs);
      if (open.samples.length === 0) Object.assign(open, { startedAtMs: at.nowMs, startedMonoMs: at.realMs });
      open.samples.push(sample);
      return open.samples.length < pings ? [] : finish();
    },
    tick(at) {
      const passed = tickedRealMs === null ? 0 : at.realMs - tickedRealMs;
      tickedRealMs = at.realMs;
      silentMs += Math.min(passed, tickMs);
      if (open) openMs += Math.min(passed, tickMs);
      return open && (silentMs >= silenceMs || openMs >= timeoutMs) ? finish() : [];
    },
    due: () => ({ atMs: null, inRealMs: open ? tickMs : null }),
    // A woken sensor speaks when it is woken.
    again: () => undefined,
    retune(settings) {
      ({ pings, silenceMs, timeoutMs } = settings);
    },
    flush: finish,
  };
}

/** The next `pings` samples as a burst of their own, beside the readings: for a calibration, or a look at the sensor. */
export function takeBurst(pings: number, at: Moment) {
  const open = begin(at.nowMs, at.realMs);
  return {
    heard: (activity: LineActivity): void => add(open, activity),
    /** Whether that was the last one wanted. */
    sample(sample: Sample, { nowMs, realMs }: Moment): boolean {
      if (open.samples.length === 0) Object.assign(open, { startedAtMs: nowMs, startedMonoMs: realMs });
      open.samples.push(sample);
      return open.samples.length >= pings;
    },
    close: (): Burst => close(open),
  };
}

function begin(startedAtMs: number, openedRealMs: number, again = false): OpenBurst {
  return {
    startedAtMs,
    startedMonoMs: openedRealMs,
    openedRealMs,
    samples: [],
    bytes: 0,
    badFrames: 0,
    discardedBytes: 0,
    again,
  };
}

function add(open: OpenBurst, activity: LineActivity): void {
  open.bytes += activity.bytes;
  open.badFrames += activity.badFrames;
  open.discardedBytes += activity.discardedBytes;
}

function close({ startedAtMs, startedMonoMs, samples, bytes, badFrames, discardedBytes, again }: OpenBurst): Burst {
  return { observedAtMs: startedAtMs, monoMs: startedMonoMs, samples, bytes, badFrames, discardedBytes, again };
}

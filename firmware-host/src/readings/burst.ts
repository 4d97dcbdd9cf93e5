/**
 * Gathers a sensor's pings into bursts, one burst a reading. Pure: times come in with each call.
 *
 * `interval`: at each multiple of the interval, by the clock, the next `pings` samples; complete with
 * the last of them, or after a timeout. Multiples that passed unseen (a suspended machine) stay gaps. A clock
 * that is set back does not stop it: it goes on at the next multiple by the new time.
 * `burst`: each run of `pings` samples, or a shorter one that a silence or the timeout closes. For sensors that
 * are woken.
 */
import type { Sample } from '../sensors/driver.ts';

/** `nowMs`: the clock's time, ms UTC. `realMs`: the kernel's monotonic clock, ms since this boot. */
type Moment = { readonly nowMs: number; readonly realMs: number };

/** What the line gave since the last call: bytes in all, and how much of them was thrown away. */
type LineActivity = { readonly bytes: number; readonly badFrames: number; readonly discardedBytes: number };

export type Burst = LineActivity & {
  readonly observedAtMs: number;
  /** The monotonic clock at that moment. */
  readonly monoMs: number;
  readonly samples: readonly Sample[];
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
  /** Time passed. To be called every `tickMs` or so. */
  tick(at: Moment): Burst[];
  /** Ends a begun burst of the trigger `burst`: the line's last words. */
  flush(): Burst[];
};

/**
 * A tick counts at most this much silence: after a stall of the process the bytes that wait in the
 * kernel are read before the silence is believed.
 */
export const tickMs = 50;

type OpenBurst = {
  startedAtMs: number;
  startedMonoMs: number;
  openedRealMs: number;
  samples: Sample[];
  bytes: number;
  badFrames: number;
  discardedBytes: number;
};

export function createBurstCollector(settings: BurstSettings, startedAtMs: number): BurstCollector {
  return settings.trigger === 'interval' ? intervalCollector(settings, startedAtMs) : runCollector(settings);
}

function intervalCollector({ pings, intervalMs, timeoutMs }: BurstSettings, startedAtMs: number): BurstCollector {
  let window = Math.floor(startedAtMs / intervalMs);
  let open: OpenBurst | null = null;

  const finish = (): Burst[] => {
    const done = open;
    open = null;
    return done ? [close(done)] : [];
  };
  const advance = (at: Moment): Burst[] => {
    const current = Math.floor(at.nowMs / intervalMs);
    // Set back by a nudge over the multiple, it must not begin twice; by more, it must not wait for hours.
    if (at.nowMs < (window - 0.5) * intervalMs) window = current;
    if (current <= window) return [];
    const done = finish();
    window = current;
    open = begin(current * intervalMs, at.realMs);
    return done;
  };
  return {
    heard(activity, at) {
      const done = advance(at);
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
    // A window cut short by the agent's own end says nothing about the water.
    flush: () => [],
  };
}

function runCollector({ pings, silenceMs, timeoutMs }: BurstSettings): BurstCollector {
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
    flush: finish,
  };
}

function begin(startedAtMs: number, openedRealMs: number): OpenBurst {
  return {
    startedAtMs,
    startedMonoMs: openedRealMs,
    openedRealMs,
    samples: [],
    bytes: 0,
    badFrames: 0,
    discardedBytes: 0,
  };
}

function add(open: OpenBurst, activity: LineActivity): void {
  open.bytes += activity.bytes;
  open.badFrames += activity.badFrames;
  open.discardedBytes += activity.discardedBytes;
}

function close({ startedAtMs, startedMonoMs, samples, bytes, badFrames, discardedBytes }: OpenBurst): Burst {
  return { observedAtMs: startedAtMs, monoMs: startedMonoMs, samples, bytes, badFrames, discardedBytes };
}

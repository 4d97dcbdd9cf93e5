/**
 * The time that everything takes from outside: agents, server, sweeps, simulator.
 *
 * `now()` is ms UTC. `origin` is the time at which this clock began and `speed` how many of its
 * milliseconds pass in one real millisecond, so that a compressed replay scales every part alike.
 * Network timers (keep-alive, back-off, receipt pacing) stay in real time.
 */
export type Clock = {
  now(): number;
  readonly origin: number;
  readonly speed: number;
};

/** The machine's own time. */
export function systemClock(): Clock {
  return { now: Date.now, origin: Date.now(), speed: 1 };
}

/** A clock that stood at `origin` when the machine's clock stood at `realAtMs`, and runs `speed` times as fast. */
export function scaledClock(realAtMs: number, origin: number, speed: number): Clock {
  return { now: () => Math.round(origin + (Date.now() - realAtMs) * speed), origin, speed };
}

/** A clock that stands until it is moved: for tests and for replays that wait for every reading. */
export type SteppedClock = Clock & {
  /** Moves to `ms`; never backwards. */
  moveTo(ms: number): void;
};

export function steppedClock(origin: number, speed = 1): SteppedClock {
  let nowMs = origin;
  return {
    now: () => nowMs,
    origin,
    speed,
    moveTo(ms) {
      nowMs = Math.max(nowMs, ms);
    },
  };
}

/** How many real milliseconds a span of the clock's time lasts. */
export function realMs(clock: Clock, clockMs: number): number {
  return clockMs / clock.speed;
}

/** Writes a scaled clock as text for another process (`SIAGA_CLOCK`): `realAtMs/originMs/speed`. */
export function clockToText(realAtMs: number, origin: number, speed: number): string {
  return `${realAtMs}/${origin}/${speed}`;
}

/** Reads `clockToText`'s text; undefined when it is not one. */
export function clockFromText(text: string): Clock | undefined {
  const [realAtMs, origin, speed, ...rest] = text.split('/').map(Number);
  const good = rest.length === 0 && [realAtMs, origin, speed].every(Number.isFinite) && (speed as number) > 0;
  return good ? scaledClock(realAtMs as number, origin as number, speed as number) : undefined;
}

/**
 * Whether the machine's wall clock is disciplined by a time server now. A clock that jumped against the monotonic
 * one without a new sign of the time server was set by hand, and is believed again only after the next sign.
 */
import type { Logger } from 'pino';
import { type ClockSigns, readSigns, type TimeSources } from './signs.ts';

export type WallLook = {
  readonly wallMs: number;
  readonly monoMs: number;
  readonly disciplined: boolean;
  readonly rtc: boolean;
};

export type Wall = {
  /** Calls must not overlap. `ask`: a time service that leaves no flag may be asked now. */
  look(ask: boolean): Promise<WallLook>;
  /** As of the last look. */
  disciplined(): boolean;
};

/** The wall clock moved by more against the monotonic one: somebody or something set it. */
const stepMs = 1_000;
/** Asking costs a process each time. */
const askEveryMs = 10 * 60_000;

export function createWall({ root, wallMs, monoMs, askTimeService }: TimeSources, log: Logger): Wall {
  let seen = { wallMs: wallMs(), monoMs: monoMs() };
  let sign: ClockSigns['ntp'] = null;
  let disciplined = false;
  let askedMonoMs = Number.NEGATIVE_INFINITY;

  const isStepped = () => Math.abs(wallMs() - seen.wallMs - (monoMs() - seen.monoMs)) > stepMs;

  return {
    disciplined: () => disciplined,
    async look(ask) {
      const steppedBefore = isStepped();
      const asking = ask && !(disciplined && !steppedBefore) && (steppedBefore || monoMs() - askedMonoMs >= askEveryMs);
      if (asking) askedMonoMs = monoMs();
      const signs = await readSigns(root, wallMs(), asking ? askTimeService : null);
      // The answer takes a while, and the clock may be set meanwhile.
      const stepped = isStepped();
      const renewed = signs.ntp !== null && (signs.ntp !== sign || signs.ntp === 'service');
      const was = disciplined;
      disciplined = renewed || (disciplined && !stepped);
      const now = { wallMs: wallMs(), monoMs: monoMs() };
      if (stepped)
        log.warn({ byMs: Math.round(now.wallMs - seen.wallMs - (now.monoMs - seen.monoMs)) }, 'the wall clock was set');
      if (was && !disciplined)
        log.warn('the wall clock was set by hand: the agent goes by its own time until the time server speaks');
      sign = signs.ntp ?? sign;
      seen = now;
      return { ...now, disciplined, rtc: signs.rtc };
    },
  };
}

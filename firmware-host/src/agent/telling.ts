/**
 * When the agent tells what it is and how it does: on connecting, every quarter of an hour, and soon after a
 * change. A few changes are told at once; a line that flaps is told of once in a while, not each time.
 */
import type { Logger } from 'pino';
import { messageOf } from '../errors.ts';
import type { Uplink } from '../uplink/uplink.ts';

export const healthEveryMs = 15 * 60_000;
const healthAfterChangeMs = 1_000;
/** So many changes may be told soon; each of these tellings comes back after a while. */
const soonTellings = 5;
const tellingBackMs = 3 * 60_000;
/** A backlog that was told is told again when no more than this share of it waits: nobody need wait for the next beat. */
const backlogGone = 0.1;

/** What there is to tell; `oldBacklog` counts the readings that wait, the oldest longer than until the next beat. */
export type ToldHealth = { readonly payload: Uint8Array; readonly oldBacklog: number };

export type Telling = {
  about(): void;
  health(): void;
  /** Something of the health has changed: it is told in a moment. */
  changed(): void;
  /** A receipt came: a backlog that was told may have gone. */
  receiptCame(): void;
  stop(): void;
};

export function createTelling(
  {
    uplink,
    waiting,
    log,
  }: {
    uplink: Pick<Uplink, 'connected' | 'publish'>;
    /** How many readings wait for the link. */
    waiting: () => number;
    log: Logger;
  },
  content: { about: () => Uint8Array | Promise<Uint8Array>; health: () => Promise<ToldHealth> },
): Telling {
  let changed: NodeJS.Timeout | null = null;
  let toldBacklog = 0;
  let tellings = soonTellings;
  let tellingsAtMs = performance.now();
  let stopped = false;

  /** Health and about are told again at the next connection; a lost one needs no second attempt. */
  const say = (kind: 'health' | 'about', payload: Uint8Array): void => {
    if (uplink.connected())
      uplink.publish(kind, payload).catch((error) => log.debug({ kind, err: messageOf(error) }, 'not acknowledged'));
  };
  const health = (): void => {
    if (changed) clearTimeout(changed);
    changed = null;
    if (!uplink.connected() || stopped) return;
    content.health().then(
      ({ payload, oldBacklog }) => {
        toldBacklog = oldBacklog;
        if (!stopped) say('health', payload);
      },
      (error) => log.warn({ err: messageOf(error) }, 'no health to tell'),
    );
  };
  const about = (): void => {
    Promise.resolve()
      .then(content.about)
      .then(
        (payload) => say('about', payload),
        (error) => log.warn({ err: messageOf(error) }, 'cannot tell what this is'),
      );
  };
  const soon = (what: () => void): void => {
    if (stopped || changed) return;
    const nowMs = performance.now();
    tellings = Math.min(soonTellings, tellings + (nowMs - tellingsAtMs) / tellingBackMs);
    tellingsAtMs = nowMs;
    const waitMs = tellings >= 1 ? healthAfterChangeMs : (1 - tellings) * tellingBackMs;
    tellings -= 1;
    changed = setTimeout(what, waitMs);
  };
  const healthIfBacklogGone = (): void => {
    changed = null;
    if (waiting() <= toldBacklog * backlogGone) health();
  };
  const beat = setInterval(health, healthEveryMs);

  return {
    about,
    health,
    changed: () => soon(health),
    receiptCame() {
      if (toldBacklog > 0) soon(healthIfBacklogGone);
    },
    stop() {
      stopped = true;
      clearInterval(beat);
      if (changed) clearTimeout(changed);
    },
  };
}

import type { Presence, StationPicture } from '@siaga/protocol';

/** Where the server's clock stood at one moment of the local timer. */
type Sample = { readonly serverMs: number; readonly localMs: number };

/** What is known of the server's clock: recent samples and how fast it runs. */
export type ServerClock = { readonly speed: number; readonly samples: readonly Sample[] };

const keptSamples = 12;

/** Starts anew from one sample: at a snapshot, since the server or its clock may be another one. */
export function startClock(serverMs: number, localMs: number, speed: number): ServerClock {
  return { speed, samples: [{ serverMs, localMs }] };
}

/** Adds a sample; another speed starts anew. */
export function learnClock(clock: ServerClock, serverMs: number, localMs: number, speed: number): ServerClock {
  if (speed !== clock.speed) return startClock(serverMs, localMs, speed);
  return { speed, samples: [...clock.samples, { serverMs, localMs }].slice(-keptSamples) };
}

/** The server's time, ms UTC. Of the recent samples the least delayed one counts, since delay makes them too early. */
export function serverNowMs(clock: ServerClock, localMs: number): number {
  const times = clock.samples.map((sample) => sample.serverMs + (localMs - sample.localMs) * clock.speed);
  return Math.round(Math.max(...times));
}

/** Age of a station's newest reading in ms of the server's time, by receive time where its clock is uncertain. */
export function stationAgeMs(picture: StationPicture, nowMs: number): number | undefined {
  if (picture.value === null) return undefined;
  const { observedAt, receivedAt } = picture.value;
  const since = picture.level.note === 'clock-uncertain' ? receivedAt : observedAt;
  return Math.max(0, nowMs - Date.parse(since));
}

const worse: readonly Presence[] = ['live', 'late', 'stale', 'never'];

/**
 * How present a station is: the worse of the server's judgement and of what its age says here, late after 2 and stale
 * after 4 reporting intervals. So a server that stops judging cannot keep a silent gauge looking alive.
 */
export function presenceOf(picture: StationPicture, nowMs: number): Presence {
  const ageMs = stationAgeMs(picture, nowMs);
  if (picture.value === null || ageMs === undefined) return 'never';
  const intervalMs = picture.value.intervalS * 1000;
  const byAge: Presence = ageMs > 4 * intervalMs ? 'stale' : ageMs > 2 * intervalMs ? 'late' : 'live';
  const judged = picture.level.presence;
  return worse.indexOf(judged) > worse.indexOf(byAge) ? judged : byAge;
}

export type LinkState = 'starting' | 'live' | 'delayed' | 'not-live';

/** How the link to the server stands, by the real time since the last event of the stream. */
export function linkState(
  lastEventAtMs: number | undefined,
  localMs: number,
  limits: { readonly delayedAfterMs: number; readonly notLiveAfterMs: number },
): LinkState {
  if (lastEventAtMs === undefined) return 'starting';
  const silentMs = localMs - lastEventAtMs;
  if (silentMs >= limits.notLiveAfterMs) return 'not-live';
  return silentMs >= limits.delayedAfterMs ? 'delayed' : 'live';
}

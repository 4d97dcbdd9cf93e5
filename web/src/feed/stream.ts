import {
  type Delta,
  type Heartbeat,
  type Parsed,
  parseDelta,
  parseHeartbeat,
  placeFromText,
  placeToText,
  type Snapshot,
} from '@siaga/protocol';
import { type FeedFault, type Fetched, parseEvent } from './client.ts';

export type Place = { readonly epoch: string; readonly seq: number };

/** What the feed tells. Called in the order of the stream; times are of the caller's `nowMs`. */
export type FeedListener = {
  snapshot(snapshot: Snapshot, atMs: number): void;
  delta(place: Place, delta: Delta, atMs: number): void;
  heartbeat(heartbeat: Heartbeat, atMs: number): void;
  /** The last attempt to reach the server failed. */
  fault(fault: FeedFault): void;
};

/** The outside world, so that a test can play server and clock. */
export type FeedWorld = {
  fetchSnapshot(signal: AbortSignal): Promise<Fetched<Snapshot>>;
  openStream(url: string): StreamSource;
  nowMs(): number;
  random(): number;
};

/** What the feed uses of an EventSource. */
export type StreamSource = Pick<EventSource, 'addEventListener' | 'close'>;

export type Feed = {
  /** When the last event of the stream came, in `nowMs` time; undefined before the first snapshot. */
  lastEventAtMs(): number | undefined;
  /** Drops the connection and makes a new one after a short random wait. */
  reconnect(): void;
  /** Takes a new snapshot, then follows the stream from there: for when the stream's numbers do not fit. */
  restart(): void;
  /** Called about once a second, and when the page wakes: forces a new connection when the stream is silent. */
  watch(): void;
  stop(): void;
};

/** Without an event for this long, the link is delayed; the server sends one each 5 s. */
export const delayedAfterMs = 11_000;
/** Without an event for this long, the picture is not live. */
export const notLiveAfterMs = 30_000;

const firstBackoffMs = 500;
const longestBackoffMs = 5_000;
const forcedApartMs = 10_000;

/**
 * Follows the server: a snapshot, then numbered changes from its place on. A lost connection is resumed where it was
 * (`?from=`); a snapshot taken beside it then brings what has no number: values, and a catalogue that changed with the
 * server's restart. An unknown place (`reset`) starts with a new snapshot. It keeps trying for ever, at most every 5 s,
 * with jitter, so that many consoles do not come back at once. The browser's own resuming is not used: it has no jitter
 * and cannot be told that a link is half open.
 */
export function openFeed(listener: FeedListener, world: FeedWorld): Feed {
  let place: Place | undefined;
  let source: StreamSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let inFlight = new AbortController();
  let lastEventAtMs: number | undefined;
  let lastForcedAtMs = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let behind = 0;

  function dropConnection() {
    inFlight.abort();
    inFlight = new AbortController();
    clearTimeout(timer);
    source?.close();
    source = undefined;
  }

  function retryLater() {
    dropConnection();
    const backoffMs = Math.min(longestBackoffMs, firstBackoffMs * 2 ** failures++);
    timer = setTimeout(() => void connect(), backoffMs * (0.5 + world.random() / 2));
  }

  /** False when the snapshot did not come, or came too late to matter. */
  async function takeSnapshot(): Promise<boolean> {
    const { signal } = inFlight;
    const fetched = await world.fetchSnapshot(signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    if (signal.aborted || !fetched) return false;
    if (!fetched.ok) {
      listener.fault(fetched.fault);
      retryLater();
      return false;
    }
    const { epoch, seq } = fetched.value;
    if (place === undefined || place.epoch !== epoch || place.seq < seq) place = { epoch, seq };
    lastEventAtMs ??= world.nowMs();
    listener.snapshot(fetched.value, world.nowMs());
    return true;
  }

  async function connect() {
    const resumed = place !== undefined;
    if (!resumed && !(await takeSnapshot())) return;
    const opened = world.openStream(`/api/v1/stream?from=${placeToText(place as Place)}`);
    source = opened;
    opened.addEventListener('open', () => {
      if (source === opened && resumed) void takeSnapshot();
    });
    opened.addEventListener('error', () => {
      if (source !== opened) return;
      listener.fault({ code: 'unreachable', detail: 'stream closed' });
      retryLater();
    });
    opened.addEventListener('delta', (event) => receive(opened, event as MessageEvent<string>, parseDelta, onDelta));
    opened.addEventListener('hb', (event) => receive(opened, event as MessageEvent<string>, parseHeartbeat, onBeat));
    opened.addEventListener('reset', () => {
      if (source === opened) restart();
    });
  }

  function receive<T>(
    from: StreamSource,
    event: MessageEvent<string>,
    parse: (input: unknown) => Parsed<T>,
    take: (value: T, event: MessageEvent<string>) => void,
  ) {
    if (source !== from) return;
    const outcome = parseEvent(event.data, parse);
    if (!outcome.ok) {
      // The picture may now lack what this event said: the state of everything heals that.
      listener.fault({ code: 'unreadable', detail: outcome.reason });
      place = undefined;
      retryLater();
      return;
    }
    lastEventAtMs = world.nowMs();
    failures = 0;
    take(outcome.value, event);
  }

  function onDelta(delta: Delta, event: MessageEvent<string>) {
    const lastSeq = delta.changes.at(-1)?.seq;
    const epoch = placeFromText(event.lastEventId)?.epoch ?? place?.epoch ?? '';
    place = { epoch, seq: Math.max(lastSeq ?? 0, place?.seq ?? 0) };
    listener.delta(place, delta, world.nowMs());
  }

  function onBeat(heartbeat: Heartbeat) {
    listener.heartbeat(heartbeat, world.nowMs());
    if (heartbeat.epoch !== place?.epoch) return restart();
    // A delta may still be on its way when one heartbeat is sent, not when the next one is.
    behind = heartbeat.seq > place.seq ? behind + 1 : 0;
    if (behind >= 2) restart();
  }

  function reconnect() {
    dropConnection();
    timer = setTimeout(() => void connect(), firstBackoffMs * world.random());
  }

  function restart() {
    place = undefined;
    behind = 0;
    reconnect();
  }

  void connect();
  return {
    lastEventAtMs: () => lastEventAtMs,
    reconnect,
    restart,
    watch() {
      const nowMs = world.nowMs();
      if (lastEventAtMs === undefined || nowMs - lastEventAtMs < notLiveAfterMs) return;
      if (nowMs - lastForcedAtMs < forcedApartMs) return;
      lastForcedAtMs = nowMs;
      reconnect();
    },
    stop: dropConnection,
  };
}

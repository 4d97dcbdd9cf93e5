/**
 * Sends what changes to everyone who watches, by server-sent events. Deltas go out at once after a
 * quiet spell and then at most every 100 ms; each is written as text once for all.
 */
import {
  type Change,
  type Delta,
  type Heartbeat,
  placeToText,
  type Reset,
  type StationId,
  type StationValue,
} from '@siaga/protocol';
import type { ChangeLog } from '../ports.ts';
import { type Audience, publicAudience } from './audience.ts';

/** Where a client's events go: an HTTP response. */
export type Sink = {
  write(text: string | Uint8Array): unknown;
  end(): unknown;
  destroy(): unknown;
  /** Bytes written that the client has not taken yet. */
  readonly writableLength: number;
};

export type Place = { readonly epoch: string; readonly seq: number };
export type StationNews = { readonly id: StationId; readonly value: StationValue };

export type StreamHubOptions = {
  readonly changes: ChangeLog;
  /** The newest value of every station that has one. */
  readonly values: () => readonly StationNews[];
  /** All of a heartbeat but where the stream stands. */
  readonly pulse: () => Omit<Heartbeat, 'epoch' | 'seq'>;
  readonly dropped?: () => void;
  /** Real milliseconds. */
  readonly coalesceMs?: number;
  readonly heartbeatMs?: number;
  /** A client with more than this unread is dropped. */
  readonly maxUnreadBytes?: number;
  readonly replayPage?: number;
  /** A client further behind takes a new snapshot: that is less to send, and to wait for. */
  readonly maxReplay?: number;
};

export type StreamHub = {
  publish(changes: readonly Change[], values: readonly StationNews[]): void;
  /** Replays what came after `place`, then goes on live until the returned function is called. */
  attach(sink: Sink, place: Place | undefined, audience?: Audience): () => void;
  clients(): number;
  close(): void;
};

type Watcher = {
  readonly sink: Sink;
  readonly audience: Audience;
  /** The last numbered change sent; not yet live while `replaying`. */
  seq: number;
  replaying: boolean;
};

export function createStreamHub(options: StreamHubOptions): StreamHub {
  const { changes, coalesceMs = 100, heartbeatMs = 5000, maxUnreadBytes = 1024 * 1024 } = options;
  const { replayPage = 500, maxReplay = 2000 } = options;
  const watchers = new Set<Watcher>();
  let pendingChanges: Change[] = [];
  let pendingValues = new Map<StationId, StationValue>();
  let quiet: NodeJS.Timeout | undefined;
  let turn: NodeJS.Immediate | undefined;
  let seq = changes.head();

  function publish(news: readonly Change[], values: readonly StationNews[]): void {
    if (news.length === 0 && values.length === 0) return;
    pendingChanges.push(...news);
    for (const { id, value } of values) pendingValues.set(id, value);
    // Not at once: a judgement's changes and its values come in one turn, and go out together.
    if (quiet === undefined) turn ??= setImmediate(flush);
  }

  function flush(): void {
    quiet = undefined;
    turn = undefined;
    if (pendingChanges.length === 0 && pendingValues.size === 0) return;
    const news = pendingChanges;
    const values = [...pendingValues].map(([id, value]) => ({ id, value }));
    pendingChanges = [];
    pendingValues = new Map();
    seq = news.at(-1)?.seq ?? seq;
    quiet = setTimeout(flush, coalesceMs);
    const first = news[0]?.seq ?? Number.POSITIVE_INFINITY;
    const frames = new Map<string, Uint8Array>();
    for (const watcher of watchers) {
      if (watcher.replaying) continue;
      // Its replay may have come upon some of these before they were sent to all.
      if (watcher.seq >= first)
        send(watcher, deltaFrame(after(news, watcher.seq), values, Math.max(seq, watcher.seq), watcher.audience));
      else {
        const { key } = watcher.audience;
        const frame = frames.get(key) ?? Buffer.from(deltaFrame(news, values, seq, watcher.audience));
        frames.set(key, frame);
        send(watcher, frame);
      }
      watcher.seq = Math.max(seq, watcher.seq);
    }
  }

  function attach(sink: Sink, place: Place | undefined, audience = publicAudience): () => void {
    const watcher: Watcher = { sink, audience, seq: place?.seq ?? seq, replaying: true };
    watchers.add(watcher);
    sink.write('retry: 1000\n\n');
    begin(watcher, place).catch(() => drop(watcher));
    return () => watchers.delete(watcher);
  }

  async function begin(watcher: Watcher, place: Place | undefined): Promise<void> {
    if (place !== undefined) {
      if (place.epoch !== changes.epoch) return reset(watcher, 'epoch');
      const head = changes.head();
      if (place.seq > head || head - place.seq > maxReplay) return reset(watcher, 'gap');
      for (;;) {
        const page = await changes.since(watcher.seq, replayPage);
        if (!watchers.has(watcher)) return;
        if (page === null) return reset(watcher, 'gap');
        const last = page.at(-1);
        if (last !== undefined) {
          watcher.seq = last.seq;
          send(watcher, deltaFrame(page, [], last.seq, watcher.audience));
        }
        // What was flushed to the others while this page was read must be read too.
        if (page.length < replayPage && watcher.seq >= seq) break;
      }
    }
    // From here in one turn: whatever is flushed later comes to this watcher too.
    watcher.replaying = false;
    send(watcher, deltaFrame([], options.values(), watcher.seq, watcher.audience));
    send(watcher, heartbeatFrame(watcher.seq));
  }

  function reset(watcher: Watcher, reason: Reset['reason']): void {
    watchers.delete(watcher);
    watcher.sink.write(`event: reset\ndata: ${JSON.stringify({ reason } satisfies Reset)}\n\n`);
    watcher.sink.end();
  }

  function send(watcher: Watcher, frame: string | Uint8Array): void {
    if (watcher.sink.writableLength > maxUnreadBytes) {
      options.dropped?.();
      drop(watcher);
    } else watcher.sink.write(frame);
  }

  function drop(watcher: Watcher): void {
    watchers.delete(watcher);
    watcher.sink.destroy();
  }

  function deltaFrame(news: readonly Change[], values: readonly StationNews[], at: number, audience: Audience): string {
    const { serverTime } = options.pulse();
    const delta: Delta = { serverTime, changes: news.map(audience.sees), values: [...values] };
    return `id: ${placeToText({ epoch: changes.epoch, seq: at })}\nevent: delta\ndata: ${JSON.stringify(delta)}\n\n`;
  }

  function heartbeatFrame(at: number): string {
    const beat: Heartbeat = { epoch: changes.epoch, seq: at, ...options.pulse() };
    return `event: hb\ndata: ${JSON.stringify(beat)}\n\n`;
  }

  const heart = setInterval(() => {
    const frame = Buffer.from(heartbeatFrame(seq));
    for (const watcher of watchers)
      if (!watcher.audience.valid()) {
        watchers.delete(watcher);
        watcher.sink.end();
      } else if (!watcher.replaying) send(watcher, watcher.seq === seq ? frame : heartbeatFrame(watcher.seq));
  }, heartbeatMs);
  heart.unref();

  return {
    publish,
    attach,
    clients: () => watchers.size,
    close() {
      clearInterval(heart);
      clearTimeout(quiet);
      clearImmediate(turn);
      for (const watcher of watchers) watcher.sink.end();
      watchers.clear();
    },
  };
}

function after(changes: readonly Change[], seq: number): readonly Change[] {
  return changes.filter((change) => change.seq > seq);
}

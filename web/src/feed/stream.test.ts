import type { Delta, Heartbeat, Snapshot } from '@siaga/protocol';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { levelBefore, pictureOf, snapshotOf } from '../situation/testing.ts';
import type { Fetched } from './client.ts';
import { type Feed, openFeed, type Place, type StreamSource } from './stream.ts';

/** A stream that the test plays the server of. */
class PlayedSource extends EventTarget {
  closed = false;
  readonly url: string;
  constructor(url: string) {
    super();
    this.url = url;
  }
  close() {
    this.closed = true;
  }
  play(event: string, data?: unknown, lastEventId = '') {
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    this.dispatchEvent(Object.assign(new Event(event), { data: text, lastEventId }));
  }
}

let sources: PlayedSource[];
let answers: Fetched<Snapshot>[];
let heard: string[];
let feed: Feed;
const good: Fetched<Snapshot> = { ok: true, value: snapshotOf([pictureOf('depok')]) };
const failed: Fetched<Snapshot> = { ok: false, fault: { code: 'unreachable', detail: 'no route' } };
const beat: Heartbeat = {
  epoch: 'abc',
  seq: 10,
  serverTime: '2014-01-29T16:00:10Z',
  speed: 1,
  watermark: null,
  build: '1',
};

function delta(seq: number): Delta {
  const at = '2014-01-29T16:00:10Z';
  return {
    serverTime: at,
    changes: [{ seq, knownAt: at, kind: 'station', id: 'depok', level: levelBefore }],
    values: [],
  };
}

function open() {
  feed = openFeed(
    {
      snapshot: ({ seq }) => heard.push(`snapshot ${seq}`),
      delta: (place: Place) => heard.push(`delta ${place.epoch}:${place.seq}`),
      heartbeat: ({ seq }) => heard.push(`hb ${seq}`),
      fault: ({ code }) => heard.push(`fault ${code}`),
    },
    {
      fetchSnapshot: async () => answers.shift() ?? good,
      openStream: (url) => {
        const source = new PlayedSource(url);
        sources.push(source);
        return source as unknown as StreamSource;
      },
      nowMs: () => Date.now(),
      random: () => 1,
    },
  );
}

/** The stream that is open now. */
function current(): PlayedSource {
  const source = sources.at(-1);
  if (source === undefined) throw new Error('no stream was opened');
  return source;
}

beforeEach(() => {
  vi.useFakeTimers();
  sources = [];
  answers = [];
  heard = [];
});
afterEach(() => {
  feed.stop();
  vi.useRealTimers();
});

describe('the feed', () => {
  test('takes a snapshot and follows the stream from its place', async () => {
    open();
    await vi.advanceTimersByTimeAsync(0);
    expect(current().url).toBe('/api/v1/stream?from=abc:10');
    current().play('delta', delta(11), 'abc:11');
    current().play('hb', { ...beat, seq: 11 });
    expect(heard).toEqual(['snapshot 10', 'delta abc:11', 'hb 11']);
  });

  test('without a server says so and keeps trying, at most every 5 s', async () => {
    answers = Array.from({ length: 20 }, () => failed);
    open();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(heard.filter((event) => event === 'fault unreachable').length).toBeGreaterThanOrEqual(14);
    expect(feed.lastEventAtMs()).toBeUndefined();
    answers = [];
    await vi.advanceTimersByTimeAsync(5_000);
    expect(heard.at(-1)).toBe('snapshot 10');
  });

  test('resumes a lost stream where it was, and refreshes what has no number beside it', async () => {
    open();
    await vi.advanceTimersByTimeAsync(0);
    const first = current();
    first.play('delta', delta(11), 'abc:11');
    first.play('error');
    expect(first.closed).toBe(true);
    await vi.advanceTimersByTimeAsync(500);
    expect(current()).not.toBe(first);
    expect(current().url).toBe('/api/v1/stream?from=abc:11');
    current().play('open');
    await vi.advanceTimersByTimeAsync(0);
    expect(heard).toEqual(['snapshot 10', 'delta abc:11', 'fault unreachable', 'snapshot 10']);
    first.play('delta', delta(12), 'abc:12');
    expect(heard).toHaveLength(4);
  });

  test.each([
    ['is reset', (source: PlayedSource) => source.play('reset', { reason: 'gap' })],
    ['is of another epoch', (source: PlayedSource) => source.play('hb', { ...beat, epoch: 'new' })],
    ['cannot be read', (source: PlayedSource) => source.play('delta', '{"changes":')],
    ['is not what it should be', (source: PlayedSource) => source.play('delta', { changes: 5 })],
  ])('takes a new snapshot when the stream %s', async (_, play) => {
    open();
    await vi.advanceTimersByTimeAsync(0);
    answers = [{ ok: true, value: snapshotOf([], { epoch: 'new', seq: 3 }) }];
    play(current());
    await vi.advanceTimersByTimeAsync(600);
    expect(heard.at(-1)).toBe('snapshot 3');
    expect(current().url).toBe('/api/v1/stream?from=new:3');
  });

  test('takes a new snapshot when two heartbeats in a row are ahead of the deltas', async () => {
    open();
    await vi.advanceTimersByTimeAsync(0);
    current().play('hb', { ...beat, seq: 12 });
    await vi.advanceTimersByTimeAsync(600);
    expect(sources).toHaveLength(1);
    current().play('hb', { ...beat, seq: 12 });
    await vi.advanceTimersByTimeAsync(600);
    expect(sources).toHaveLength(2);
  });

  test('drops a half-open stream after 30 s of silence, and again each 10 s', async () => {
    open();
    await vi.advanceTimersByTimeAsync(0);
    const watch = async (seconds: number) => {
      for (let second = 0; second < seconds; second++) {
        await vi.advanceTimersByTimeAsync(1_000);
        feed.watch();
      }
    };
    await watch(29);
    expect(sources).toHaveLength(1);
    await watch(3);
    expect(sources).toHaveLength(2);
    expect(sources[0]?.closed).toBe(true);
    await watch(10);
    expect(sources).toHaveLength(3);
    current().play('hb', beat);
    await watch(29);
    expect(sources).toHaveLength(3);
  });
});

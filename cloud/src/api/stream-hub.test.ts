import { type Change, parseDelta, parseHeartbeat } from '@siaga/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createStreamHub, type Sink, type StreamHub, type StreamHubOptions } from './stream-hub.ts';
import { at, changeOf, memoryChanges, value } from './testing.ts';

type Event = { id: string | undefined; event: string; data: unknown };
type Screen = Sink & { events: Event[]; text: string; ended: boolean; destroyed: boolean; writableLength: number };

function screen(): Screen {
  return {
    events: [],
    text: '',
    ended: false,
    destroyed: false,
    writableLength: 0,
    write(text) {
      this.text += Buffer.from(text as string).toString();
      const blocks = this.text.split('\n\n');
      this.text = blocks.pop() as string;
      for (const block of blocks) {
        const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s) as [string, string]));
        const event = fields.get('event');
        if (event !== undefined)
          this.events.push({ id: fields.get('id'), event, data: JSON.parse(fields.get('data') as string) });
      }
    },
    end() {
      this.ended = true;
    },
    destroy() {
      this.destroyed = true;
    },
  };
}

let hub: StreamHub;
let changes: ReturnType<typeof memoryChanges>;
let dropped: number;

function open(options: Partial<StreamHubOptions> = {}): void {
  hub = createStreamHub({
    changes,
    values: () => [{ id: 'katulampa', value }],
    pulse: () => ({ serverTime: at, speed: 1, watermark: null, build: 'test' }),
    dropped: () => {
      dropped += 1;
    },
    ...options,
  });
}

beforeEach(() => {
  vi.useFakeTimers();
  dropped = 0;
  changes = memoryChanges();
});
afterEach(() => {
  hub.close();
  vi.useRealTimers();
});

const settled = () => vi.advanceTimersByTimeAsync(0);
const deltas = (sink: Screen) => sink.events.filter(({ event }) => event === 'delta');
const seqs = (sink: Screen) =>
  deltas(sink).flatMap(({ data }) => (data as { changes: { seq: number }[] }).changes.map(({ seq }) => seq));

test('sends the newest values and a heartbeat at once, in the schema', async () => {
  open();
  const sink = screen();
  hub.attach(sink, undefined);
  await settled();
  expect(sink.events.map(({ event }) => event)).toEqual(['delta', 'hb']);
  expect(sink.events[0]?.id).toBe('e1:0');
  const delta = parseDelta(sink.events[0]?.data);
  expect(delta.ok && delta.value.values).toEqual([{ id: 'katulampa', value }]);
  expect(parseHeartbeat(sink.events[1]?.data).ok).toBe(true);
});

test('replays what came since, in pages, then goes on without a hole or a repeat', async () => {
  changes.add(7);
  open({ replayPage: 2 });
  const sink = screen();
  hub.attach(sink, { epoch: 'e1', seq: 2 });
  await settled();
  hub.publish(changes.add(2), []);
  await settled();
  expect(seqs(sink)).toEqual([3, 4, 5, 6, 7, 8, 9]);
  expect(deltas(sink).at(-1)?.id).toBe('e1:9');
});

test('sends each change once to a client whose replay overtook the hub', async () => {
  open();
  const sink = screen();
  hub.publish(changes.add(1), []);
  hub.publish(changes.add(2), []);
  hub.attach(sink, { epoch: 'e1', seq: 0 });
  await settled();
  expect(seqs(sink)).toEqual([1, 2, 3]);
  hub.publish(changes.add(1), []);
  await vi.advanceTimersByTimeAsync(100);
  expect(seqs(sink)).toEqual([1, 2, 3, 4]);
});

test('loses nothing that is published while a replay reads', async () => {
  changes.add(3);
  const slow = { ...changes, epoch: 'e1', since: changes.since };
  slow.since = async (seq, limit) => {
    const page = await changes.since(seq, limit);
    await new Promise((resolve) => setTimeout(resolve, 50));
    return page;
  };
  open({ changes: slow });
  const sink = screen();
  hub.attach(sink, { epoch: 'e1', seq: 0 });
  await vi.advanceTimersByTimeAsync(10);
  hub.publish(changes.add(2), []);
  await vi.advanceTimersByTimeAsync(500);
  expect(seqs(sink)).toEqual([1, 2, 3, 4, 5]);
});

test('asks for a new snapshot from another epoch, from the future, and after a gap', async () => {
  changes = memoryChanges('e1', 2);
  changes.add(5);
  open();
  for (const [place, reason] of [
    [{ epoch: 'e0', seq: 5 }, 'epoch'],
    [{ epoch: 'e1', seq: 9 }, 'gap'],
    [{ epoch: 'e1', seq: 1 }, 'gap'],
  ] as const) {
    const sink = screen();
    hub.attach(sink, place);
    await settled();
    expect(sink.events).toEqual([{ id: undefined, event: 'reset', data: { reason } }]);
    expect(sink.ended).toBe(true);
  }
  expect(hub.clients()).toBe(0);
});

test('asks for a new snapshot rather than replay a long time', async () => {
  changes.add(30);
  open({ maxReplay: 20 });
  const [near, far] = [screen(), screen()];
  hub.attach(near, { epoch: 'e1', seq: 10 });
  hub.attach(far, { epoch: 'e1', seq: 9 });
  await settled();
  expect([seqs(near).length, near.ended]).toEqual([20, false]);
  expect([far.events.map(({ data }) => data), far.ended]).toEqual([[{ reason: 'gap' }], true]);
});

test('the first delta after quiet leaves in the same turn with its values, the next ones together after 100 ms', async () => {
  open();
  const sink = screen();
  hub.attach(sink, undefined);
  await settled();
  sink.events.length = 0;
  hub.publish(changes.add(1), []);
  hub.publish([], [{ id: 'katulampa', value }]);
  await settled();
  expect(sink.events).toMatchObject([{ data: { changes: [{ seq: 1 }], values: [{ id: 'katulampa' }] } }]);
  hub.publish(changes.add(1), [{ id: 'depok', value }]);
  hub.publish(changes.add(1), [{ id: 'depok', value: { ...value, stageMm: 901 } }]);
  expect(sink.events).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(100);
  expect(sink.events).toHaveLength(2);
  expect(sink.events[1]).toMatchObject({
    id: 'e1:3',
    data: { changes: [{ seq: 2 }, { seq: 3 }], values: [{ id: 'depok', value: { stageMm: 901 } }] },
  });
  await vi.advanceTimersByTimeAsync(200);
  hub.publish([changeOf(4)], []);
  await settled();
  expect(sink.events).toHaveLength(3);
});

test('each audience gets its own view of the same numbers; one that is no more valid is ended', async () => {
  open();
  const [everyone, staff] = [screen(), screen()];
  let valid = true;
  const sees = { key: 'few', sees: ({ seq, knownAt }: Change): Change => ({ seq, knownAt, kind: 'withheld' }) };
  hub.attach(everyone, undefined);
  hub.attach(staff, undefined, { ...sees, valid: () => valid });
  await settled();
  hub.publish(changes.add(2), []);
  await settled();
  const kinds = (sink: Screen) =>
    deltas(sink)
      .slice(-1)
      .flatMap(({ data }) => (data as { changes: Change[] }).changes.map(({ kind }) => kind));
  expect([kinds(everyone), kinds(staff)]).toEqual([
    ['station', 'station'],
    ['withheld', 'withheld'],
  ]);
  expect(seqs(staff)).toEqual([1, 2]);
  valid = false;
  await vi.advanceTimersByTimeAsync(5000);
  expect([everyone.ended, staff.ended, hub.clients()]).toEqual([false, true, 1]);
});

test('beats every five seconds', async () => {
  open();
  const sink = screen();
  hub.attach(sink, undefined);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(sink.events.filter(({ event }) => event === 'hb')).toHaveLength(4);
});

test('drops and counts a client that does not read, and only that one', async () => {
  open({ maxUnreadBytes: 1000 });
  const [slow, quick] = [screen(), screen()];
  hub.attach(slow, undefined);
  hub.attach(quick, undefined);
  await settled();
  slow.writableLength = 1001;
  hub.publish(changes.add(1), []);
  await settled();
  expect([slow.destroyed, quick.destroyed, dropped, hub.clients()]).toEqual([true, false, 1, 1]);
});

test('ends everyone when it closes', async () => {
  open();
  const sink = screen();
  hub.attach(sink, undefined);
  await settled();
  hub.close();
  expect(sink.ended).toBe(true);
  expect(hub.clients()).toBe(0);
});

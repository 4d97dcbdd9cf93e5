import { steppedClock, type Works } from '@siaga/protocol';
import { afterEach, expect, test, vi } from 'vitest';
import { type AlarmLoop, alarmLoop } from './alarm-loop.ts';
import { createWorld } from './alarm-world.ts';
import type { FoundCondition, World } from './alarms/rule.ts';
import { condition, noonMs } from './alarms/testing.ts';
import { unjudged } from './domain/level.ts';
import { catalogueFrom } from './fleet/testing.ts';
import type { Known } from './judging/judge.ts';

const running: AlarmLoop[] = [];
afterEach(async () => {
  for (const loop of running.splice(0)) await loop.close();
});

const platform = {
  startedAtMs: 0,
  diskFreeBytes: null,
  diskFreePercent: null,
  watermarkMs: null,
  judgingLagS: null,
  troubles: [],
  channels: [],
  heartbeatFault: null,
};
const world: World = {
  nowMs: noonMs,
  stations: new Map(),
  reaches: [],
  platform,
  episodes: () => [],
  madeKnown: () => [],
};

function loopOver(over: { take?: () => Promise<void>; everyMs?: number; stuckMs?: number } = {}) {
  const looks: (readonly string[] | undefined)[] = [];
  const taken: (readonly FoundCondition[])[] = [];
  const errors: Error[] = [];
  const loop = alarmLoop({
    rules: {
      find(_world, stations) {
        looks.push(stations === undefined ? undefined : [...stations]);
        return [condition()];
      },
    },
    desk: {
      async take(found) {
        await over.take?.();
        taken.push(found);
      },
    },
    world: () => world,
    onError: (error) => errors.push(error),
    everyMs: over.everyMs ?? 60_000,
    ...(over.stuckMs === undefined ? {} : { stuckMs: over.stuckMs }),
  });
  running.push(loop);
  return { loop, looks, taken, errors };
}

test('looks at everything when it starts, then at what was touched, gathered', async () => {
  const { loop, looks, taken } = loopOver();
  loop.touch(['early']);
  loop.start();
  await vi.waitFor(() => expect(taken).toHaveLength(1));
  expect(looks).toEqual([undefined]);
  loop.touch(['katulampa']);
  loop.touch(['depok', 'katulampa']);
  await vi.waitFor(() => expect(taken).toHaveLength(2));
  expect(looks[1]).toEqual(['katulampa', 'depok']);
});

test('goes on after a failure, and says that it failed until it works', async () => {
  let broken = true;
  const { loop, taken, errors } = loopOver({
    everyMs: 5,
    take: async () => {
      if (broken) throw new Error('the disk is full');
    },
  });
  loop.start();
  await vi.waitFor(() => expect(errors.length).toBeGreaterThan(1));
  expect(loop.troubles()).toEqual(['alarms: the disk is full']);
  broken = false;
  await vi.waitFor(() => expect(loop.troubles()).toEqual([]));
  expect(taken.length).toBeGreaterThan(0);
});

test('says that a look does not end, until it has', async () => {
  const ends: (() => void)[] = [];
  const { loop } = loopOver({ stuckMs: 20, take: () => new Promise((resolve) => ends.push(resolve)) });
  loop.start();
  await vi.waitFor(() => expect(loop.troubles()).toEqual(['alarms: nothing was looked at for 0 s']));
  ends[0]?.();
  await vi.waitFor(() => expect(loop.troubles()).toEqual([]));
});

test('closes when the look under way has ended, and begins no other', async () => {
  const ends: (() => void)[] = [];
  const { loop, looks, taken } = loopOver({ take: () => new Promise((resolve) => ends.push(resolve)) });
  loop.start();
  await vi.waitFor(() => expect(ends).toHaveLength(1));
  loop.touch(['katulampa']);
  const closed = loop.close();
  ends[0]?.();
  await closed;
  expect([taken.length, looks.length]).toEqual([1, 1]);
});

test('the world is the same object where nothing changed, and sees what did', async () => {
  const catalogue = catalogueFrom();
  const clock = steppedClock(noonMs);
  const known = new Map<string, Known>();
  let works: Works | null = null;
  const see = createWorld({
    catalogue,
    clock,
    known: () => known,
    fleet: { devices: async () => [] },
    works: () => works,
    platform: () => platform,
    episodes: () => [],
    madeKnown: () => [],
  });
  const first = (await see()).stations.get('katulampa');
  expect(first).toMatchObject({ judged: unjudged, level: { presence: 'never' }, value: null, device: null });
  const level = { ...first?.level, severity: 2 } as Known['level'];
  known.set('katulampa', { judged: { ...unjudged, severity: 2 }, level, value: null });
  const second = (await see(new Set(['katulampa']))).stations.get('katulampa');
  expect(second?.level.severity).toBe(2);
  expect((await see()).stations.get('katulampa')).toBe(second);
  works = { gates: [], pumps: [], enteredAt: '2026-01-15T05:00:00Z', by: 'operator1' };
  expect((await see()).stations.get('katulampa')?.works).toBe(works);
});

import type { OnlineHealth } from '@siaga/protocol';
import { expect, test } from 'vitest';
import { noonMs, wellDevice } from '../alarms/rules/testing.ts';
import { openMemory } from '../store/index.ts';
import { createDevices, noTrail, trailAfter } from './devices.ts';
import { maintenanceUntilMs } from './maintenance.ts';

const hourMs = 3_600_000;
const health = (differs: Partial<OnlineHealth> = {}): OnlineHealth => ({
  ...(wellDevice.health as OnlineHealth),
  ...differs,
});
const iso = (ms: number) => new Date(ms).toISOString();

test('a trail tells how the backlog went, which starts were of the last day, and since when there is maintenance', () => {
  const said = [1, 1, 2, 3].map((number, i) =>
    health({
      start: { number, reason: 'power' },
      backlog: { count: i * 10, oldestAt: null },
      maintenanceUntil: i < 2 ? null : iso(noonMs),
    }),
  );
  const trail = said.reduce((before, each, i) => trailAfter(before, each, noonMs + i * hourMs), noTrail);
  expect(trail.backlogs.map(({ count }) => count)).toEqual([0, 10, 20, 30]);
  expect(trail.starts.map(({ number }) => number)).toEqual([1, 2, 3]);
  expect(trail.maintenance).toEqual({ declared: true, sinceMs: noonMs + 2 * hourMs });
  const later = trailAfter(trail, health({ start: { number: 3, reason: 'power' } }), noonMs + 40 * hourMs);
  expect(later.starts.map(({ number }) => number)).toEqual([3]);
  expect(later.maintenance).toMatchObject({ declared: false, sinceMs: noonMs + 40 * hourMs });
});

test('what is kept is known after a start, and an older connection says nothing', async () => {
  const { fleet, close } = openMemory();
  const first = createDevices(fleet);
  await first.health('depok', health({ connection: 3, batteryMv: 12_000 }), noonMs);
  await first.health('depok', health({ connection: 2, batteryMv: 9_000 }), noonMs + 1);
  const second = createDevices(fleet);
  await second.start();
  for (const devices of [first, second]) {
    expect(devices.of('depok')?.health).toMatchObject({ connection: 3, batteryMv: 12_000 });
    expect(devices.trail('depok').backlogs).toHaveLength(1);
  }
  expect(second.of('bogor')).toBeNull();
  await close();
});

test.each<[string, Partial<OnlineHealth>, number | null]>([
  ['none', {}, null],
  ['an hour', { maintenanceUntil: iso(noonMs + hourMs) }, hourMs],
  ['a year: half a day after its last word', { maintenanceUntil: iso(noonMs + 8760 * hourMs) }, 12 * hourMs],
  [
    'an hour by a clock that is two days behind',
    { maintenanceUntil: iso(noonMs - 47 * hourMs), at: iso(noonMs - 48 * hourMs), clock: 'unsynced' },
    hourMs,
  ],
])('declared maintenance: %s', (_, differs, lastsMs) => {
  const device = { healthAtMs: noonMs, health: health({ at: iso(noonMs), ...differs }) };
  expect(maintenanceUntilMs(device)).toBe(lastsMs === null ? null : noonMs + lastsMs);
});

test('a device that counts its starts up without end fills no memory', () => {
  let trail = noTrail;
  for (let number = 1; number <= 2000; number += 1)
    trail = trailAfter(trail, health({ start: { number, reason: 'crash' } }), noonMs + number);
  expect(trail.starts.length).toBeLessThanOrEqual(300);
  expect(trail.starts.at(-1)).toMatchObject({ number: 2000 });
});

test('maintenance that ends for a moment goes on: one denial every few hours would hide that it never ends', () => {
  const until = (hours: number | null) =>
    health({ maintenanceUntil: hours === null ? null : iso(noonMs + hours * hourMs) });
  const said = [until(9), until(null), until(9), until(null), until(9)];
  const trail = said.reduce((before, each, i) => trailAfter(before, each, noonMs + (i * hourMs) / 2), noTrail);
  expect(trail.maintenance).toMatchObject({ declared: true, sinceMs: noonMs });
  const ended = trailAfter(trail, until(null), noonMs + 3 * hourMs);
  expect(ended.maintenance).toMatchObject({ declared: false, sinceMs: noonMs + 3 * hourMs });
  const again = trailAfter(ended, until(9), noonMs + 4 * hourMs);
  expect(again.maintenance).toMatchObject({ declared: true, sinceMs: noonMs + 4 * hourMs });
});

import type { OnlineHealth } from '@siaga/protocol';
import { expect, test } from 'vitest';
import type { World } from './alarms/rule.ts';
import { catalogueOf, minuteMs, type Sample, samples, wellDevice, worldOf } from './alarms/rules/testing.ts';
import { neighbourLoop, risingStations } from './neighbour-loop.ts';
import { openMemory } from './store/index.ts';

/** Katulampa as the samples say; depok reports every quarter of an hour. */
function worldWith(nowMin: number, of: readonly Sample[], kind: 'river' | 'tide' = 'river'): World {
  const world = worldOf(catalogueOf({ kind }), { nowMin, samples: of });
  const depok = world.stations.get('depok');
  if (depok === undefined) throw new Error('no depok');
  const health: OnlineHealth = {
    ...(wellDevice.health as OnlineHealth),
    cadence: { sampleS: 300, reportS: 900, reason: 'calm' },
  };
  const device = { ...wellDevice, station: 'depok', health };
  return { ...world, stations: new Map([...world.stations, ['depok', { ...depok, device }]]) };
}

const rising = (of: readonly Sample[], kind: 'river' | 'tide' = 'river') =>
  risingStations(worldWith(0, of, kind)).map(({ station, severity }) => `${station} ${severity}`);

test('rising is: within a band, or fast; seen, and not under maintenance', () => {
  expect(rising(samples(300, 301, 302, 303))).toEqual([]);
  expect(rising(samples(900, 960, 1020, 1090))).toEqual(['katulampa 1']);
  expect(rising(samples(300, 400, 500, 600))).toEqual(['katulampa 0']);
  expect(rising(samples(300, 400, 500, 600), 'tide')).toEqual([]);
  expect(rising(samples(1090, 1020, 960, 900))).toEqual([]);
  expect(rising(samples(900, 960, 1020, 1090).map((each) => ({ ...each, maintenance: true })))).toEqual([]);
  expect(rising(samples(900, 960, 1020, 1090).map((each) => ({ ...each, atMin: each.atMin - 60 })))).toEqual([]);
});

test('asks once while it rises, anew before the time is over, and remembers over a restart', async () => {
  const { state, close } = openMemory();
  const issued: string[] = [];
  const steep = samples(900, 960, 1020, 1090);
  let nowMin = 0;
  const atNow = () => steep.map((each) => ({ ...each, atMin: each.atMin + nowMin }));
  const open = async () => {
    const loop = neighbourLoop({
      world: async () => worldWith(nowMin, atNow()),
      state,
      commands: {
        sweep: async () => {},
        async issue(actor, station, wish, { expiresInS }) {
          issued.push(`${actor} ${station} ${JSON.stringify(wish)} ${expiresInS}`);
          return { ok: false, code: 'not-found', reason: '' };
        },
      },
      onError: (error) => expect.unreachable(error.message),
      everyMs: 1e9,
    });
    await loop.start();
    return loop;
  };
  const first = await open();
  await first.look();
  await first.look();
  expect(issued).toEqual(['machine depok {"act":"cadence","intervalS":120,"forS":18000} 18000']);
  await first.close();
  const second = await open();
  nowMin = (2 * 3_600_000) / minuteMs;
  await second.look();
  expect(issued).toHaveLength(1);
  nowMin = (2.6 * 3_600_000) / minuteMs;
  await second.look();
  expect(issued).toHaveLength(2);
  await second.close();
  await close();
});

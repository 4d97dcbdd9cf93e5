import type { OnlineHealth } from '@siaga/protocol';
import { describe, expect, it } from 'vitest';
import { foldReading, levelOf, unjudged } from '../../domain/level.ts';
import { siteAt } from '../../fleet/catalogue.ts';
import type { StationFacts, World } from '../rule.ts';
import { createRuleSet } from './index.ts';
import { catalogueOf, found, minuteMs, noonMs, samples, wellDevice, wellPlatform } from './testing.ts';

describe('one station', () => {
  it('is told when nothing came for longer than the stale limit, with how long and the last stage', () => {
    expect(found({ nowMin: 3.9, samples: samples(300, 310) }, 'silence')).toEqual([]);
    expect(found({ nowMin: 12, samples: samples(300, 310) }, 'silence')).toMatchObject([
      { list: 'health', priority: 'low', headline: 'Katulampa silent since 19:00 (12 min), last at 31 cm' },
    ]);
  });

  it('is more urgent where the water was last seen above a limit', () => {
    expect(found({ nowMin: 12, samples: samples(900, 910) }, 'silence')).toMatchObject([{ priority: 'medium' }]);
  });

  it('is not silent while readings come that weigh nothing', () => {
    const dead = Array.from({ length: 12 }, (_, i) => ({ atMin: i + 1, echo: 'dead' as const, flag: 9 as const }));
    expect(found({ nowMin: 12, samples: [...samples(300, 310), ...dead] }, 'silence')).toEqual([]);
  });

  it('goes by the time of receipt where the clock is uncertain', () => {
    const wrong = samples(300, 310).map((each) => ({ ...each, atMin: each.atMin - 600, clock: 'unsynced' as const }));
    const receivedAt = new Date(noonMs - 10_000).toISOString();
    expect(found({ nowMin: 0, samples: wrong, value: { receivedAt } }, 'silence')).toEqual([]);
    expect(found({ nowMin: 12, samples: wrong, value: { receivedAt } }, 'silence')).toMatchObject([
      { headline: 'Katulampa silent since 18:59 (12 min), last at 31 cm' },
    ]);
  });

  it('keeps its alarm, and raises none, in the first minutes after a start', () => {
    const scene = { nowMin: 12, samples: samples(300, 310) };
    const started = (minutesAgo: number) => ({
      ...scene,
      platform: { startedAtMs: noonMs + (12 - minutesAgo) * minuteMs },
    });
    expect(found(started(4), 'silence')).toMatchObject([{ signal: 'hold' }]);
    expect(found(started(5), 'silence')).toMatchObject([{ signal: 'on' }]);
  });

  it('is silent about its silence while a technician declares to be there, and no longer', () => {
    const maintenanceUntil = new Date(noonMs + 60 * minuteMs).toISOString();
    const device = { ...wellDevice, health: { ...(wellDevice.health as OnlineHealth), maintenanceUntil } };
    const look = (nowMin: number) => found({ nowMin, samples: samples(300, 310), device }, 'silence');
    expect(look(50)).toMatchObject([{ signal: 'on', maintenance: true }]);
    expect(look(61)[0]).not.toHaveProperty('maintenance');
  });

  it('that was never heard is told only when asked for', () => {
    expect(found({ nowMin: 0 }, 'silence')).toEqual([]);
    const alarms = 'alarms: { rules: { silence: { neverHeard: true } } }';
    expect(found({ nowMin: 0, alarms }, 'silence')).toHaveLength(2);
  });
});

/** Stations a, b, … of which some have last been heard long ago. */
function network(total: number, silent: number): World {
  const [like] = catalogueOf({}).stations;
  if (like === undefined) throw new Error('the catalogue is empty');
  const facts = Array.from({ length: total }, (_, i): [string, StationFacts] => {
    const station = { ...like, id: `station-${i}` };
    const site = siteAt(station, noonMs);
    const judged = foldReading(
      unjudged,
      {
        gauge: 'main',
        observedAtMs: noonMs - (i < silent ? 30 : 1) * minuteMs,
        distanceMm: 4000,
        echo: 'seen',
        flag: 1,
        clock: 'synced',
        intervalS: 60,
        maintenance: false,
      },
      site,
    );
    const level = levelOf(judged, site, noonMs);
    return [station.id, { station, bands: site.bands, judged, level, value: null, device: null, works: null }];
  });
  return {
    nowMs: noonMs,
    stations: new Map(facts),
    reaches: [],
    platform: wellPlatform,
    episodes: () => [],
    madeKnown: () => [],
  };
}

describe('most stations at once', () => {
  const look = (world: World) => {
    const source = { ...catalogueOf({}), stations: [...world.stations.values()].map(({ station }) => station) };
    return createRuleSet(source).find(world);
  };

  it('is said neither of them nor of all in the first minutes after a start', () => {
    const world = network(10, 8);
    const started = { ...world, platform: { ...wellPlatform, startedAtMs: noonMs - 4 * minuteMs } };
    expect(new Set(look(started).map(({ signal }) => signal))).toEqual(new Set(['hold']));
  });

  it('are told as one alarm of the platform, theirs are suppressed by design', () => {
    const conditions = look(network(10, 6));
    const single = conditions.filter(({ rule }) => rule === 'silence');
    expect(single).toHaveLength(6);
    expect(single.every(({ suppressed }) => suppressed?.includes('6 of 10 stations'))).toBe(true);
    expect(conditions.filter(({ rule }) => rule === 'platform-silent')).toMatchObject([
      { priority: 'high', subject: { kind: 'platform' }, station: null },
    ]);
  });

  it('half of them, or two of two, are told by name', () => {
    for (const world of [network(10, 5), network(2, 2)]) {
      const conditions = look(world);
      expect(conditions.filter(({ suppressed }) => suppressed !== undefined)).toEqual([]);
      expect(conditions.filter(({ rule }) => rule === 'platform-silent')).toEqual([]);
    }
  });
});

import { expect, test } from 'vitest';
import { actorText } from '../format/actor-text.ts';
import { zoneTimes } from '../format/times.ts';
import { evidenceLines, standingText, whatChanged, withoutName } from './state-text.ts';
import { alarmOf } from './testing.ts';
import { alarmViewOf } from './view.ts';

const times = zoneTimes('Asia/Jakarta');
const people = new Map([['ayu00001', { id: 'ayu00001', name: 'Ayu', role: 'operator' as const }]]);
const at = '2014-01-29T16:10:00.000Z';
const by = { by: 'ayu00001', at };
const textOf = (more: Parameters<typeof alarmOf>[1]) =>
  standingText(alarmViewOf(alarmOf('a1', more), { basins: [] }, new Map(), new Map()), people, times);

test('an acknowledgement has a name and a time of the deployment', () => {
  expect(textOf({})).toBe('unacknowledged');
  expect(textOf({ acknowledged: by })).toBe('acknowledged by Ayu 23:10');
  expect(actorText('gone0001', people)).toBe('a deleted account');
  expect(actorText('machine', people)).toBe('the system');
});

test('what is silenced says by whom, until when and why', () => {
  const until = '2014-01-29T16:40:00.000Z';
  expect(textOf({ suppression: { kind: 'shelved', by: 'ayu00001', at, until, oneShot: true, reason: 'known' } })).toBe(
    'shelved until 23:40 by Ayu: known (or until it is back to normal)',
  );
  expect(textOf({ suppression: { kind: 'by-design', at, reason: 'the link is down' } })).toBe(
    'suppressed: the link is down',
  );
  expect(textOf({ suppression: { kind: 'out-of-service', by: 'ayu00001', at, until: null, reason: 'r' } })).toBe(
    'out of service until put back by Ayu: r',
  );
});

test('who comes too late is told what has changed', () => {
  const seen = alarmOf('a1');
  const now = alarmOf('a1', { priority: 'high', acknowledged: by, condition: 'returned', version: 4 });
  expect(whatChanged(seen, now, people)).toEqual(['priority Medium → High', 'back to normal', 'acknowledged by Ayu']);
  expect(whatChanged(seen, undefined, people)).toEqual(['it has closed']);
  expect(whatChanged(seen, { ...seen, version: 2 }, people)).toEqual(['newer figures']);
});

test('evidence is told in cm and local time, by the units that its names end in', () => {
  const lines = evidenceLines(
    {
      stageMm: 1509,
      rateMmPer10Min: 74,
      observedAt: at,
      staleAfterS: 240,
      freePercent: 6,
      clockUncertain: false,
      confirmedBy: 2,
      pumpState: 'stopped',
      peakAtLeast: null,
    },
    times,
  );
  expect(lines).toEqual([
    { name: 'Stage', text: '150 cm' },
    { name: 'Rate of rise', text: '+7.4 cm/10 min' },
    { name: 'Observed', text: '29 Jan 23:10 WIB' },
    { name: 'Stale after', text: '4 min' },
    { name: 'Free', text: '6 %' },
    { name: 'Clock uncertain', text: 'no' },
    { name: 'Confirmed by', text: '2' },
    { name: 'Pump state', text: 'stopped' },
    { name: 'Peak at least', text: '–' },
  ]);
});

test('a headline under its own name does not repeat it', () => {
  expect(withoutName('Depok in Siaga II band: 1 cm', 'Depok')).toBe('in Siaga II band: 1 cm');
  expect(withoutName('Sunter (instruments): Hulu is silent', 'Sunter')).toBe('Hulu is silent');
  expect(withoutName('Sunter: Hulu', 'Ciliwung')).toBe('Sunter: Hulu');
});

import { describe, expect, test } from 'vitest';
import type { Beat } from './beat.ts';
import { acceptedRecord, heardAnswer, heardBeat, passed, watchedSince } from './watcher.ts';

const minute = 60_000;
const settings = { silentMs: 5 * minute, repeatMs: 30 * minute };
const hashOf = (no: number, branch = 'a') => `${branch}${no}`.padEnd(64, '0').replace(/[^0-9a-f]/g, '0');
const beat = (no: number, over: Partial<Beat> = {}): Beat => ({
  deployment: 'Siaga Test',
  at: '2014-01-29T17:00:00Z',
  version: '1',
  ready: true,
  amiss: [],
  alarms: { high: 0, medium: 0, low: 0 },
  audit: { no, hash: hashOf(no) },
  proof: null,
  ...over,
});

describe('silence', () => {
  test('is told once it is long enough, again after the pause, and its end once', () => {
    let watched = watchedSince(0);
    let step = passed(watched, settings, 5 * minute - 1);
    expect(step.tell).toEqual([]);
    step = passed(step.watched, settings, 5 * minute);
    expect(step.tell).toEqual([{ kind: 'silent', sinceMs: 0, fault: null, again: false }]);
    expect(passed(step.watched, settings, 34 * minute).tell).toEqual([]);
    step = passed(step.watched, settings, 35 * minute);
    expect(step.tell).toMatchObject([{ kind: 'silent', again: true }]);
    step = heardBeat(step.watched, beat(1), 40 * minute);
    expect(step.tell).toEqual([{ kind: 'back', sinceMs: 0 }]);
    ({ watched } = step);
    expect(heardBeat(watched, beat(1), 41 * minute).tell).toEqual([]);
  });

  test('a platform that is not ready is heard but is not well; so is one that answers badly', () => {
    let { watched } = heardBeat(watchedSince(0), beat(1, { ready: false, amiss: ['store: full'] }), 4 * minute);
    expect(passed(watched, settings, 5 * minute).tell).toMatchObject([
      { fault: 'it says that it is not ready: store: full' },
    ]);
    ({ watched } = heardAnswer(watched, 'asked, it answered 503', 4 * minute));
    expect(passed(watched, settings, 5 * minute).tell).toMatchObject([{ fault: 'asked, it answered 503' }]);
    ({ watched } = heardAnswer(watched, null, 4 * minute));
    expect(passed(watched, settings, 8 * minute).tell).toEqual([]);
  });
});

describe('the record', () => {
  const heard = heardBeat(watchedSince(0), beat(7), 0).watched;

  test.each<[string, Beat, RegExp | null]>([
    ['longer', beat(9), null],
    ['the same', beat(7), null],
    ['longer, with what was known in it', beat(9, { proof: { no: 7, hash: hashOf(7) } }), null],
    ['shorter', beat(6), /ends at line 6.*line 7/],
    ['as long, but another', beat(7, { audit: { no: 7, hash: hashOf(7, 'b') } }), /another/],
    ['longer, on a changed past', beat(9, { proof: { no: 7, hash: hashOf(7, 'b') } }), /changed/],
  ])('%s', (_, next, complaint) => {
    const { tell, watched } = heardBeat(heard, next, minute);
    if (complaint === null) {
      expect(tell).toEqual([]);
      expect(watched.audit?.no).toBe(next.audit.no);
    } else {
      expect(tell).toMatchObject([{ kind: 'record', what: expect.stringMatching(complaint) }]);
      expect(watched.audit).toEqual(heard.audit);
    }
  });

  test('the complaint is repeated whatever comes, until a person accepts', () => {
    let { watched } = heardBeat(heard, beat(3), 0);
    for (let at = 1; at < 30; at += 1) watched = heardBeat(watched, beat(20), at * minute).watched;
    expect(passed(watched, settings, 30 * minute).tell).toMatchObject([{ kind: 'record', again: true }]);
    const accepted = heardBeat(acceptedRecord(watched), beat(4), 31 * minute);
    expect(accepted.tell).toEqual([]);
    expect(accepted.watched.audit?.no).toBe(4);
  });
});

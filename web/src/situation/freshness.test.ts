import { describe, expect, test } from 'vitest';
import { learnClock, linkState, presenceOf, serverNowMs, startClock, stationAgeMs } from './freshness.ts';
import { pictureOf, valueBefore } from './testing.ts';

const observedMs = Date.parse(valueBefore.observedAt);

describe('the server’s clock', () => {
  test('goes on from the last sample, at the server’s speed', () => {
    expect(serverNowMs(startClock(1_000_000, 50, 60), 1050)).toBe(1_060_000);
  });

  test('a delayed sample does not turn it back', () => {
    const clock = learnClock(startClock(10_000, 0, 1), 11_000, 4_000, 1);
    expect(serverNowMs(clock, 5_000)).toBe(15_000);
  });

  test('follows a server that was ahead of the estimate', () => {
    const clock = learnClock(startClock(10_000, 0, 1), 12_500, 2_000, 1);
    expect(serverNowMs(clock, 2_000)).toBe(12_500);
  });

  test('another speed starts anew', () => {
    const clock = learnClock(startClock(10_000_000, 0, 60), 5_000, 100, 1);
    expect(serverNowMs(clock, 200)).toBe(5_100);
  });
});

describe('a station', () => {
  test.each([
    [119, 'live'],
    [121, 'late'],
    [239, 'late'],
    [241, 'stale'],
  ])('%i s old at a reading each 60 s is %s, whatever the server still says', (ageS, presence) => {
    expect(presenceOf(pictureOf(), observedMs + ageS * 1000)).toBe(presence);
  });

  test('is as bad as the server says, however young its reading', () => {
    expect(presenceOf(pictureOf('a', { presence: 'stale' }), observedMs)).toBe('stale');
  });

  test('without a value was never heard', () => {
    expect(presenceOf(pictureOf('a', {}, null), observedMs)).toBe('never');
    expect(stationAgeMs(pictureOf('a', {}, null), observedMs)).toBeUndefined();
  });

  test('with an uncertain clock is aged by when its reading came', () => {
    const picture = pictureOf('a', { note: 'clock-uncertain' }, { receivedAt: '2014-01-29T18:00:00.000Z' });
    expect(stationAgeMs(picture, Date.parse('2014-01-29T18:00:07.000Z'))).toBe(7_000);
  });
});

test('the link is delayed after 11 s without an event and not live after 30', () => {
  const limits = { delayedAfterMs: 11_000, notLiveAfterMs: 30_000 };
  expect(linkState(undefined, 99_999, limits)).toBe('starting');
  expect([1_000, 10_999, 11_000, 29_999, 30_000].map((ms) => linkState(0, ms, limits))).toEqual([
    'live',
    'live',
    'delayed',
    'delayed',
    'not-live',
  ]);
});

import { describe, expect, test } from 'vitest';
import { pictureOf, valueBefore } from '../situation/testing.ts';
import { viewOf } from '../situation/view.ts';
import { bandSentence, doubts, freshnessText, levelText, spokenText, trendText } from './station-text.ts';
import { ageText, knownZone, zoneTimes } from './times.ts';
import { cmText, rateText } from './units.ts';

const nowMs = Date.parse(valueBefore.observedAt) + 42_000;

describe('units', () => {
  test.each([
    [1510, '151'],
    [1509, '150'],
    [0, '0'],
    [9, '0'],
    [-505, '−51'],
    [-1, '−1'],
  ])('%i mm reads %s cm: down, so that it agrees with half-open bands', (mm, text) => {
    expect(cmText(mm)).toBe(text);
  });

  test.each([
    [74, '+7.4'],
    [-26, '−2.6'],
    [0, '0'],
    [120, '+12'],
    [123, '+12'],
    [-4, '−0.4'],
  ])('%i mm in 10 min reads %s cm', (mm, text) => {
    expect(rateText(mm)).toBe(text);
  });
});

describe('times', () => {
  const times = zoneTimes('Asia/Jakarta');
  test('are those of the deployment', () => {
    const ms = Date.parse('2014-01-29T17:05:09Z');
    expect(times.second(ms)).toBe('00:05:09');
    expect(times.dayMinute(ms)).toBe('30 Jan 00:05');
    expect(times.date(ms)).toBe('Thu 30 Jan 2014');
    expect(times.zoneName(ms)).toBe('WIB');
    expect(zoneTimes('Europe/London').zoneName(ms)).toBe('GMT');
  });

  test('in a zone that the browser does not know are UTC', () => {
    expect(knownZone('Mars/Olympus')).toBe('UTC');
  });

  test.each([
    [-5, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [3_900_000, '1 h 05 min'],
    [100 * 3_600_000, '4 d 4 h'],
  ])('an age of %i ms is %s', (ms, text) => {
    expect(ageText(ms)).toBe(text);
  });
});

describe('a station in words', () => {
  const view = viewOf(pictureOf('katulampa', { severity: 2, bandLabel: 'Siaga II' }, { stageMm: 1620 }), nowMs);

  test('is provisional wherever its band is named', () => {
    expect(bandSentence(view)).toBe('in Siaga II band (sensor, provisional)');
    expect(spokenText(view)).toBe('162 cm, rising, in Siaga II band (sensor, provisional)');
    expect(trendText(view)).toBe('↗ +12');
  });

  test('is spoken of in the past when it is silent', () => {
    const stale = viewOf(pictureOf('a', { severity: 2, bandLabel: 'Siaga II', presence: 'stale' }), nowMs + 3_600_000);
    expect(bandSentence(stale)).toBe('last known in Siaga II band, 1 h 00 min ago (sensor, provisional)');
    expect(freshnessText(stale)).toBe('stale 1 h 00 min');
  });

  test('says its doubts', () => {
    const doubtful = viewOf(pictureOf('a', { note: 'at-least', quality: 'suspect', maintenance: true }), nowMs);
    expect(levelText(doubtful)).toBe('≥ 78');
    expect(doubts(doubtful)).toEqual(['at least', 'maintenance', 'suspect']);
    expect(levelText(viewOf(pictureOf('a', {}, { stageMm: null }), nowMs))).toBe('–');
  });
});

import { describe, expect, it } from 'vitest';
import type { Heard } from '../filter.ts';
import { worst } from './finding.ts';
import { flatLine, flatStep } from './flat-line.ts';
import { foldQc, type QcState, type QcVerdict, qcUnknown } from './fold.ts';
import { gap } from './gap.ts';
import { grossRange } from './gross-range.ts';
import { tooFast } from './rate-of-change.ts';
import { qcRulesOf } from './rules.ts';
import { spikeStep } from './spike.ts';
import { syntax } from './syntax.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const rules = qcRulesOf({}, {});
const at = (atMs: number, distanceMm: number) => ({ atMs, distanceMm });
const seen = (distanceMm: number, spreadMm = 1): Heard => ({ kind: 'seen', distanceMm, spreadMm });

/** Folds (time, distance or kind of echo) and gives each verdict's flag and test. */
function told(rows: readonly (readonly [number, number | 'blanking' | 'none'])[], use = rules, state = qcUnknown) {
  const verdicts: QcVerdict[] = [];
  for (const [atMs, what] of rows) {
    const heard: Heard = typeof what === 'number' ? seen(what, atMs % 3) : { kind: what };
    const distanceMm = what === 'blanking' ? 300 : what === 'none' ? null : what;
    const verdict = foldQc(verdicts.at(-1)?.state ?? state, { atMs, heard, distanceMm }, use);
    verdicts.push(verdict);
  }
  return verdicts.map(({ flag, test, move }) => `${flag} ${test} ${move}`);
}

describe('each test', () => {
  it('gap: nothing was measured', () => {
    const kinds = ['none', 'dead', 'silent', 'blanking', 'garbled'] as const;
    expect(kinds.map((kind) => gap({ kind })?.flag)).toEqual([9, 9, 9, undefined, undefined]);
  });
  it('syntax: bytes without a frame', () => {
    expect([syntax({ kind: 'garbled' })?.flag, syntax({ kind: 'silent' })]).toEqual([4, null]);
  });
  it('gross range: the sensor fails, the place doubts, blanking is of interest', () => {
    const span = { minMm: 400, maxMm: 3000 };
    expect(grossRange({ kind: 'impossible' }, 6000, span)).toEqual({ flag: 4, test: 'gross-range' });
    expect(grossRange({ kind: 'blanking' }, 300)).toEqual({ flag: 3, test: 'gross-range' });
    expect([399, 400, 3000, 3001].map((mm) => grossRange({ kind: 'seen' }, mm, span)?.flag)).toEqual([
      3,
      undefined,
      undefined,
      3,
    ]);
    expect(grossRange({ kind: 'seen' }, 9000)).toBeNull();
  });
  it('rate of change: too far and too fast, in both directions; a clock set back lends no time', () => {
    const from = at(0, 2000);
    const goes = (atMs: number, mm: number) => tooFast(from, at(atMs, mm), { spikeMm: 150, rateMmPerH: 600 });
    expect([goes(minuteMs, 1850), goes(minuteMs, 1849), goes(minuteMs, 2151)]).toEqual([false, true, true]);
    expect([goes(hourMs, 1400), goes(hourMs, 1399)]).toEqual([false, true]);
    expect(goes(-hourMs, 1849)).toBe(true);
  });
  it('spike: departs, and the next one says whether it was there', () => {
    const first = spikeStep({ trusted: null, doubted: null }, at(0, 2000), rules);
    expect(first.move).toBe('follows');
    const wild = spikeStep(first.state, at(minuteMs, 1000), rules);
    expect(wild).toEqual({ move: 'departs', state: { trusted: at(0, 2000), doubted: at(minuteMs, 1000) } });
    expect(spikeStep(wild.state, at(minuteMs + 2000, 2003), rules).move).toBe('follows');
    const there = spikeStep(wild.state, at(minuteMs + 2000, 1010), rules);
    expect(there).toEqual({ move: 'borne-out', state: { trusted: at(minuteMs + 2000, 1010), doubted: null } });
    expect(spikeStep(wild.state, at(minuteMs + 2000, 500), rules).move).toBe('departs');
  });
  it('flat line: hours without a change, ended by a millimetre or another scatter, not by a gap or a set clock', () => {
    const fold = (rows: [number, number, number | null][]) =>
      rows.reduce<ReturnType<typeof flatStep> | null>(
        (state, [hours, rawMm, spreadMm]) => flatStep(state, { atMs: hours * hourMs, rawMm, spreadMm }, rules),
        null,
      )?.heldMs;
    expect(
      fold([
        [0, 900, 0],
        [0.5, 900, 0],
        [1, 900, 0],
      ]),
    ).toBe(hourMs);
    expect(
      fold([
        [0, 900, 0],
        [0.5, 900, 0],
        [1, 901, 0],
      ]),
    ).toBe(0);
    expect(
      fold([
        [0, 900, 0],
        [0.5, 900, 0],
        [1, 900, 1],
      ]),
    ).toBe(0);
    expect(
      fold([
        [0, 900, 2],
        [0.5, 900, 2],
      ]),
    ).toBe(hourMs / 2);
    expect(
      fold([
        [0, 900, null],
        [0.5, 900, null],
      ]),
    ).toBe(hourMs / 2);
    expect(
      fold([
        [0, 900, 0],
        [500, 900, 0],
      ]),
    ).toBe(hourMs);
    expect(
      fold([
        [9, 900, 0],
        [2, 900, 0],
        [2.5, 900, 0],
      ]),
    ).toBe(hourMs / 2);
  });
  it('flat line: suspect after its hours, never a failure, and not at the dry ground', () => {
    const flat = (heldMs: number) => ({ rawMm: 2980, spreadMm: 0, atMs: 0, heldMs });
    expect(flatLine(flat(rules.flatMs - 1), rules)).toBeNull();
    expect(flatLine(flat(1000 * hourMs), rules)).toEqual({ flag: 3, test: 'flat-line' });
    expect(flatLine(flat(1000 * hourMs), { ...rules, dryMm: 3000 })).toBeNull();
    expect(flatLine(flat(1000 * hourMs), { ...rules, dryMm: 3011 })?.flag).toBe(3);
  });
  it('the worst flag wins, the first of equals; nothing objected passes', () => {
    const doubt = { flag: 3, test: 'spike' } as const;
    expect(worst([null, doubt, { flag: 4, test: 'gross-range' }])).toEqual({ flag: 4, test: 'gross-range' });
    expect(worst([doubt, { flag: 3, test: 'flat-line' }])).toBe(doubt);
    expect(
      worst([
        { flag: 4, test: 'syntax' },
        { flag: 9, test: 'gap' },
      ]).flag,
    ).toBe(9);
    expect(worst([null, null])).toEqual({ flag: 1, test: 'none' });
  });
});

describe('the fold', () => {
  it('a wild reading is suspect, the return is not, nor what follows', () => {
    expect(
      told([
        [0, 2000],
        [minuteMs, 1500],
        [minuteMs + 1500, 2001],
        [2 * minuteMs, 2002],
      ]),
    ).toEqual(['1 none follows', '3 spike departs', '1 none follows', '1 none follows']);
  });
  it('a step is suspect, borne out by the next, and the new level is believed', () => {
    expect(
      told([
        [0, 2000],
        [minuteMs, 1500],
        [minuteMs + 1500, 1502],
        [2 * minuteMs, 1500],
      ]),
    ).toEqual(['1 none follows', '3 spike departs', '3 rate-of-change borne-out', '1 none follows']);
  });
  it('a rise as fast as the station knows it is never suspect', () => {
    const rise = Array.from({ length: 30 }, (_, i) => [i * minuteMs, 2500 - 60 * i] as const);
    expect(new Set(told(rise))).toEqual(new Set(['1 none follows']));
  });
  it('a missing reading is no evidence of where the water is', () => {
    expect(
      told([
        [0, 2000],
        [minuteMs, 'none'],
        [2 * minuteMs, 2000],
        [3 * minuteMs, 1700],
        [4 * minuteMs, 'none'],
        [5 * minuteMs, 1702],
      ]),
    ).toEqual([
      '1 none follows',
      '9 gap follows',
      '1 none follows',
      '3 spike departs',
      '9 gap follows',
      '3 rate-of-change borne-out',
    ]);
  });
  it('blanking keeps its own name, by a rise and by a jump; only the jump departs', () => {
    expect(
      told([
        [0, 420],
        [minuteMs, 'blanking'],
        [2 * minuteMs, 'blanking'],
        [3 * minuteMs, 430],
      ]),
    ).toEqual(['1 none follows', '3 gross-range follows', '3 gross-range follows', '1 none follows']);
    expect(
      told([
        [0, 2000],
        [minuteMs, 'blanking'],
        [minuteMs + 1500, 'blanking'],
      ]),
    ).toEqual(['1 none follows', '3 gross-range departs', '3 gross-range borne-out']);
  });
  it('the state is plain JSON: a fold over a restart is the same fold', () => {
    const rows = Array.from({ length: 120 }, (_, i) => ({
      atMs: i * 15 * minuteMs,
      heard: seen(2000, 0),
      distanceMm: 2000,
    }));
    const through = (save: (state: QcState) => QcState) =>
      rows.reduce<QcVerdict | null>((last, row) => foldQc(save(last?.state ?? qcUnknown), row, rules), null);
    expect(through((state) => JSON.parse(JSON.stringify(state)))).toEqual(through((state) => state));
    expect(through((state) => state)).toMatchObject({ flag: 3, test: 'flat-line' });
  });
  it('settings are taken as they stand, and a coarse sensor may lie still for longer', () => {
    expect(
      qcRulesOf({ qc: { spikeMm: 90, rateMmPerH: 70, flatHours: 5, flatToleranceMm: 2, dryMm: 9 } }, {}),
    ).toMatchObject({
      spikeMm: 90,
      rateMmPerH: 70,
      flatMs: 5 * hourMs,
      flatToleranceMm: 2,
      dryMm: 9,
    });
    expect(qcRulesOf({}, { resolutionMm: 10 }).flatMs).toBe(220 * hourMs);
  });
});

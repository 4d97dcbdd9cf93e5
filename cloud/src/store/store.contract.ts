import { hasSeq, type SeqRanges, type StationLevel } from '@siaga/protocol';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hashOf } from '../audit-chain.ts';
import { hourMs, hourOf } from '../domain/episode-checkpoint.ts';
import type { KeptEpisode } from '../domain/episode-diff.ts';
import { unjudged } from '../domain/level.ts';
import {
  type AuditLine,
  type FoldedHours,
  type HistoryStore,
  type Judgement,
  type Put,
  put,
  type ReadingPlace,
  recordKind,
} from '../ports.ts';
import { maxRanges, maxRevisions } from './ledger.ts';
import type { Stores } from './stores.ts';
import {
  incoming,
  minuteMs,
  noonMs,
  numbersOf,
  reading,
  readings,
  seqsOf,
  streamA,
  streamB,
  wholeDay,
} from './testing.ts';

const level: StationLevel = {
  severity: 1,
  bandLabel: 'Siaga III',
  since: null,
  presence: 'live',
  quality: 'good',
  note: null,
  maintenance: false,
};

function judgement(station: string, changed = true, severity = 1): Judgement {
  return { station, judged: { ...unjudged, severity }, level: { ...level, severity }, changed };
}

type Work = Parameters<HistoryStore['commit']>[0];

/** What every store keeps to. `open` gives a new, empty store. */
export function storeContract(name: string, open: () => Stores | Promise<Stores>): void {
  describe(`${name}: what every store keeps to`, () => {
    let stores: Stores;
    beforeEach(async () => {
      stores = await open();
    });
    afterEach(() => stores.close());

    const all = async (query = wholeDay) => (await stores.readings.readings({ ...query, limit: 10_000 })).readings;

    describe('append', () => {
      test('stores each reading once, with all its fields', async () => {
        const odd = reading(2, {
          distanceMm: null,
          echo: 'none',
          flag: 9,
          test: 'gap',
          spreadMm: null,
          temperatureDeciC: -15,
          clock: 'unsynced',
          validPercent: 0,
        });
        const corrected = reading(3, { temperatureDeciC: -52, correctionMm: -79 });
        const message = incoming([reading(1, { distanceMm: -40 }), odd, corrected], {
          maintenance: true,
          intervalS: 600,
        });
        const [verdict] = await stores.readings.append([message]);
        expect(verdict).toEqual({ stored: [[1, 3]], duplicates: [], conflicts: [], scattered: [] });
        expect(await all()).toEqual(
          message.batch.readings.map((each) => ({
            ...each,
            station: 'katulampa',
            stream: streamA,
            rev: 0,
            gauge: 'main',
            intervalS: 600,
            maintenance: true,
            receivedAtMs: message.receivedAtMs,
          })),
        );
      });

      test('knows what it has: the same again is a duplicate, other content a conflict', async () => {
        await stores.readings.append([incoming(readings(1, 5))]);
        const again = incoming([reading(4), reading(5, { distanceMm: 1 }), reading(6)]);
        const [verdict] = await stores.readings.append([again]);
        expect(verdict).toEqual({ stored: [[6, 6]], duplicates: [[4, 4]], conflicts: [[5, 5]], scattered: [] });
        expect((await all()).map(({ distanceMm }) => distanceMm)).toEqual([2000, 2000, 2000, 2000, 2000, 2000]);
      });

      test('another correction is another content; none and one of 0 mm are the same', async () => {
        await stores.readings.append([incoming([reading(1, { correctionMm: -3 }), reading(2), reading(3)])]);
        const again = [
          reading(1, { correctionMm: -3 }),
          reading(2, { correctionMm: 0 }),
          reading(3, { correctionMm: 1 }),
        ];
        const [verdict] = await stores.readings.append([incoming(again)]);
        expect(verdict).toEqual({ stored: [], duplicates: [[1, 2]], conflicts: [[3, 3]], scattered: [] });
        expect((await all()).map(({ correctionMm }) => correctionMm)).toEqual([-3, undefined, undefined]);
      });

      test('finds a conflict although the other content was observed on another day', async () => {
        await stores.readings.append([incoming(readings(1, 3))]);
        const [verdict] = await stores.readings.append([
          incoming([reading(2, { observedAtMs: noonMs + 40 * 86_400_000 })]),
        ]);
        expect(verdict?.conflicts).toEqual([[2, 2]]);
      });

      test('keeps streams, stations and messages of one call apart', async () => {
        const verdicts = await stores.readings.append([
          incoming(readings(1, 2)),
          incoming(readings(1, 2), { stream: streamB }),
          incoming(readings(1, 2), { station: 'depok' }),
          incoming(readings(2, 3)),
        ]);
        expect(verdicts.map(({ stored, duplicates }) => [stored, duplicates])).toEqual([
          [[[1, 2]], []],
          [[[1, 2]], []],
          [[[1, 2]], []],
          [[[3, 3]], [[2, 2]]],
        ]);
        expect(await all()).toHaveLength(5);
      });

      test('does not ask again for what was declared lost', async () => {
        await stores.readings.append([incoming(readings(5, 6), { lost: [[1, 4]] })]);
        expect(stores.readings.settled('katulampa', streamA).settled).toEqual([[1, 6]]);
        const [verdict] = await stores.readings.append([incoming([reading(3)])]);
        expect(verdict?.duplicates).toEqual([[3, 3]]);
        expect(seqsOf(await all())).toEqual([5, 6]);
      });

      test('does not ask again for what is in quarantine', async () => {
        await stores.readings.settle([{ station: 'katulampa', stream: streamA, rev: 0, seqs: [[2, 2]] }]);
        const [verdict] = await stores.readings.append([incoming(readings(1, 3))]);
        expect(verdict).toEqual({
          stored: [
            [1, 1],
            [3, 3],
          ],
          duplicates: [[2, 2]],
          conflicts: [],
          scattered: [],
        });
        expect(stores.readings.settled('katulampa', streamA).settled).toEqual([[1, 3]]);
      });

      test('a stream that is scattered without end is kept track of no further; what it has goes on', async () => {
        const odd = (from: number, count: number) =>
          Array.from({ length: count }, (_, i) => incoming([reading(from + 2 * i)]));
        const first = await stores.readings.append(odd(1, maxRanges + 10));
        expect(first.filter(({ stored }) => stored.length > 0)).toHaveLength(maxRanges);
        expect(first.at(-1)).toEqual({
          stored: [],
          duplicates: [],
          conflicts: [],
          scattered: [[2 * maxRanges + 19, 2 * maxRanges + 19]],
        });
        await stores.readings.settle([{ station: 'katulampa', stream: streamA, rev: 0, seqs: [[99_999, 99_999]] }]);
        const { settled } = stores.readings.settled('katulampa', streamA);
        expect(settled).toHaveLength(maxRanges);
        const [filled, lost] = await stores.readings.append([
          incoming(readings(2, 2)),
          incoming([], { lost: [[4, Number.MAX_SAFE_INTEGER]] }),
        ]);
        expect([filled?.stored, lost?.scattered]).toEqual([[[2, 2]], []]);
        expect(stores.readings.settled('katulampa', streamA).settled).toEqual([[1, Number.MAX_SAFE_INTEGER]]);
      });

      test('no more revisions than are kept track of', async () => {
        const revs = Array.from({ length: maxRevisions + 1 }, (_, rev) => incoming([reading(1)], { rev }));
        const verdicts = await stores.readings.append(revs);
        expect(verdicts.map(({ stored }) => stored.length)).toEqual([...Array(maxRevisions).fill(1), 0]);
        expect(verdicts.at(-1)?.scattered).toEqual([[1, 1]]);
      });

      test('whatever the cuts, repeats and order of arrival: every reading once', async () => {
        const span = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 9 }));
        let round = 0;
        await fc.assert(
          fc.asyncProperty(fc.array(span, { minLength: 1, maxLength: 12 }), async (spans) => {
            round += 1;
            const station = `station-${round}`;
            const sent = new Set<number>();
            for (const [from, more] of spans) {
              const message = incoming(readings(from, from + more), { station });
              const [verdict] = await stores.readings.append([message]);
              const isNew = seqsOf(message.batch.readings).filter((seq) => !sent.has(seq));
              expect(numbersOf(verdict?.stored ?? [])).toEqual(isNew);
              for (const seq of isNew) sent.add(seq);
            }
            const expected = [...sent].sort((a, b) => a - b);
            expect(seqsOf(await all({ ...wholeDay, station }))).toEqual(expected);
            expect(numbersOf(stores.readings.settled(station, streamA).settled)).toEqual(expected);
          }),
          { numRuns: 25 },
        );
      });
    });

    describe('corrections', () => {
      test('the newest revision is served, also when it moved to another time', async () => {
        await stores.readings.append([incoming(readings(1, 3))]);
        const moved = reading(2, { observedAtMs: noonMs - 20 * 3_600_000, distanceMm: 1500 });
        const [verdict] = await stores.readings.append([incoming([moved], { rev: 1 })]);
        expect(verdict?.stored).toEqual([[2, 2]]);
        const served = await all();
        expect(served.map(({ seq, rev, distanceMm }) => [seq, rev, distanceMm])).toEqual([
          [2, 1, 1500],
          [1, 0, 2000],
          [3, 0, 2000],
        ]);
        expect(stores.readings.settled('katulampa', streamA).settled).toEqual([[1, 3]]);
      });

      test('an older revision that comes late does not come forward; each revision is stored once', async () => {
        await stores.readings.append([incoming([reading(1, { distanceMm: 1 })], { rev: 2 })]);
        const [older, again] = await stores.readings.append([
          incoming([reading(1)]),
          incoming([reading(1, { distanceMm: 1 })], { rev: 2 }),
        ]);
        expect([older?.stored, again?.duplicates]).toEqual([[[1, 1]], [[1, 1]]]);
        expect((await all()).map(({ rev, distanceMm }) => [rev, distanceMm])).toEqual([[2, 1]]);
      });

      test('a correction of the newest reading changes what is newest', async () => {
        await stores.readings.append([incoming(readings(1, 3))]);
        await stores.readings.append([incoming([reading(3, { observedAtMs: noonMs - minuteMs })], { rev: 1 })]);
        expect((await stores.readings.latest()).get('katulampa')?.seq).toBe(2);
      });
    });

    describe('reading back', () => {
      test('in order of time, whatever the order of arrival, page by page without loss', async () => {
        await stores.readings.append([
          incoming(readings(2000, 2700)),
          incoming(readings(1, 400)),
          incoming([reading(1, { observedAtMs: noonMs + minuteMs })], { stream: streamB }),
        ]);
        const query = { station: 'katulampa', fromMs: noonMs, toMs: noonMs + 30 * 86_400_000 };
        const found = [];
        let after: ReadingPlace | undefined;
        do {
          const page = await stores.readings.readings({ ...query, limit: 150, ...(after ? { after } : {}) });
          found.push(...page.readings);
          after = page.next ?? undefined;
        } while (after !== undefined);
        expect(found).toHaveLength(1102);
        const times = found.map(({ observedAtMs }) => observedAtMs);
        expect(times).toEqual([...times].sort((a, b) => a - b));
        expect(new Set(found.map(({ stream, seq }) => `${stream}/${seq}`)).size).toBe(1102);
      });

      test('half-open spans, one gauge or all', async () => {
        await stores.readings.append([
          incoming(readings(1, 3)),
          incoming(readings(4, 6, { observedAtMs: noonMs + 2 * minuteMs }), { gauge: 'second' }),
        ]);
        const span = { station: 'katulampa', fromMs: noonMs + minuteMs, toMs: noonMs + 3 * minuteMs };
        expect(seqsOf(await all(span))).toEqual([1, 2, 4, 5, 6]);
        const { readings: ofSecond } = await stores.readings.readings({ ...span, gauge: 'second', limit: 9 });
        expect(seqsOf(ofSecond)).toEqual([4, 5, 6]);
      });

      test('an unknown station has nothing', async () => {
        const query = { ...wholeDay, station: 'nowhere' };
        expect(await all(query)).toEqual([]);
        expect(await stores.readings.range({ ...query, buckets: 4 })).toEqual([]);
        expect(await stores.readings.gaps(query)).toEqual([{ fromMs: query.fromMs, toMs: query.toMs }]);
        expect((await stores.readings.latest()).size).toBe(0);
      });

      test('latest is the newest observed, then the newest received', async () => {
        await stores.readings.append([incoming(readings(5, 6)), incoming(readings(1, 2))]);
        expect((await stores.readings.latest()).get('katulampa')?.seq).toBe(6);
        const same = incoming([reading(1, { observedAtMs: noonMs + 6 * minuteMs })], {
          stream: streamB,
          receivedAtMs: noonMs + 9 * minuteMs,
        });
        await stores.readings.append([same]);
        expect((await stores.readings.latest()).get('katulampa')?.stream).toBe(streamB);
      });

      test('buckets: min, mean and max of what weighs, by gauge, empty ones left out', async () => {
        const at = (seq: number, minutes: number, distanceMm: number, differs = {}) =>
          reading(seq, { observedAtMs: noonMs + minutes * minuteMs, distanceMm, ...differs });
        await stores.readings.append([
          incoming([at(1, 0, 1000), at(2, 9, 2000), at(3, 10, 500), at(4, 11, 1, { flag: 4 }), at(5, 39, 700)]),
          incoming([at(6, 1, 9)], { maintenance: true }),
          incoming([at(7, 1, 40)], { gauge: 'second' }),
        ]);
        const span = { station: 'katulampa', fromMs: noonMs, toMs: noonMs + 40 * minuteMs };
        expect(await stores.readings.range({ ...span, buckets: 4 })).toEqual([
          { gauge: 'main', fromMs: noonMs, count: 2, minMm: 1000, meanMm: 1500, maxMm: 2000 },
          { gauge: 'main', fromMs: noonMs + 10 * minuteMs, count: 1, minMm: 500, meanMm: 500, maxMm: 500 },
          { gauge: 'main', fromMs: noonMs + 30 * minuteMs, count: 1, minMm: 700, meanMm: 700, maxMm: 700 },
          { gauge: 'second', fromMs: noonMs, count: 1, minMm: 40, meanMm: 40, maxMm: 40 },
        ]);
      });

      test('gaps: beyond 4 intervals, from the reading before, to the end of the span', async () => {
        await stores.readings.append([
          incoming([reading(1), reading(5), reading(10), reading(12, { flag: 9, distanceMm: null }), reading(20)]),
        ]);
        const at = (seq: number) => noonMs + seq * minuteMs;
        const gaps = (fromMs: number, toMs: number) => stores.readings.gaps({ station: 'katulampa', fromMs, toMs });
        expect(await gaps(at(1), at(24))).toEqual([
          { fromMs: at(5), toMs: at(10) },
          { fromMs: at(10), toMs: at(20) },
        ]);
        expect(await gaps(at(7), at(26))).toEqual([
          { fromMs: at(7), toMs: at(10) },
          { fromMs: at(10), toMs: at(20) },
          { fromMs: at(20), toMs: at(26) },
        ]);
      });

      test('gaps of one gauge: another gauge’s readings say nothing of them', async () => {
        await stores.readings.append([
          incoming([reading(1), reading(12)]),
          incoming([reading(50, { observedAtMs: noonMs + 9 * minuteMs })], { gauge: 'second' }),
        ]);
        const span = { station: 'katulampa', fromMs: noonMs + 10 * minuteMs, toMs: noonMs + 13 * minuteMs };
        expect(await stores.readings.gaps({ ...span, gauge: 'main' })).toEqual([
          { fromMs: span.fromMs, toMs: noonMs + 12 * minuteMs },
        ]);
      });

      test('gaps: before the first reading of all, its own interval decides', async () => {
        await stores.readings.append([incoming([reading(1)])]);
        const gaps = (minutesBefore: number) =>
          stores.readings.gaps({
            station: 'katulampa',
            fromMs: noonMs + (1 - minutesBefore) * minuteMs,
            toMs: noonMs + 2 * minuteMs,
          });
        expect(await gaps(4)).toEqual([]);
        expect(await gaps(5)).toEqual([{ fromMs: noonMs - 4 * minuteMs, toMs: noonMs + minuteMs }]);
      });
    });

    describe('judging', () => {
      test('an append marks its station dirty from the earliest stored reading; clearing never loses a later one', async () => {
        await stores.readings.append([incoming(readings(5, 6)), incoming(readings(1, 1), { station: 'depok' })]);
        await stores.readings.append([incoming(readings(2, 3))]);
        const marks = await stores.judging.dirty(10);
        expect(marks.map(({ station, fromMs }) => [station, fromMs]).sort()).toEqual([
          ['depok', noonMs + minuteMs],
          ['katulampa', noonMs + 2 * minuteMs],
        ]);
        await stores.readings.append([incoming(readings(7, 7))]);
        const fence = await stores.judging.takeLease('all');
        await stores.judging.commit({ shard: 'all', fence, knownAtMs: noonMs, judgements: [], cleared: marks });
        expect((await stores.judging.dirty(10)).map(({ station }) => station)).toEqual(['katulampa']);
      });

      test('a station with more than one turn’s work waits behind the others', async () => {
        await stores.readings.append([incoming(readings(1, 9)), incoming(readings(1, 1), { station: 'depok' })]);
        const order = async () => (await stores.judging.dirty(10)).map(({ station }) => station);
        const [first, second] = await order();
        const fence = await stores.judging.takeLease('all');
        const work = { shard: 'all', fence, knownAtMs: noonMs, cleared: [] };
        await stores.judging.commit({ ...work, judgements: [judgement(first as string)] });
        expect(await order()).toEqual([second, first]);
      });

      test('duplicates leave a station clean', async () => {
        await stores.readings.append([incoming(readings(1, 2))]);
        const fence = await stores.judging.takeLease('all');
        const cleared = await stores.judging.dirty(10);
        await stores.judging.commit({ shard: 'all', fence, knownAtMs: noonMs, judgements: [], cleared });
        await stores.readings.append([incoming(readings(1, 2))]);
        expect(await stores.judging.dirty(10)).toEqual([]);
      });

      test('a lease that was taken over is refused, and nothing of its work is kept', async () => {
        const old = await stores.judging.takeLease('all');
        const fence = await stores.judging.takeLease('all');
        await stores.judging.takeLease('another');
        expect(fence).toBeGreaterThan(old);
        const work = { shard: 'all', knownAtMs: noonMs, judgements: [judgement('depok')], cleared: [] };
        await expect(stores.judging.commit({ ...work, fence: old })).rejects.toMatchObject({ code: 'lease-lost' });
        expect(stores.changes.head()).toBe(0);
        expect((await stores.judging.judged()).size).toBe(0);
        expect(await stores.judging.commit({ ...work, fence })).toHaveLength(1);
      });

      test('changes are numbered without holes; only what changed is one', async () => {
        const fence = await stores.judging.takeLease('all');
        const commit = (judgements: Judgement[]) =>
          stores.judging.commit({ shard: 'all', fence, knownAtMs: noonMs, judgements, cleared: [] });
        const first = await commit([judgement('depok'), judgement('katulampa', false), judgement('karet')]);
        const second = await commit([judgement('katulampa', true, 2)]);
        expect(
          [...first, ...second].map((change) => [change.seq, change.kind === 'station' ? change.id : null]),
        ).toEqual([
          [1, 'depok'],
          [2, 'karet'],
          [3, 'katulampa'],
        ]);
        expect(second[0]).toEqual({
          seq: 3,
          knownAt: new Date(noonMs).toISOString(),
          kind: 'station',
          id: 'katulampa',
          level: { ...level, severity: 2 },
        });
        expect(stores.changes.head()).toBe(3);
        expect(await stores.changes.since(1, 1)).toEqual([first[1]]);
        expect(await stores.changes.since(3, 10)).toEqual([]);
        expect(await stores.changes.since(4, 10)).toBeNull();
        expect((await stores.judging.judged()).get('katulampa')?.judged.severity).toBe(2);
      });

      test('newer gives one gauge in order, and never cuts an instant in two', async () => {
        const twins = [reading(3), reading(4, { observedAtMs: noonMs + 3 * minuteMs })];
        await stores.readings.append([
          incoming(readings(7, 9)),
          incoming([...readings(1, 2), ...twins]),
          incoming(readings(5, 6), { gauge: 'second' }),
        ]);
        const newer = async (afterMs: number, limit: number) =>
          seqsOf(await stores.judging.newer('katulampa', 'main', afterMs, limit));
        expect(await newer(-1, 3)).toEqual([1, 2, 3, 4]);
        expect(await newer(noonMs + minuteMs, 100)).toEqual([2, 3, 4, 7, 8, 9]);
        expect(await newer(noonMs + 9 * minuteMs, 100)).toEqual([]);
      });

      test('recent covers the span up to the newest reading of the gauge, across midnight', async () => {
        await stores.readings.append([incoming(readings(700, 760)), incoming(readings(1, 1), { gauge: 'second' })]);
        const recent = await stores.judging.recent('katulampa', 'main', 50 * minuteMs);
        expect([recent[0]?.seq, recent.at(-1)?.seq, recent.length]).toEqual([710, 760, 51]);
        expect(seqsOf(await stores.judging.recent('katulampa', 'second', 30 * minuteMs))).toEqual([1]);
        expect(await stores.judging.recent('katulampa', 'none', 30 * minuteMs)).toEqual([]);
      });
    });

    describe('history', () => {
      const noon = hourOf(noonMs);
      const hours = async () => (await stores.history.take(10)).map(({ station, hours }) => [station, hours]);
      const piece: FoldedHours = {
        station: 'katulampa',
        from: noon,
        to: noon,
        checkpoints: [],
        again: null,
        headMs: null,
        put: [],
        removed: [],
      };
      const commit = async (folded: Partial<FoldedHours>[], more: Partial<Work> = {}) =>
        stores.history.commit({
          shard: 'history',
          fence: await stores.history.takeLease('history'),
          knownAtMs: noonMs,
          folded: folded.map((each) => ({ ...piece, ...each })),
          changes: [],
          ...more,
        });
      const episode = (sinceMs: number, settledAtMs: number | null, station = 'katulampa'): KeptEpisode => ({
        station,
        severity: 1,
        bandLabel: 'Siaga III',
        sinceMs,
        untilMs: settledAtMs === null ? null : settledAtMs - 1,
        settledAtMs,
        peakStageMm: 900,
        peakAtMs: sinceMs,
        peakAtLeast: false,
        readings: 2,
        firstKnownAtMs: noonMs,
      });
      const begins = async (query: { station?: string; fromMs: number; toMs: number }) =>
        (await stores.history.episodes(query)).map(({ sinceMs, settledAtMs }) => [sinceMs, settledAtMs]);

      test('an append marks the hours of what it stores, of all gauges, and of nothing else', async () => {
        await stores.readings.append([
          incoming([reading(1), reading(200)]),
          incoming([reading(61)], { gauge: 'second', stream: streamB }),
        ]);
        await stores.readings.append([incoming([reading(1)])]);
        expect(await hours()).toEqual([
          [
            'katulampa',
            [
              [noon, noon + 1],
              [noon + 3, noon + 3],
            ],
          ],
        ]);
      });

      test('a correction marks where the reading was, and where it is; also from days away', async () => {
        await stores.readings.append([incoming([reading(1), reading(600), reading(9000)])]);
        await hours();
        await commit([{ from: noon, to: noon + 200 }]);
        expect(await hours()).toEqual([]);
        await stores.readings.append([incoming([reading(600, { observedAtMs: noonMs })], { rev: 1 })]);
        expect((await hours())[0]?.[1]).toEqual([
          [noon, noon],
          [noon + 10, noon + 10],
        ]);
        await commit([{ from: noon, to: noon + 200 }]);
        await stores.readings.append([incoming([reading(9000, { observedAtMs: noonMs })], { rev: 1 })]);
        const [, marked] = (await hours())[0] as [string, SeqRanges];
        expect([hasSeq(marked, noon), hasSeq(marked, noon + 150)]).toEqual([true, true]);
      });

      test('what is appended after the taking stays marked through the commit', async () => {
        await stores.readings.append([incoming([reading(1)])]);
        await hours();
        await stores.readings.append([incoming([reading(2)])]);
        await commit([{}]);
        expect(await hours()).toEqual([['katulampa', [[noon, noon]]]]);
        await commit([{ again: noon + 5 }]);
        expect(await hours()).toEqual([['katulampa', [[noon + 5, noon + 5]]]]);
      });

      test('tells what came behind the head from what is newer', async () => {
        await stores.readings.append([incoming([reading(10)])]);
        expect((await stores.history.take(1))[0]?.behind).toEqual([[noon, noon]]);
        await commit([{ headMs: noonMs + 10 * minuteMs }]);
        await stores.readings.append([incoming([reading(11)])]);
        expect((await stores.history.take(1))[0]).toMatchObject({ hours: [[noon, noon]], behind: [] });
        await stores.readings.append([incoming([reading(9)])]);
        expect((await stores.history.take(1))[0]?.behind).toEqual([[noon, noon]]);
      });

      test('who waited longest comes first, and waits anew after a piece', async () => {
        for (const station of ['katulampa', 'depok', 'manggarai'])
          await stores.readings.append([incoming([reading(1), reading(500)], { station })]);
        const stations = async () => (await stores.history.take(9)).map(({ station }) => station);
        expect(await stations()).toEqual(['katulampa', 'depok', 'manggarai']);
        await commit([{}]);
        expect(await stations()).toEqual(['depok', 'manggarai', 'katulampa']);
        expect(await stores.history.take(1)).toHaveLength(1);
      });

      test('readings from a moment on, of one gauge, in order, whole up to where they say', async () => {
        const odd = reading(1, { observedAtMs: noonMs + 1500 * minuteMs + 1 });
        await stores.readings.append([
          incoming(readings(1500, 3200)),
          incoming(readings(1, 1499)),
          incoming([odd], { stream: streamB, gauge: 'second' }),
        ]);
        const found: number[] = [];
        let fromMs: number | null = noonMs + 5 * minuteMs;
        let pieces = 0;
        while (fromMs !== null) {
          const piece = await stores.history.from('katulampa', 'main', fromMs, 400);
          found.push(...seqsOf(piece.readings));
          for (const { observedAtMs } of piece.readings)
            expect(observedAtMs).toBeLessThan(piece.upToMs ?? Number.POSITIVE_INFINITY);
          if (piece.upToMs !== null) expect(piece.upToMs % hourMs).toBe(0);
          fromMs = piece.upToMs;
          pieces += 1;
        }
        expect(found).toEqual(numbersOf([[5, 3200]]));
        expect(pieces).toBeGreaterThan(2);
        expect(await stores.history.from('nowhere', 'main', 0, 9)).toEqual({ readings: [], upToMs: null });
      });

      test('checkpoints give way to those of the same span', async () => {
        await stores.readings.append([incoming([reading(1)])]);
        const checkpoints = [1, 2, 4].map((hour) => ({ hour, fold: `f${hour}` }));
        await commit([{ from: 1, to: 4, checkpoints }]);
        await commit([{ from: 2, to: 3, checkpoints: [{ hour: 3, fold: 'g3' }] }]);
        expect((await stores.history.checkpoints('katulampa', 0, 9)).map(({ fold }) => fold)).toEqual([
          'f1',
          'g3',
          'f4',
        ]);
        expect(await stores.history.checkpoints('katulampa', 2, 3)).toEqual([{ hour: 3, fold: 'g3' }]);
        expect(await stores.history.checkpointBefore('katulampa', 3)).toEqual({ hour: 1, fold: 'f1' });
        expect(await stores.history.checkpointBefore('katulampa', 1)).toBeUndefined();
        expect(await stores.history.checkpointBefore('nowhere', 9)).toBeUndefined();
      });

      test('episodes are found by when they began and were settled, of one station or all', async () => {
        await stores.readings.append([incoming([reading(1)]), incoming([reading(1)], { station: 'depok' })]);
        const put = [episode(20, 30), episode(10, 15), episode(20, null)];
        await commit([{ put }, { station: 'depok', put: [episode(12, null, 'depok')] }]);
        const katulampa = { station: 'katulampa' };
        expect(await stores.history.episodes({ ...katulampa, fromMs: 0, toMs: 99 })).toEqual([put[1], put[0], put[2]]);
        expect(await begins({ ...katulampa, fromMs: 16, toMs: 21 })).toEqual([
          [20, 30],
          [20, null],
        ]);
        expect(await begins({ ...katulampa, fromMs: 15, toMs: 20 })).toEqual([[10, 15]]);
        expect(await begins({ fromMs: 16, toMs: 20 })).toEqual([[12, null]]);
        await commit([{ removed: [episode(20, 30)], put: [{ ...episode(20, null), peakStageMm: 1000 }] }]);
        expect(await begins({ ...katulampa, fromMs: 16, toMs: 99 })).toEqual([[20, null]]);
        expect((await stores.history.episodes({ ...katulampa, fromMs: 16, toMs: 99 }))[0]?.peakStageMm).toBe(1000);
      });

      test('another fingerprint marks all hours of a station; none takes its marks away', async () => {
        await stores.readings.append([incoming([reading(1), reading(300)])]);
        await hours();
        await commit([{ from: noon, to: noon + 5 }]);
        expect(await hours()).toEqual([]);
        const refold = async (fingerprint: string | null) =>
          stores.history.refold({
            shard: 'history',
            fence: await stores.history.takeLease('history'),
            fingerprints: new Map([
              ['katulampa', fingerprint],
              ['new', 'x'],
            ]),
          });
        await refold('one');
        expect([...(await stores.history.fingerprints())]).toEqual([
          ['katulampa', 'one'],
          ['new', 'x'],
        ]);
        const [[station, marked]] = (await hours()) as [[string, SeqRanges]];
        expect([station, hasSeq(marked, noon), hasSeq(marked, noon + 3)]).toEqual(['katulampa', true, true]);
        await refold(null);
        expect(await hours()).toEqual([]);
        expect([...(await stores.history.fingerprints()).keys()]).toEqual(['new']);
      });

      test('a refold from a moment on marks the hours from there, and those only', async () => {
        await stores.readings.append([incoming([reading(1), reading(300)])]);
        await hours();
        await commit([{ from: noon, to: noon + 5 }]);
        const fence = await stores.history.takeLease('history');
        const refold = (fromHour: number) =>
          stores.history.refold({
            shard: 'history',
            fence,
            fingerprints: new Map([['katulampa', 'two']]),
            fromMs: (fromHour + 0.5) * 3_600_000,
          });
        await refold(noon + 10_000);
        expect(await hours()).toEqual([]);
        await refold(noon + 1);
        const [[, marked]] = (await hours()) as [[string, SeqRanges]];
        expect([noon, noon + 1, noon + 2].map((hour) => hasSeq(marked, hour))).toEqual([false, true, true]);
        expect([...(await stores.history.fingerprints())]).toEqual([['katulampa', 'two']]);
      });

      test('a lost lease is refused, and nothing of its work is kept', async () => {
        await stores.readings.append([incoming([reading(1)])]);
        await hours();
        const fence = await stores.history.takeLease('history');
        await stores.history.takeLease('history');
        const work = { fence, changes: [{ kind: 'episode' as const, id: 'x', since: '', severity: 1, episode: null }] };
        const lost = commit([{ checkpoints: [{ hour: noon, fold: 'f' }], put: [episode(1, 2)] }], work);
        await expect(lost).rejects.toMatchObject({ code: 'lease-lost' });
        const refold = stores.history.refold({ shard: 'history', fence, fingerprints: new Map([['katulampa', 'x']]) });
        await expect(refold).rejects.toMatchObject({ code: 'lease-lost' });
        expect(await hours()).toHaveLength(1);
        expect(await stores.history.checkpoints('katulampa', 0, 1e9)).toEqual([]);
        expect(await begins({ fromMs: 0, toMs: 99 })).toEqual([]);
        expect(stores.changes.head()).toBe(0);
      });
    });

    describe('state', () => {
      const thing = recordKind<{ readonly name: string }>('thing');
      const line = recordKind<{ readonly text: string }>('line');
      const names = async (query = {}) => (await stores.state.records(thing, query)).map(({ body }) => body.name);
      const putThing = (id: string, name: string, more: Partial<Put<{ name: string }>> = {}) =>
        put({ kind: thing, id, body: { name }, ...more });

      test('records are replaced whole, and their version rises', async () => {
        await stores.state.commit({ nowMs: noonMs, puts: [putThing('a', 'one')] });
        await stores.state.commit({ nowMs: noonMs, puts: [putThing('a', 'two')] });
        expect(await stores.state.record(thing, 'a')).toEqual({ id: 'a', version: 2, body: { name: 'two' } });
        expect(await stores.state.record(line, 'a')).toBeUndefined();
        await stores.state.commit({ nowMs: noonMs, removes: [{ kind: thing, id: 'a' }] });
        expect(await stores.state.record(thing, 'a')).toBeUndefined();
      });

      test('records are found by subject, time and whether they are open', async () => {
        const puts = [
          putThing('a', 'a', { subject: 'x', atMs: 1 }),
          putThing('b', 'b', { subject: 'x', atMs: 2, closed: true }),
          putThing('c', 'c', { subject: 'y', atMs: 3 }),
        ];
        await stores.state.commit({ nowMs: noonMs, puts });
        expect(await names()).toEqual(['c', 'b', 'a']);
        expect(await names({ open: true })).toEqual(['c', 'a']);
        expect(await names({ subject: 'x' })).toEqual(['b', 'a']);
        expect(await names({ fromMs: 2, toMs: 3 })).toEqual(['b']);
        expect(await names({ limit: 1 })).toEqual(['c']);
      });

      test('a stale expectation refuses the whole commit', async () => {
        await stores.state.commit({ nowMs: noonMs, puts: [putThing('a', 'one', { expect: 0 })] });
        const work = {
          nowMs: noonMs,
          puts: [putThing('b', 'new'), putThing('a', 'two', { expect: 2 })],
          journal: [{ kind: line, subject: 'a', body: { text: 'lost' } }],
          audit: [{ actor: 'x', act: 'y', subject: 'z' }],
          changes: [{ kind: 'works' as const, id: 'depok', works: { gates: [], pumps: [], enteredAt: '', by: '' } }],
        };
        await expect(stores.state.commit(work)).rejects.toMatchObject({ code: 'state-conflict' });
        expect(await names()).toEqual(['one']);
        expect(await stores.state.journal(line)).toEqual([]);
        expect((await stores.audit.head()).no).toBe(0);
        expect(stores.changes.head()).toBe(0);
      });

      test('journals are read from the newest, by subject and by page', async () => {
        for (const [i, subject] of ['a', 'b', 'a'].entries())
          await stores.state.commit({ nowMs: noonMs + i, journal: [{ kind: line, subject, body: { text: `${i}` } }] });
        const all = await stores.state.journal(line);
        expect(all.map(({ atMs, subject, body }) => [atMs - noonMs, subject, body.text])).toEqual([
          [2, 'a', '2'],
          [1, 'b', '1'],
          [0, 'a', '0'],
        ]);
        expect(await stores.state.journal(line, { subject: 'a', limit: 1 })).toEqual([all[0]]);
        const two = ['c', 'd'].map((subject) => ({ kind: line, subject, body: { text: subject } }));
        const { lines } = await stores.state.commit({ nowMs: noonMs, journal: two });
        expect((await stores.state.journal(line, { limit: 2 })).map(({ no }) => no)).toEqual(lines.toReversed());
        expect(await stores.state.journal(line, { before: all[1]?.no ?? 0 })).toEqual([all[2]]);
      });

      test('changes of judging and of decisions share their numbers, and are told in order', async () => {
        const told: number[] = [];
        stores.changes.watch((changes) => told.push(...changes.map(({ seq }) => seq)));
        const fence = await stores.judging.takeLease('all');
        const works = { gates: [], pumps: [], enteredAt: new Date(noonMs).toISOString(), by: 'x' };
        await stores.judging.commit({
          shard: 'all',
          fence,
          knownAtMs: noonMs,
          judgements: [judgement('depok')],
          cleared: [],
        });
        const { changes } = await stores.state.commit({
          nowMs: noonMs,
          changes: [{ kind: 'works', id: 'depok', works }],
          lease: { shard: 'all', fence },
        });
        expect(changes).toEqual([
          { seq: 2, knownAt: new Date(noonMs).toISOString(), kind: 'works', id: 'depok', works },
        ]);
        expect(await stores.changes.since(1, 9)).toEqual(changes);
        expect(told).toEqual([1, 2]);
        await stores.judging.takeLease('all');
        const late = stores.state.commit({ nowMs: noonMs, lease: { shard: 'all', fence } });
        await expect(late).rejects.toMatchObject({ code: 'lease-lost' });
      });

      test('each act of the audit follows the one before; erased details leave the chain whole', async () => {
        await stores.state.commit({
          nowMs: noonMs,
          audit: [{ actor: 'ani', act: 'a', subject: 's', reason: 'secret' }],
        });
        await stores.state.commit({ nowMs: noonMs + 1, audit: [{ actor: 'budi', act: 'b', subject: 's' }] });
        const [first, second] = (await stores.audit.since(0, 9)) as [AuditLine, AuditLine];
        expect([first.no, second.no, second.previous]).toEqual([1, 2, first.hash]);
        expect(JSON.parse(first.details ?? '')).toMatchObject({ reason: 'secret', before: null, after: null });
        await stores.audit.erase([1], { actor: 'budi', reason: 'asked for', nowMs: noonMs + 2 });
        const lines = await stores.audit.since(0, 9);
        expect(lines.map(({ act, details }) => [act, details === null])).toEqual([
          ['a', true],
          ['b', false],
          ['audit.erase', false],
        ]);
        expect(lines.map((line) => hashOf(line))).toEqual(lines.map(({ hash }) => hash));
        expect((await stores.audit.list({ limit: 9, actor: 'budi' })).map(({ no }) => no)).toEqual([3, 2]);
      });
    });

    describe('quarantine and fleet', () => {
      const rejected = {
        station: 'depok',
        topic: 'flood/v1/depok/readings',
        reason: 'malformed' as const,
        detail: 'not UTF-8 JSON',
        payload: new Uint8Array([1, 2]),
        sha256: 'a'.repeat(64),
        receivedAtMs: noonMs,
      };

      test('the same reject counts up; the newest comes first', async () => {
        await stores.quarantine.put([rejected]);
        await stores.quarantine.put([{ ...rejected, sha256: 'b'.repeat(64), receivedAtMs: noonMs + 1 }]);
        await stores.quarantine.put([{ ...rejected, receivedAtMs: noonMs + 2 }]);
        const list = await stores.quarantine.list(10);
        expect(list.map(({ sha256, count, receivedAtMs }) => [sha256[0], count, receivedAtMs - noonMs])).toEqual([
          ['a', 2, 2],
          ['b', 1, 1],
        ]);
        expect(await stores.quarantine.list(1)).toHaveLength(1);
      });

      test('the newest rejects of one station, by what its device knows them by', async () => {
        const of = (sha: string, seconds: number, station = rejected.station) => ({
          ...rejected,
          station,
          sha256: sha.repeat(64),
          receivedAtMs: noonMs + seconds * 1000,
        });
        await stores.quarantine.put([of('a', 0), of('b', 1), of('c', 2), of('d', 3), of('e', 4, 'elsewhere')]);
        const recent = await stores.quarantine.recent(rejected.station, noonMs + 1000, 2);
        expect(recent).toEqual([
          { sha256: 'd'.repeat(64), reason: 'malformed' },
          { sha256: 'c'.repeat(64), reason: 'malformed' },
        ]);
        expect(await stores.quarantine.recent(rejected.station, noonMs + 1000, 9)).toHaveLength(3);
        expect(await stores.quarantine.dropped()).toEqual([]);
      });

      const online = (connection: number, stream = streamA) => ({
        v: 1 as const,
        state: 'online' as const,
        connection,
        at: new Date(noonMs).toISOString(),
        boot: 'boot-1',
        stream,
        uptimeS: 5,
        clock: 'synced' as const,
        maintenanceUntil: null,
        backlog: { count: 0, oldestAt: null },
        batteryMv: null,
        diskFreeBytes: null,
        gauges: [],
      });
      const offline = (connection: number) => ({ v: 1 as const, state: 'offline' as const, connection });
      const device = async () => (await stores.fleet.devices())[0];

      test('an older will is ignored, its own is not; what was known of the health stays', async () => {
        await stores.fleet.saveHealth('depok', online(2), noonMs);
        await stores.fleet.saveHealth('depok', offline(1), noonMs + 1);
        expect(await device()).toMatchObject({ connected: true, connection: 2, healthAtMs: noonMs });
        await stores.fleet.saveHealth('depok', offline(2), noonMs + 2);
        expect(await device()).toMatchObject({ connected: false, health: { state: 'online' }, healthAtMs: noonMs });
        await stores.fleet.saveHealth('depok', online(1), noonMs + 3);
        expect(await device()).toMatchObject({ connected: false, connection: 2 });
      });

      test('a new outbox counts its connections anew', async () => {
        await stores.fleet.saveHealth('depok', online(9), noonMs);
        await stores.fleet.saveHealth('depok', online(1, streamB), noonMs + 1);
        expect(await device()).toMatchObject({ connected: true, connection: 1, health: { stream: streamB } });
      });

      test('about and health stand side by side', async () => {
        const about = { v: 1 as const, firmware: { name: 'siaga-agent', version: '1' }, gauges: [], calibrations: [] };
        await stores.fleet.saveAbout('depok', about, noonMs);
        await stores.fleet.saveHealth('depok', online(1), noonMs + 1);
        expect(await device()).toMatchObject({ about, aboutAtMs: noonMs, healthAtMs: noonMs + 1 });
      });
    });
  });
}

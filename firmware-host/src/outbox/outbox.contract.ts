/** What every outbox promises. Run against memory and disk alike. */
import type { SeqRanges } from '@siaga/protocol';
import { describe, expect, it } from 'vitest';
import { aDraft } from '../testing/builders.ts';
import type { Outbox } from './outbox.ts';

const seqsOf = (readings: readonly { reading: { seq: number } }[]) => readings.map(({ reading }) => reading.seq);

export function outboxContract(name: string, open: () => Promise<Outbox>): void {
  const settle = (outbox: Outbox, settled: SeqRanges, how: 'add' | 'replace' = 'add') =>
    outbox.settle({ stream: outbox.state().stream, settled, how, storeId: 'store-1' });
  const withReadings = async (count: number) => {
    const outbox = await open();
    for (let i = 1; i <= count; i++) await outbox.append(aDraft({ reading: { distanceMm: 1000 + i } }));
    return outbox;
  };

  describe(`outbox: ${name}`, () => {
    it('begins empty, with a stream of its own', async () => {
      const [one, two] = [await open(), await open()];
      expect(one.state()).toMatchObject({ lastSeq: 0, held: [], settled: [], unsettled: [], lost: [] });
      expect(one.state().stream).toMatch(/^[a-z2-7]{16}$/);
      expect(one.state().stream).not.toBe(two.state().stream);
      await one.close();
      await two.close();
    });
    it('numbers overlapping appends in the order of the calls, from 1', async () => {
      const outbox = await open();
      const stored = await Promise.all(
        Array.from({ length: 50 }, (_, i) => outbox.append(aDraft({ reading: { distanceMm: i } }))),
      );
      expect(stored.map(({ reading }) => [reading.seq, reading.distanceMm])).toEqual(
        Array.from({ length: 50 }, (_, i) => [i + 1, i]),
      );
      expect(outbox.state().held).toEqual([[1, 50]]);
      await outbox.close();
    });
    it('leases what was appended, whole, in order, within the limit', async () => {
      const outbox = await open();
      const draft = aDraft({
        gauge: 'spare',
        maintenance: true,
        intervalS: 5,
        reading: {
          distanceMm: null,
          echo: 'none',
          spreadMm: null,
          temperatureDeciC: -12,
          correctionMm: -7,
          flag: 9,
          test: 'gap',
          clock: 'rtc',
        },
      });
      const stored = await outbox.append(draft);
      await outbox.append(aDraft());
      await outbox.append(aDraft());
      expect(await outbox.lease([[1, 1]], 10)).toEqual([stored]);
      expect(stored).toEqual({ ...draft, stream: outbox.state().stream, reading: { ...draft.reading, seq: 1 } });
      expect(seqsOf(await outbox.lease([[2, 3]], 1))).toEqual([2]);
      expect(
        seqsOf(
          await outbox.lease(
            [
              [1, 1],
              [3, 9],
            ],
            10,
          ),
        ),
      ).toEqual([1, 3]);
      expect(await outbox.lease([], 10)).toEqual([]);
      await outbox.close();
    });
    it('settles, and forgets settlements that a restored store does not know', async () => {
      const outbox = await withReadings(10);
      await settle(outbox, [
        [1, 3],
        [6, 7],
      ]);
      expect(outbox.state()).toMatchObject({
        unsettled: [
          [4, 5],
          [8, 10],
        ],
      });
      expect(outbox.storeId()).toBe('store-1');
      await settle(outbox, [[1, 2]]);
      expect(outbox.state().unsettled).toEqual([
        [4, 5],
        [8, 10],
      ]);
      await settle(outbox, [[1, 2]], 'replace');
      expect(outbox.state().unsettled).toEqual([[3, 10]]);
      expect(seqsOf(await outbox.lease(outbox.state().unsettled, 3))).toEqual([3, 4, 5]);
      await outbox.close();
    });
    it('leases settled readings too, while it keeps them', async () => {
      const outbox = await withReadings(4);
      await settle(outbox, [[1, 4]]);
      expect(outbox.state()).toMatchObject({ unsettled: [], held: [[1, 4]], notKept: 0 });
      expect(seqsOf(await outbox.lease([[2, 3]], 10))).toEqual([2, 3]);
      await outbox.close();
    });
    it('ignores a settlement of another stream, and numbers it never gave', async () => {
      const outbox = await withReadings(2);
      await outbox.settle({ stream: 'a'.repeat(16), settled: [[1, 2]], how: 'add', storeId: 'store-1' });
      expect(outbox.state().unsettled).toEqual([[1, 2]]);
      await settle(outbox, [[1, 99]]);
      expect(outbox.state()).toMatchObject({ settled: [[1, 2]], unsettled: [] });
      await outbox.close();
    });
    it('moves readings to a new stream, in order, under new numbers', async () => {
      const outbox = await withReadings(10);
      const before = outbox.state().stream;
      const stream = await outbox.remint([
        [4, 5],
        [9, 10],
      ]);
      expect(stream).not.toBe(before);
      expect(outbox.state()).toMatchObject({
        stream,
        lastSeq: 4,
        held: [[1, 4]],
        unsettled: [[1, 4]],
        settled: [],
        lost: [],
      });
      const moved = await outbox.lease([[1, 4]], 10);
      expect(moved.map(({ reading, stream: its }) => [its, reading.seq, reading.distanceMm])).toEqual([
        [stream, 1, 1004],
        [stream, 2, 1005],
        [stream, 3, 1009],
        [stream, 4, 1010],
      ]);
      expect((await outbox.append(aDraft())).reading.seq).toBe(5);
      await outbox.close();
    });
    it('refuses to append once closed', async () => {
      const outbox = await open();
      await outbox.close();
      await expect(outbox.append(aDraft())).rejects.toMatchObject({ code: 'outbox-closed' });
    });
  });
}

import { readdirSync } from 'node:fs';
import { countSeqs, type SeqRanges } from '@siaga/protocol';
import { describe, expect, it } from 'vitest';
import { smallVolume } from '../testing/small-volume.ts';
import { intersect, unite } from './ledger.ts';
import type { Outbox, StoredReading } from './outbox.ts';
import { aMinute, fill, newFolders, openSmall, settle } from './workbench.ts';

const newFolder = newFolders('outbox-full');
const everything: SeqRanges = [[1, Number.MAX_SAFE_INTEGER]];
const isFull = (error: { code?: string }) => error.code;

/** What must hold whatever happened: each number is held, settled or lost, and what is held is what was stored. */
async function expectHonest(outbox: Outbox, stored: readonly StoredReading[]): Promise<StoredReading[]> {
  const { held, lost, settled, lastSeq } = outbox.state();
  expect(unite(unite(held, lost), settled)).toEqual(lastSeq > 0 ? [[1, lastSeq]] : []);
  expect(intersect(held, lost)).toEqual([]);
  const kept = await outbox.lease(everything, 10_000);
  const bySeq = new Map(stored.map((reading) => [reading.reading.seq, reading]));
  expect(bySeq.size).toBe(stored.length);
  for (const reading of kept) expect(reading).toEqual(bySeq.get(reading.reading.seq));
  expect(kept.length).toBe(countSeqs(held));
  return kept;
}

/** An event now and then: one reading inside the blanking distance. */
const isEventAt = (i: number) => i % 97 === 50;
const draftAt = (i: number) =>
  aMinute(i * 30, isEventAt(i) ? { reading: { distanceMm: 300, echo: 'blanking', flag: 3, test: 'gross-range' } } : {});

describe('a disk that fills up', () => {
  // At every single position: npm run bench -- edge.
  it.each([0, 1, 2, 3])(
    'at any write position (%i of 4): losses are counted and declared, and it goes on when there is room',
    async (part) => {
      for (let room = 97 * part; room < 9_000; room += 4 * 97) {
        const volume = smallVolume();
        const folder = newFolder();
        const options = { files: volume.files, segmentBytes: 1024, ballastBytes: 2_048, refillEveryMs: 0 };
        const outbox = await openSmall(folder, options);
        const stored: StoredReading[] = [];
        let refusals = 0;
        const append = (i: number) =>
          outbox.append(draftAt(i)).then(
            (reading) => stored.push(reading),
            (error) => {
              expect(error.code).toBe('outbox-full');
              refusals++;
            },
          );
        for (let i = 0; i < 10; i++) await append(i);
        volume.resize(volume.used() + room);
        for (let i = 10; i < 90; i++) await append(i);
        const { notKept, lost, lastSeq } = outbox.state();
        await expectHonest(outbox, stored);
        expect(notKept).toBe(countSeqs(lost) + (stored.length + refusals - lastSeq));
        volume.resize(Number.POSITIVE_INFINITY);
        const next = await outbox.append(draftAt(90));
        stored.push(next);
        expect(next.reading.seq).toBe(lastSeq + 1);
        const kept = await expectHonest(outbox, stored);
        for (const reading of stored) if (reading.reading.echo === 'blanking') expect(kept).toContainEqual(reading);
        await outbox.close();
        const again = await openSmall(folder, options);
        expect(again.state()).toMatchObject({ lastSeq: lastSeq + 1, held: outbox.state().held });
        await expectHonest(again, stored);
        await again.close();
      }
    },
  );
  it('drops the oldest that the cloud has before it thins what it has not', async () => {
    const volume = smallVolume();
    const outbox = await openSmall(newFolder(), { files: volume.files, ballastBytes: 4_096, refillEveryMs: 0 });
    await fill(outbox, 300);
    await settle(outbox, 1, 200);
    volume.resize(volume.used() + 500);
    await fill(outbox, 100, 300);
    const { held, lost, settled } = outbox.state();
    expect(lost).toEqual([]);
    expect(held[0]?.[0]).toBeGreaterThan(100);
    expect(held.at(-1)?.[1]).toBe(400);
    expect(settled).toEqual([[1, 200]]);
    await fill(outbox, 400, 400);
    expect(countSeqs(outbox.state().lost)).toBeGreaterThan(100);
    expect(outbox.state().lastSeq).toBe(800);
    expect(outbox.state().notKept).toBe(countSeqs(outbox.state().lost));
    await outbox.close();
  });
  it('keeps its ballast but while it makes room, and takes it back when there is space', async () => {
    const volume = smallVolume();
    const outbox = await openSmall(newFolder(), { files: volume.files, ballastBytes: 20_000, refillEveryMs: 0 });
    await fill(outbox, 100);
    const usedByReadings = outbox.state().bytes;
    expect(volume.used()).toBeGreaterThan(20_000 + usedByReadings);
    volume.resize(volume.used() + 100);
    await fill(outbox, 300, 100);
    expect(volume.used()).toBeGreaterThan(20_000);
    volume.resize(volume.used() + 60_000);
    await fill(outbox, 2, 400);
    expect(volume.used() - outbox.state().bytes).toBeGreaterThan(20_000);
    await outbox.close();
  });
  it('by somebody else, who eats what is freed: it does not thin everything away for nothing', async () => {
    const volume = smallVolume();
    const outbox = await openSmall(newFolder(), { files: volume.files });
    await fill(outbox, 1_000);
    for (let i = 0; i < 200; i++) {
      volume.resize(volume.used());
      await outbox.append(aMinute(1_000 + i)).catch(isFull);
      volume.resize(volume.used() - 10_000);
    }
    expect(countSeqs(outbox.state().held)).toBeGreaterThan(800);
    await outbox.close();
  });
  it('where nothing is left that may go: a reading is kept again as soon as the cloud has something', async () => {
    const volume = smallVolume();
    const outbox = await openSmall(newFolder(), { files: volume.files, isEvent: () => true });
    await fill(outbox, 200);
    volume.resize(volume.used());
    expect(await outbox.append(aMinute(200)).catch(isFull)).toBe('outbox-full');
    expect(await outbox.append(aMinute(201)).catch(isFull)).toBe('outbox-full');
    await settle(outbox, 1, 100);
    expect((await outbox.append(aMinute(202))).reading.distanceMm).toBe(202);
    await outbox.close();
  });
  it('in the middle of a group: none of it is stored, its numbers are lost, and the next goes on', async () => {
    const volume = smallVolume();
    const folder = newFolder();
    const outbox = await openSmall(folder, { files: volume.files, segmentBytes: 1 << 20 });
    const group = () => Promise.all(Array.from({ length: 7 }, (_, i) => outbox.append(aMinute(i))));
    await group();
    volume.resize(volume.used() + 250);
    expect(await group().catch(isFull)).toBe('outbox-full');
    expect(outbox.state()).toMatchObject({ lastSeq: 14, held: [[1, 7]], lost: [[8, 14]], notKept: 7 });
    volume.resize(Number.POSITIVE_INFINITY);
    expect((await group()).map(({ reading }) => reading.seq)[0]).toBe(15);
    await outbox.close();
    const again = await openSmall(folder);
    expect(again.state()).toMatchObject({
      held: [
        [1, 7],
        [15, 21],
      ],
      lost: [[8, 14]],
    });
    await again.close();
  });
  it('from the start: what is held can still be read and sent', async () => {
    const folder = newFolder();
    const before = await openSmall(folder);
    await fill(before, 3);
    await before.close();
    const warned: string[] = [];
    const outbox = await openSmall(folder, {
      files: smallVolume(0).files,
      warn: (_: object, message: string) => warned.push(message),
    });
    expect((await outbox.lease(outbox.state().unsettled, 9)).length).toBe(3);
    await settle(outbox, 1, 3);
    expect(outbox.state().unsettled).toEqual([]);
    expect(await outbox.append(aMinute(3)).catch(isFull)).toBe('outbox-full');
    expect(outbox.state()).toMatchObject({ lastSeq: 3, lost: [], notKept: 1 });
    await outbox.close();
    expect(warned).toContain('cursor not saved');
  });
  it('while a new stream is built: the old one stays, and nothing half-built is left behind', async () => {
    const folder = newFolder();
    const volume = smallVolume();
    const outbox = await openSmall(folder, { files: volume.files });
    await fill(outbox, 200);
    const { stream } = outbox.state();
    const streams = () => readdirSync(folder).filter((name) => name.length === 16);
    volume.resize(volume.used() + 8_192);
    for (let i = 0; i < 3; i++) expect(await outbox.remint([[1, 200]]).catch((error) => error.code)).toBe('ENOSPC');
    expect(streams()).toEqual([stream]);
    expect((await outbox.append(aMinute(200))).reading.seq).toBe(201);
    volume.resize(Number.POSITIVE_INFINITY);
    await outbox.remint([[1, 201]]);
    expect(outbox.state().held).toEqual([[1, 201]]);
    expect(streams()).toEqual([outbox.state().stream]);
    await outbox.close();
  });
});

/** Moves readings to a new stream, under new numbers; a crash leaves the old stream or the new (streams.ts). */
import { join } from 'node:path';
import { countSeqs, mintStreamId, type SeqRanges } from '@siaga/protocol';
import { agentError } from '../errors.ts';
import { cursorOf, writeCursor, writeStreamFile } from './cursor.ts';
import type { Files } from './files.ts';
import { appended, type Ledger, newLedger, subtract } from './ledger.ts';
import type { SegmentLog } from './log.ts';
import { beginStream, type OpenedStream } from './streams.ts';

const batch = 1_000;

/** The new stream, which is the present one from then on. When it rejects, the old one still is. */
export async function moveToNewStream(
  { files, folder, segmentBytes }: { files: Files; folder: string; segmentBytes: number },
  old: { readonly log: SegmentLog; readonly mint: number },
  seqs: SeqRanges,
  warn: (details: object, message: string) => void,
): Promise<OpenedStream> {
  const stream = mintStreamId();
  const target = join(folder, stream);
  const [saved, mint] = [1, old.mint + 1];
  const log = await beginStream(files, folder, stream, segmentBytes);
  try {
    const { ledger, missing } = await copy(old.log, log, newLedger(stream), seqs);
    if (missing > 0) warn({ missing }, 'readings on the disk became unreadable');
    await writeCursor(files, target, cursorOf(ledger, saved, mint));
    await writeStreamFile(files, folder, stream);
    return { ledger, log, saved, mint };
  } catch (error) {
    await log.close();
    await files.removeTree(target);
    throw error;
  }
}

/** Copies the readings of `seqs` into an empty log, under new numbers. */
async function copy(
  from: SegmentLog,
  to: SegmentLog,
  empty: Ledger,
  seqs: SeqRanges,
): Promise<{ ledger: Ledger; missing: number }> {
  let ledger = empty;
  let rest = seqs;
  let unread = 0;
  for (;;) {
    const { readings, missing, withheld } = await from.read(rest, batch);
    if (withheld.length > 0) throw agentError('outbox-unreadable', 'the disk does not give all that is to be moved');
    unread += countSeqs(missing);
    const last = readings.at(-1);
    if (!last) return { ledger, missing: unread };
    const [first, newest] = [ledger.lastSeq + 1, ledger.lastSeq + readings.length];
    await to.append(first, readings);
    ledger = appended(ledger, first, newest);
    rest = subtract(rest, [[1, last.reading.seq]]);
  }
}

/**
 * The victim: opens the outbox in FOLDER and appends for ever, settling now and then. Tells, a line each, what it
 * found, what it is about to store and what became durable. `content` is what makes a reading known.
 */
import { aDraft, openFileOutbox } from '@siaga/firmware-host/testing';
import type { VictimTells } from './torn-job.ts';

const [, , folder = '', firstContent = '0'] = process.argv;
const tell = (event: VictimTells) => process.stdout.write(`${JSON.stringify(event)}\n`);

const outbox = await openFileOutbox({ folder, segmentBytes: 8_192, ballastBytes: 65_536, hintEverySeqs: 5 });
const { stream, lastSeq, lost, settled, doubt } = outbox.state();
const held = await outbox.lease([[1, Number.MAX_SAFE_INTEGER]], 1_000_000);
tell({
  event: 'open',
  stream,
  lastSeq,
  lost,
  settled,
  doubtFrom: doubt?.fromSeq ?? lastSeq + 1,
  held: held.map(({ reading }) => [reading.seq, reading.distanceMm ?? -1]),
});
for (let content = Number(firstContent); ; content++) {
  tell({ event: 'storing', content });
  const { reading } = await outbox.append(aDraft({ reading: { distanceMm: content, observedAtMs: content * 60_000 } }));
  tell({ event: 'stored', stream, seq: reading.seq, content, bytes: outbox.state().bytes });
  if (content % 7 === 0) await outbox.settle({ stream, settled: [[1, reading.seq]], how: 'add', storeId: 'bench' });
}

/** The child of the kill test: appends for ever and tells each reading that became durable. */
import { aDraft } from '../testing/builders.ts';
import { openFileOutbox } from './file.ts';

const outbox = await openFileOutbox({ folder: process.argv[2] as string, segmentBytes: 4096 });
process.stdout.write(`open ${outbox.state().lastSeq}\n`);
for (let i = 0; ; i++) {
  const drafts = Array.from({ length: 1 + (i % 3) }, () => aDraft({ reading: { distanceMm: i } }));
  for (const { reading, stream } of await Promise.all(drafts.map((draft) => outbox.append(draft))))
    process.stdout.write(`stored ${stream} ${reading.seq}\n`);
}

/** For the kill test: appends without end to the database it is given, and says on stdout what was resolved. */
import { writeSync } from 'node:fs';
import { incoming, readings } from '../testing.ts';
import { openSqlite } from './index.ts';

const [url, stream, firstSeq] = process.argv.slice(2) as [string, string, string];
const stores = openSqlite(url);
for (let seq = Number(firstSeq); ; seq += 12) {
  const messages = [0, 4, 8].map((i) =>
    incoming(readings(seq + i, seq + i + 3), { stream, station: `station-${(seq + i) % 5}` }),
  );
  await stores.readings.append(messages);
  for (const { station, batch } of messages)
    writeSync(1, `${JSON.stringify([station, batch.readings[0]?.seq, batch.readings.at(-1)?.seq])}\n`);
  await new Promise((resolve) => setImmediate(resolve));
}

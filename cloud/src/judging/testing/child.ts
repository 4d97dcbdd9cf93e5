/**
 * For the kill test: appends messages from a place on to the database it is given, judges and folds between, and says on
 * stdout which message was resolved; `done` when all of it is folded.
 */
import { writeSync } from 'node:fs';
import { steppedClock } from '@siaga/protocol';
import { catalogueFrom } from '../../fleet/testing.ts';
import { openSqlite } from '../../store/sqlite/index.ts';
import { noonMs } from '../../store/testing.ts';
import { createHistory, createJudge } from '../index.ts';
import { disorderedMessages } from './disorder.ts';
import { foldAll } from './record.ts';

const [url, from, count] = process.argv.slice(2) as [string, string, string];
const stores = openSqlite(url);
const about = { catalogue: catalogueFrom(), clock: steppedClock(noonMs + 30 * 86_400_000) };
const judge = createJudge({ store: stores.judging, ...about });
const history = createHistory({ store: stores.history, ...about, readingsPerTurn: 40 });
await judge.start();
await history.start();
for (const [i, message] of disorderedMessages(Number(count)).slice(Number(from)).entries()) {
  await stores.readings.append([message]);
  writeSync(1, `${Number(from) + i}\n`);
  if (i % 3 === 0) await judge.run();
  await history.turn();
  await new Promise((resolve) => setImmediate(resolve));
}
await foldAll(history);
writeSync(1, 'done\n');
await stores.close();

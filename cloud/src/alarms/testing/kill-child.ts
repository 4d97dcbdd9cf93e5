/** For the kill test: runs the desk over the database it is given, with conditions that come and go, until it is killed. */
import { writeSync } from 'node:fs';
import { steppedClock } from '@siaga/protocol';
import { openStore } from '../../store/index.ts';
import { condition, minuteMs, operator, testDesk } from '../testing.ts';

const [url, startText] = process.argv.slice(2) as [string, string];
const stores = openStore(url);
const { desk, clock } = await testDesk(stores, { clock: steppedClock(Number(startText)), ids: String(process.pid) });
const stations = Array.from({ length: 8 }, (_, i) => `station-${i}`);
writeSync(1, 'started\n');
for (;;) {
  clock.moveTo(clock.now() + minuteMs);
  // Each is there for ten minutes and gone for as long, at its own time; half of them wait for an on-delay.
  const found = stations.flatMap((station, i) =>
    Math.floor((clock.now() / minuteMs + i * 3) / 10) % 2 === 0
      ? [condition({ station, settings: { onDelayS: i % 2 === 0 ? 0 : 120, offDelayS: 60 } })]
      : [],
  );
  await desk.take(found);
  const returned = desk.view().alarms.filter((alarm) => alarm.condition === 'returned');
  await desk.acknowledge(operator, returned.slice(0, 2));
  writeSync(1, `${clock.now()}\n`);
  await new Promise((resolve) => setImmediate(resolve));
}

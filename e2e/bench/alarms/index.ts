import type { Row } from '../report.ts';
import { benchBacklog } from './backlog.ts';
import { measureOutage } from './outage.ts';
import { playSeason } from './season.ts';
import { playStorm } from './storm.ts';

/** 1,000 hours; another seed is another season. */
const hours = 1000;
const seed = 'siaga';

/** Someone is woken, rightly and in time: in a storm, and through a whole season. */
export async function benchAlarms(say: (progress: string) => void): Promise<Row[]> {
  say('storm: 500 conditions in ten minutes on 200 stations');
  const rows = await playStorm(seed);
  say('backlog: a year of one station beside live data');
  rows.push(...(await benchBacklog(say)));
  say('outage: every channel down for an hour');
  rows.push(...(await measureOutage(say)));
  say(`season: ${hours} hours at 30 stations`);
  const season = await playSeason({ hours, seed }, say);
  for (const fault of season.faults) say(`season: ${fault}`);
  return [...rows, ...season.rows];
}

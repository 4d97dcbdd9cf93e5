/** What the edge's tests flag of real and made-up rivers, and what of faults put into them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { GaugeConfig } from '@siaga/firmware-host';
import {
  madeUpRiver,
  type RecordedBurst,
  type Share,
  spikes,
  steps,
  sticks,
  untouched,
} from '@siaga/firmware-host/testing';
import { parseRecord, prngOf } from '@siaga/simulator';
import { recordPath } from '../../harness/needs.ts';
import { atLeast, atMost, figure, missing, type Row, type Suite } from '../report.ts';

const flaggedAtMost = 0.5;
const foundAtLeast = 99;

/** Nothing but the sensor is set: the tests run by their defaults. */
const gauge: GaugeConfig = { gauge: 'main', port: '/dev/null', sensor: 'maxbotix-hrxl-wr', maxMm: 10_000 };

/** Before this, work on the gauge moved its zero several times. */
const usableFromMs: Readonly<Record<string, number>> = { 'dargle-powerscourt.csv': Date.UTC(2022, 2, 12) };
/** The sensor hangs so far above the highest water on record that no fault leaves its range. */
const clearanceMm = 1_800;

export const benchFlags: Suite = async (say) => {
  const folder = recordPath('.');
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.csv')) : [];
  say('flags: made-up rivers');
  const chance = prngOf('bench flags');
  const river = madeUpRiver({ days: 30, stepMs: 60_000, pings: 7 }, chance);
  const minutely = rowsOf('made-up river, each minute', [river], { leaps: 4_000, sticks: 500 });
  if (files.length === 0)
    return [...minutely, missing('flags on real records', 'records absent: ../shared/data/gauges')];
  say(`flags: ${files.length} real records`);
  const records = files.map((file) => ({ file, rows: recordOf(file) }));
  return [
    ...records.map(({ file, rows }) => calm(`flags: ${file.replace('.csv', '')}, untouched`, untouched(rows, gauge))),
    ...rowsOf(
      'real records, each 15 min',
      records.map(({ rows }) => rows),
      { leaps: 6_000, sticks: 3_000 },
    ),
    ...minutely,
  ];
};

/** `tries`: faults of each kind in all, the same number in each record. */
function rowsOf(name: string, records: readonly RecordedBurst[][], tries: { leaps: number; sticks: number }): Row[] {
  const chance = prngOf(name);
  const inject = (count: number, one: (record: RecordedBurst[], count: number) => Share): Share =>
    sum(records.map((record) => one(record, Math.ceil(count / records.length))));
  const spiked = inject(tries.leaps, (record, count) => spikes(record, gauge, count, chance));
  const stepped = inject(tries.leaps, (record, count) => steps(record, gauge, count, chance));
  const stuck = inject(tries.sticks, (record, count) => sticks(record, gauge, count, chance));
  const hung = inject(tries.sticks / 4, (record, count) => sticks(record, gauge, count, chance, 2));
  return [
    calm(`flags: ${name}, untouched`, sum(records.map((record) => untouched(record, gauge)))),
    found(`flags: ${name}, spikes of 0.2 to 1 m`, spiked),
    found(`flags: ${name}, steps of 0.4 to 1.2 m`, stepped),
    found(`flags: ${name}, sticks of 24 to 72 h`, stuck),
    toldApart(`flags: ${name}, what hangs before a living sensor for as long, ± 2 mm`, hung),
  ];
}

function recordOf(file: string): RecordedBurst[] {
  const record = parseRecord(readFileSync(recordPath(file), 'utf8'));
  if (!record.ok) throw new Error(`${file}: ${record.reason}`);
  const rows = record.value.filter(({ atMs }) => atMs >= (usableFromMs[file] ?? 0));
  const mountedMm = Math.max(...rows.map(({ stageMm }) => stageMm)) + clearanceMm;
  return rows.map(({ atMs, stageMm }) => ({ atMs, pingsMm: [mountedMm - stageMm] }));
}

const percent = ({ tried, flagged }: Share) => (100 * flagged) / tried;
const calm = (what: string, share: Share) =>
  atMost(flaggedAtMost, `${what}: ${share.tried} rows at 3 or 4`, percent(share), '%');
const found = (what: string, share: Share) =>
  atLeast(foundAtLeast, `${what}: ${share.tried} flagged`, percent(share), '%');
/** Without a demand: its values are those of calm water, which lies within 5 mm for a day and longer on four of these six rivers. */
const toldApart = (what: string, share: Share) => figure(`${what}: ${share.tried} flagged`, percent(share), '%');

function sum(shares: readonly Share[]): Share {
  return shares.reduce((all, { tried, flagged }) => ({ tried: all.tried + tried, flagged: all.flagged + flagged }), {
    tried: 0,
    flagged: 0,
  });
}

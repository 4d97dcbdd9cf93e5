/**
 * npm run bench -- [suite] [--json]: prints a table for people, or one JSON object. Results stay in
 * `bench-results/<suite>.json`. Exit code 1 when a bar does not hold.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../harness/folders.ts';
import { benchAlarms } from './alarms/index.ts';
import { benchEdge } from './edge/index.ts';
import { machine, type Report, type Suite, tableOf } from './report.ts';
import { benchWalk } from './walk/index.ts';

/** Adding a suite is adding a line; undefined is one that is promised and not built yet. */
const suites: Readonly<Record<string, Suite | undefined>> = {
  walk: benchWalk,
  alarms: benchAlarms,
  edge: benchEdge,
  crowd: undefined,
  picture: undefined,
  web: undefined,
  ingest: undefined,
  aws: undefined,
};

async function main(args: readonly string[]): Promise<number> {
  const json = args.includes('--json');
  const names = args.filter((arg) => !arg.startsWith('-'));
  const unknown = [
    ...names.filter((name) => !(name in suites)),
    ...args.filter((a) => a.startsWith('-') && a !== '--json'),
  ];
  if (unknown.length > 0 || names.length > 1) {
    console.error(`Usage: npm run bench -- [${Object.keys(suites).join(' | ')}] [--json]`);
    return 2;
  }
  const name = names[0] ?? 'walk';
  const suite = suites[name];
  if (suite === undefined) {
    console.error(`The suite ${name} is not built yet.`);
    return 2;
  }
  const rows = await suite((progress) => console.error(`… ${progress}`));
  const report: Report = { suite: name, machine: machine(), rows };
  const folder = join(root, 'bench-results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
  console.log(json ? JSON.stringify(report) : `\n${tableOf(report)}`);
  return rows.some(({ holds }) => holds === false) ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));

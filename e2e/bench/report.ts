import { cpus, totalmem } from 'node:os';

/** One figure. `bar` and `holds` are null where nothing is demanded; `value` is null where it cannot be measured here. */
export type Row = {
  readonly what: string;
  readonly value: number | null;
  readonly unit: string;
  /** The demand as a person reads it: `≤ 1000`. */
  readonly bar: string | null;
  readonly holds: boolean | null;
};

/** A suite measures and says on the way what it does. */
export type Suite = (say: (progress: string) => void) => Promise<Row[]>;

/** What `npm run bench -- <suite> --json` prints. */
export type Report = { readonly suite: string; readonly machine: string; readonly rows: readonly Row[] };

/** A row without a demand. */
export function figure(what: string, value: number | null, unit: string): Row {
  return { what, value: value === null ? null : sensible(value), unit, bar: null, holds: null };
}

export function atLeast(bar: number, what: string, value: number, unit: string): Row {
  return { ...figure(what, value, unit), bar: `≥ ${bar}`, holds: value >= bar };
}

export function atMost(bar: number, what: string, value: number, unit: string): Row {
  return { ...figure(what, value, unit), bar: `≤ ${bar}`, holds: value <= bar };
}

/** What could not be measured on this machine; `why` stands in its place. */
export function missing(what: string, why: string): Row {
  return figure(`${what}: not measured, ${why}`, null, '');
}

/** Three significant digits, and whole numbers from a hundred on: more would pretend. */
function sensible(value: number): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const places = 2 - Math.floor(Math.log10(Math.abs(value)));
  const scale = 10 ** places;
  return places > 0 ? Number(value.toFixed(places)) : Math.round(value * scale) / scale;
}

export function machine(): string {
  const [first] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} × ${first?.model.trim() ?? 'unknown processor'}, ${memory} GiB, ${process.platform} ${process.arch}, Node ${process.version}`;
}

/** The table for people. */
export function tableOf({ suite, machine: name, rows }: Report): string {
  const cells = rows.map(({ what, value, unit, bar, holds }) => [
    what,
    value === null ? '–' : value.toLocaleString('en', { maximumFractionDigits: 4 }),
    unit,
    bar ?? '',
    holds === null ? '' : holds ? 'holds' : 'FAILS',
  ]);
  const heads = ['', 'value', 'unit', 'bar', ''];
  const widths = heads.map((head, i) => Math.max(head.length, ...cells.map((row) => (row[i] ?? '').length)));
  const line = (row: string[]) =>
    row
      .map((cell, i) => (i === 1 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return [`${suite} on ${name}`, '', line(heads), ...cells.map(line), ''].join('\n');
}

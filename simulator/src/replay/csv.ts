import { type Parsed, parsed, refused } from '@siaga/protocol';

/** One row of a recorded gauge. */
export type Row = { readonly line: number; readonly atMs: number; readonly stageMm: number };

const maxFaultsShown = 20;
// Digits beyond the millisecond are let through only as zeros: nothing here keeps finer time.
const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3}0*)?Z$/;
const stagePattern = /^[+-]?\d+(\.\d+)?$/;

/**
 * Reads a record: comma-separated with a header naming `time_utc` (ISO 8601, ending in Z) and `stage_m`;
 * other columns are passed over. Times must rise. Stages are rounded to mm. Every fault is listed, by line.
 */
export function parseRecord(text: string): Parsed<Row[]> {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const header = (lines[0] ?? '').split(',').map((name) => name.trim());
  const [timeColumn, stageColumn] = [header.indexOf('time_utc'), header.indexOf('stage_m')];
  if (timeColumn < 0 || stageColumn < 0)
    return refused('line 1: the header must name the columns time_utc and stage_m');

  const rows: Row[] = [];
  const faults: string[] = [];
  for (const [i, content] of lines.entries()) {
    if (i === 0 || content.trim() === '') continue;
    const cells = content.split(',');
    const row = rowOf(i + 1, cells[timeColumn]?.trim() ?? '', cells[stageColumn]?.trim() ?? '', rows.at(-1));
    if (typeof row === 'string') faults.push(`line ${i + 1}: ${row}`);
    else rows.push(row);
  }
  if (faults.length > 0) return refused(listed(faults));
  return rows.length > 0 ? parsed(rows) : refused('the file has no rows');
}

/** The row, or what is wrong with it. */
function rowOf(line: number, time: string, stage: string, before: Row | undefined): Row | string {
  const atMs = timePattern.test(time) ? Date.parse(time) : Number.NaN;
  if (Number.isNaN(atMs)) return `time_utc "${shortened(time)}" is not an ISO time in UTC, like 2024-05-01T06:15:00Z`;
  if (!stagePattern.test(stage)) return `stage_m "${shortened(stage)}" is not a number of metres`;
  if (before !== undefined && atMs <= before.atMs) return `time_utc ${time} is not after that of line ${before.line}`;
  return { line, atMs, stageMm: Math.round(Number(stage) * 1000) };
}

function shortened(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function listed(faults: readonly string[]): string {
  const more = faults.length - maxFaultsShown;
  return [...faults.slice(0, maxFaultsShown), ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
}

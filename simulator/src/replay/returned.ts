import { parserOf, ReadingColumns } from '@siaga/protocol';
import type { Returned } from './verdict.ts';

const parseColumns = parserOf(ReadingColumns);
const pageLimit = 1000;

/** Every reading of a station from the platform's API, page by page. Throws when the API answers otherwise. */
export async function readingsOf(httpUrl: string, station: string, fromMs: number, toMs: number): Promise<Returned[]> {
  const readings: Returned[] = [];
  let after: string | null = null;
  do {
    const columns = await pageOf(httpUrl, station, fromMs, toMs, after);
    columns.observedAtMs.forEach((observedAtMs, i) => {
      readings.push({ observedAtMs, stageMm: columns.stageMm[i] ?? null });
    });
    after = columns.next;
  } while (after !== null);
  return readings;
}

async function pageOf(
  httpUrl: string,
  station: string,
  fromMs: number,
  toMs: number,
  after: string | null,
): Promise<ReadingColumns> {
  const query = new URLSearchParams({
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    limit: String(pageLimit),
    ...(after === null ? {} : { after }),
  });
  const response = await fetch(`${httpUrl}/api/v1/stations/${station}/readings?${query}`).catch((cause: unknown) => {
    throw new Error(`the platform no longer answers at ${httpUrl}`, { cause });
  });
  if (!response.ok) throw new Error(`the platform answered ${response.status}: ${await response.text()}`);
  const columns = parseColumns(await response.json());
  if (!columns.ok) throw new Error(`the platform's readings are not as agreed: ${columns.reason}`);
  return columns.value;
}

import type { ReadingColumns, Snapshot } from '@siaga/protocol';

/** GETs JSON below `/api/v1`, with a token where it is for staff only; throws on any other status than 200. */
export async function getJson<T>(httpUrl: string, path: string, token?: string): Promise<T> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`${httpUrl}/api/v1${path}`, { headers });
  if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

export function getSnapshot(httpUrl: string): Promise<Snapshot> {
  return getJson(httpUrl, '/snapshot');
}

/** One reading as the API serves it. */
export type ServedReading = {
  readonly stream: string;
  readonly seq: number;
  readonly observedAtMs: number;
  readonly distanceMm: number | null;
  readonly stageMm: number | null;
  readonly flag: number;
};

/** Every reading of a station in [from, to), page by page. */
export async function getReadings(
  httpUrl: string,
  station: string,
  from: string,
  to: string,
): Promise<ServedReading[]> {
  const readings: ServedReading[] = [];
  let next: string | null = null;
  do {
    const query = new URLSearchParams({ from, to, ...(next === null ? {} : { after: next }) });
    const page: ReadingColumns = await getJson(httpUrl, `/stations/${station}/readings?${query}`);
    page.seq.forEach((seq, i) => {
      readings.push({
        seq,
        stream: page.stream[i] as string,
        observedAtMs: page.observedAtMs[i] as number,
        distanceMm: page.distanceMm[i] as number | null,
        stageMm: page.stageMm[i] as number | null,
        flag: page.flag[i] as number,
      });
    });
    next = page.next;
  } while (next !== null);
  return readings;
}

/** The value of one Prometheus metric line, summed over its labels that contain `label`. */
export async function getMetric(httpUrl: string, name: string, label = ''): Promise<number> {
  const text = await (await fetch(`${httpUrl}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && line.includes(label))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

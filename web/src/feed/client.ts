import { BucketColumns, type Parsed, parserOf, parseSnapshot, refused, type Snapshot } from '@siaga/protocol';

const parseBuckets = parserOf(BucketColumns);

/** What went wrong with a request, in a form that the page can put into words. */
export type FeedFault = { readonly code: 'unreachable' | 'refused' | 'unreadable'; readonly detail: string };
export type Fetched<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: FeedFault };

const timeoutMs = 10_000;

/** `GET /snapshot`: the state of everything. */
export function fetchSnapshot(signal?: AbortSignal): Promise<Fetched<Snapshot>> {
  return getJson('/api/v1/snapshot', parseSnapshot, signal);
}

export type HydrographQuery = {
  readonly station: string;
  readonly gauge: string | undefined;
  readonly fromMs: number;
  readonly toMs: number;
  readonly buckets: number;
};

/** `GET /stations/{id}/readings`: min, mean and max of stage in equal spans. */
export function fetchHydrograph(query: HydrographQuery, signal?: AbortSignal): Promise<Fetched<BucketColumns>> {
  const search = new URLSearchParams({
    from: new Date(query.fromMs).toISOString(),
    to: new Date(query.toMs).toISOString(),
    buckets: String(query.buckets),
    ...(query.gauge === undefined ? {} : { gauge: query.gauge }),
  });
  return getJson(`/api/v1/stations/${encodeURIComponent(query.station)}/readings?${search}`, parseBuckets, signal);
}

/** Gets and parses JSON. Everything that can go wrong outside is a value; only the caller's own abort is thrown. */
async function getJson<T>(
  url: string,
  parse: (input: unknown) => Parsed<T>,
  signal: AbortSignal | undefined,
): Promise<Fetched<T>> {
  const timeout = AbortSignal.timeout(timeoutMs);
  let input: unknown;
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    if (!response.ok) return fault('refused', `HTTP ${response.status}`);
    input = await response.json();
  } catch (error) {
    signal?.throwIfAborted();
    return error instanceof SyntaxError ? fault('unreadable', 'not JSON') : fault('unreachable', String(error));
  }
  const outcome = parse(input);
  return outcome.ok ? { ok: true, value: outcome.value } : fault('unreadable', outcome.reason);
}

function fault(code: FeedFault['code'], detail: string): { ok: false; fault: FeedFault } {
  return { ok: false, fault: { code, detail } };
}

/** Parses the text of one stream event. */
export function parseEvent<T>(data: string, parse: (input: unknown) => Parsed<T>): Parsed<T> {
  try {
    return parse(JSON.parse(data));
  } catch {
    return refused('not JSON');
  }
}

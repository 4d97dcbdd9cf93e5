import {
  BucketColumns,
  type Parsed,
  PersonName,
  parserOf,
  parseSnapshot,
  refused,
  type Snapshot,
} from '@siaga/protocol';
import { Type } from 'typebox';

const parseBuckets = parserOf(BucketColumns);
const parseNames = parserOf(Type.Array(PersonName));

/** What went wrong with a request, in a form that the page can put into words. */
export type FeedFault = {
  readonly code: 'unreachable' | 'refused' | 'unreadable';
  /** Of a refusal: the server's own sentence, if it gave one. */
  readonly detail: string;
  readonly status?: number;
  /** The field that the server found wrong. */
  readonly field?: string;
  readonly retryAfterS?: number;
};
export type Fetched<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: FeedFault };

const timeoutMs = 10_000;

/** `GET /snapshot`: the state of everything. */
export function fetchSnapshot(signal?: AbortSignal): Promise<Fetched<Snapshot>> {
  return getJson('/api/v1/snapshot', parseSnapshot, signal);
}

/** `GET /people/names`: what everyone signed in may know of the others. */
export function fetchNames(signal?: AbortSignal): Promise<Fetched<PersonName[]>> {
  return getJson('/api/v1/people/names', parseNames, signal);
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
export function getJson<T>(url: string, parse: Parse<T>, signal?: AbortSignal): Promise<Fetched<T>> {
  return request(url, { method: 'GET' }, parse, signal);
}

/** Sends a command with an optional body and parses its answer, under the same promises. */
export function sendJson<T>(
  method: 'POST' | 'PUT' | 'DELETE',
  url: string,
  body: unknown,
  parse: Parse<T>,
  signal?: AbortSignal,
): Promise<Fetched<T>> {
  const sent =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  return request(url, { method, ...sent }, parse, signal);
}

export type Parse<T> = (input: unknown) => Parsed<T>;

/** For answers that say nothing of use. */
export const parseAnything: Parse<undefined> = () => ({ ok: true, value: undefined });

async function request<T>(
  url: string,
  init: RequestInit,
  parse: Parse<T>,
  signal: AbortSignal | undefined,
): Promise<Fetched<T>> {
  const timeout = AbortSignal.timeout(timeoutMs);
  let input: unknown;
  try {
    const response = await fetch(url, {
      ...init,
      headers: { accept: 'application/json', ...init.headers },
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    if (!response.ok) return { ok: false, fault: await refusalOf(response) };
    const text = await response.text();
    input = text === '' ? undefined : JSON.parse(text);
  } catch (error) {
    signal?.throwIfAborted();
    return error instanceof SyntaxError ? fault('unreadable', 'not JSON') : fault('unreachable', String(error));
  }
  const outcome = parse(input);
  return outcome.ok ? { ok: true, value: outcome.value } : fault('unreadable', outcome.reason);
}

/** A refusal in the server's words (RFC 9457 problem details), as far as it gave any. */
async function refusalOf(response: Response): Promise<FeedFault> {
  const problem: unknown = await response.json().catch(() => null);
  const said = typeof problem === 'object' && problem !== null ? (problem as Record<string, unknown>) : {};
  const retryAfterS = Number(response.headers.get('retry-after') ?? Number.NaN);
  return {
    code: 'refused',
    detail: typeof said.detail === 'string' ? said.detail : `HTTP ${response.status}`,
    status: response.status,
    ...(typeof said.field === 'string' ? { field: said.field } : {}),
    ...(Number.isFinite(retryAfterS) ? { retryAfterS } : {}),
  };
}

/** Parses the text of one stream event. */
export function parseEvent<T>(data: string, parse: (input: unknown) => Parsed<T>): Parsed<T> {
  try {
    return parse(JSON.parse(data));
  } catch {
    return refused('not JSON');
  }
}

function fault(code: 'unreachable' | 'unreadable', detail: string): { ok: false; fault: FeedFault } {
  return { ok: false, fault: { code, detail } };
}

import type { Works } from '@siaga/protocol';
import { type Fetched, parseAnything, sendJson } from '../feed/client.ts';

/** What an authority declares, or null to withdraw it. The stream brings it back to every page. */
export type Declaration = { readonly severity: number; readonly label: string } | { readonly severity: null };
export type EnteredWorks = Pick<Works, 'gates' | 'pumps'>;

const path = (station: string) => `/api/v1/stations/${encodeURIComponent(station)}`;

export function declareStatus(station: string, declaration: Declaration): Promise<Fetched<undefined>> {
  return sendJson('PUT', `${path(station)}/official-status`, declaration, parseAnything);
}

export function enterWorks(station: string, works: EnteredWorks): Promise<Fetched<undefined>> {
  return sendJson('PUT', `${path(station)}/works`, works, parseAnything);
}

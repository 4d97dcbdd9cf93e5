import type { LogEntry } from '@siaga/protocol';

/**
 * What is known of the log after its newest page came again. Entries are appended and only a handover's acceptance
 * changes, so the page wins where both know an entry. Where a full page does not reach what was known, there may be a
 * hole between: then only the page is kept, and older entries are fetched anew.
 */
export function withNewest(known: readonly LogEntry[], page: readonly LogEntry[], pageLength: number): LogEntry[] {
  const oldest = page.at(-1)?.no ?? 0;
  const apart = page.length >= pageLength && (known[0]?.no ?? 0) < oldest;
  return apart ? [...page] : merged(known, page);
}

/** Newest first, each number once; `later` wins. */
export function merged(earlier: readonly LogEntry[], later: readonly LogEntry[]): LogEntry[] {
  const byNo = new Map([...earlier, ...later].map((entry) => [entry.no, entry]));
  return [...byNo.values()].sort((a, b) => b.no - a.no);
}

export type LogDay = { readonly day: string; readonly entries: readonly LogEntry[] };

/** Entries by day as `dayOf` names it, in the order they are in. */
export function byDay(entries: readonly LogEntry[], dayOf: (ms: number) => string): LogDay[] {
  const days = Map.groupBy(entries, ({ at }) => dayOf(Date.parse(at)));
  return [...days].map(([day, those]) => ({ day, entries: those }));
}

/** The handovers to a person that wait for them. */
export function handoversTo(person: string | undefined, entries: readonly LogEntry[]): LogEntry[] {
  return entries.filter(({ handover }) => handover !== null && !handover.accepted && handover.to === person);
}

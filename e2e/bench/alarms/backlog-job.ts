/** What the process of a station with a backlog is told, as its one argument. It says `BacklogEvent`s, one JSON line each. */
export type BacklogJob = {
  readonly mqttUrl: string;
  readonly pki: string;
  readonly station: string;
  readonly startMs: number;
  readonly days: number;
  readonly isShuffled: boolean;
};

export type BacklogEvent = { readonly event: 'began' | 'acknowledged'; readonly atMs: number };

/** Readings a day. */
export const dayMin = 1440;

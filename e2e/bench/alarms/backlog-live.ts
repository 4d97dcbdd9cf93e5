import { setTimeout as pause } from 'node:timers/promises';
import type { PlatformProcess } from '../../harness/platform.ts';
import { openPublisher, type Publisher } from '../../harness/publisher.ts';
import type { Watch } from '../../harness/watch.ts';

export const liveStations = Array.from({ length: 20 }, (_, i) => `live-${i + 1}`);
/** Each sends a reading a second: together as 1,200 stations do that report once a minute. */
const everyMs = 1000;

type Sent = { readonly station: string; readonly sentMs: number };

export type Live = {
  /** Ms from sending to the stream's first word of that reading or a later one, of those sent in [fromMs, toMs). */
  delays(watch: Watch, fromMs: number, toMs: number): number[];
  /** Readings that the stream never reached. */
  missing(watch: Watch): number;
  stop(): Promise<void>;
};

/** Stations that live now, one after the other over each second. */
export async function startLive({ mqttUrl, pki }: PlatformProcess): Promise<Live> {
  const publishers = new Map<string, Publisher>();
  for (const station of liveStations)
    publishers.set(station, await openPublisher({ mqttUrl, pki, station, intervalS: 1 }));
  const sent: Sent[] = [];
  let next = 0;
  const timer = setInterval(() => {
    const station = liveStations[next++ % liveStations.length] as string;
    const sentMs = Date.now();
    sent.push({ station, sentMs });
    void publishers.get(station)?.publish([{ atMs: sentMs, stageMm: 500 + (next % 9) }]);
  }, everyMs / liveStations.length);
  let stopped = false;

  /** Undefined for one that was never told. */
  function delaysOf(watch: Watch, ofThese: readonly Sent[]): (number | undefined)[] {
    const told = liveStations.map((station) => [station, toldOf(watch, station)] as const);
    const byStation = new Map(told);
    return ofThese.map(({ station, sentMs }) => {
      const first = byStation.get(station)?.find(({ observedMs }) => observedMs >= sentMs);
      return first === undefined ? undefined : first.realMs - sentMs;
    });
  }

  return {
    delays: (watch, fromMs, toMs) =>
      delaysOf(
        watch,
        sent.filter(({ sentMs }) => sentMs >= fromMs && sentMs < toMs),
      ).filter((delay) => delay !== undefined),
    missing: (watch) => delaysOf(watch, sent).filter((delay) => delay === undefined).length,
    async stop() {
      if (stopped) return;
      stopped = true;
      clearInterval(timer);
      await pause(everyMs);
      for (const publisher of publishers.values()) await publisher.close();
    },
  };
}

function toldOf(watch: Watch, station: string): { observedMs: number; realMs: number }[] {
  return watch.events.flatMap(({ event, data, realMs }) => {
    if (event !== 'delta') return [];
    const { values } = data as { values: { id: string; value: { observedAt: string } }[] };
    const value = values.find(({ id }) => id === station)?.value;
    return value === undefined ? [] : [{ observedMs: Date.parse(value.observedAt), realMs }];
  });
}

/** What Prometheus may ask. Every name and label is explained in docs/operate.md. */
import type { DeviceTopic, RejectReason } from '@siaga/protocol';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Refusal } from './broker/refusals.ts';

export type Metrics = {
  readonly registry: Registry;
  message(kind: DeviceTopic): void;
  stored(readings: number): void;
  duplicates(readings: number): void;
  quarantined(reason: RejectReason): void;
  refused(refusal: Refusal): void;
  withheld(): void;
  /** One group commit: how long it took, in seconds, and how many readings it stored. */
  commit(seconds: number, readings: number): void;
  judged(seconds: number): void;
  /** One turn of history: how long it took, in seconds, and how many readings it folded. */
  folded(seconds: number, readings: number): void;
  droppedStreamClient(): void;
};

/** What is asked only when somebody looks. */
export type Looks = {
  readonly devices: () => number;
  readonly streamClients: () => number;
  /** Seconds since the last message was committed; NaN before the first. */
  readonly watermarkAgeS: () => number;
};

export function createMetrics(): Metrics & { watch(looks: Looks): void } {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter({ name, help, labelNames: [...labelNames], registers });

  const messages = counter('siaga_messages_total', 'Messages received from stations', ['kind']);
  const stored = counter('siaga_readings_stored_total', 'Readings stored');
  const duplicates = counter('siaga_readings_duplicate_total', 'Readings that were stored already');
  const quarantined = counter('siaga_quarantined_total', 'Messages put into quarantine', ['reason']);
  const refused = counter('siaga_refused_connections_total', 'Connections refused or ended', ['reason']);
  const withheld = counter('siaga_acknowledgements_withheld_total', 'Messages that could not be kept');
  const dropped = counter('siaga_stream_clients_dropped_total', 'Stream clients too slow to follow');
  const foldedReadings = counter('siaga_history_readings_total', 'Readings folded into episodes');
  const foldedSeconds = counter('siaga_history_seconds_total', 'Time spent on folding episodes');
  const seconds = new Histogram({
    name: 'siaga_commit_seconds',
    help: 'Duration of a group commit',
    buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5],
    registers,
  });
  const readings = new Histogram({
    name: 'siaga_commit_readings',
    help: 'Readings stored by a group commit',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000],
    registers,
  });
  const judge = new Histogram({
    name: 'siaga_judge_lag_seconds',
    help: 'From a commit to the judgement that saw it',
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5],
    registers,
  });

  return {
    registry,
    message: (kind) => messages.inc({ kind }),
    stored: (count) => stored.inc(count),
    duplicates: (count) => duplicates.inc(count),
    quarantined: (reason) => quarantined.inc({ reason }),
    refused: (reason) => refused.inc({ reason }),
    withheld: () => withheld.inc(),
    commit(took, count) {
      seconds.observe(took);
      readings.observe(count);
    },
    judged: (lag) => judge.observe(lag),
    folded(took, count) {
      foldedSeconds.inc(took);
      foldedReadings.inc(count);
    },
    droppedStreamClient: () => dropped.inc(),
    watch(looks) {
      const gauge = (name: string, help: string, look: () => number) =>
        new Gauge({
          name,
          help,
          registers,
          collect() {
            this.set(look());
          },
        });
      gauge('siaga_connected_devices', 'Stations connected now', looks.devices);
      gauge('siaga_stream_clients', 'Clients of the live stream', looks.streamClients);
      gauge('siaga_ingest_watermark_age_seconds', 'Since the last committed message', looks.watermarkAgeS);
    },
  };
}

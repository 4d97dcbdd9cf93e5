import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { consecutiveRuns, encodeReadings, mintStreamId, type Reading, topicOf } from '@siaga/protocol';
import { connectAsync } from 'mqtt';

/** A stage at a moment, as a test wants the platform to see it. */
export type StagePoint = { readonly atMs: number; readonly stageMm: number };

/** A device without a sensor: publishes what it is told under a station's own certificate. */
export type Publisher = {
  /** Resolves when the platform has acknowledged all of it. */
  publish(points: readonly StagePoint[]): Promise<void>;
  close(): Promise<void>;
};

export type PublisherSettings = {
  readonly mqttUrl: string;
  readonly pki: string;
  readonly station: string;
  readonly intervalS?: number;
  /** As the catalogue has it; 5000 without, as in `writeCatalogue`. */
  readonly sensorElevationMm?: number;
};

/** Connects as the station; each publisher is a new stream. */
export async function openPublisher(settings: PublisherSettings): Promise<Publisher> {
  const { mqttUrl, pki, station, intervalS = 60, sensorElevationMm = 5000 } = settings;
  const file = (name: string) => readFileSync(join(pki, 'devices', station, name));
  const tls = { ca: file('ca.crt'), cert: file('device.crt'), key: file('device.key') };
  const client = await connectAsync(mqttUrl, { ...tls, clientId: station, protocolVersion: 4, reconnectPeriod: 0 });
  // Without a listener, a server that is killed would end the test's own process.
  client.on('error', () => {});
  const stream = mintStreamId();
  let seq = 0;
  return {
    async publish(points) {
      const readings = points.map(({ atMs, stageMm }): Reading => {
        seq += 1;
        return { ...plain, seq, observedAtMs: Math.round(atMs), distanceMm: sensorElevationMm - stageMm };
      });
      const same = { stream, boot: 'test', rev: 0, gauge: 'main', intervalS, maintenance: false, lost: [] };
      for (const run of consecutiveRuns(readings)) {
        const payload = Buffer.from(encodeReadings({ ...same, readings: run }));
        await client.publishAsync(topicOf(station, 'readings'), payload, { qos: 1 });
      }
    },
    close: () => client.endAsync(true),
  };
}

const plain = {
  echo: 'seen',
  spreadMm: 2,
  validPercent: 100,
  temperatureDeciC: null,
  flag: 1,
  test: 'none',
  clock: 'synced',
} as const;

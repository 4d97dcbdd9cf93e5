import { setTimeout as pause } from 'node:timers/promises';
import type { Delta } from '@siaga/protocol';
import type { VirtualGauge } from '@siaga/simulator';
import { eventually } from '../../harness/eventually.ts';
import { type Watch, watchStream } from '../../harness/watch.ts';
import { figure, type Row } from '../report.ts';
import { percentile } from '../statistics.ts';
import type { DiskLimit } from './disk.ts';
import { type Rig, sensorElevationMm } from './rig.ts';

const samples = 520;
/** The stream sends at once after a quiet spell, and then at most this often. */
const coalesceMs = 100;
const nearestMm = 700;

/**
 * From the moment the kernel had a burst's last byte to the stream event with its value, parsed in a client:
 * tty, agent, its outbox on disk, MQTT over TLS, the commit, the judge, the stream.
 */
export async function measureFrameToEvent(rig: Rig, disk: DiskLimit): Promise<Row[]> {
  const watch = await watchStream(rig.platform.httpUrl);
  const tookMs: number[] = [];
  try {
    const each = Math.ceil(samples / rig.gauges.size);
    const of = async ([station, gauge]: [string, VirtualGauge]) => {
      for (let i = 0; i < each; i++) {
        tookMs.push(await timeBurst(watch, station, gauge, nearestMm + i));
        await pause(20 + Math.random() * 180);
      }
    };
    await Promise.all([...rig.gauges].map(of));
  } finally {
    watch.close();
  }
  return [
    figure('limit: two fdatasync, p50, and 0 ms of coalescing', 2 * disk.p50Ms, 'ms'),
    figure('frame → stream event, p50', percentile(tookMs, 0.5), 'ms'),
    figure('limit: two fdatasync, p99, and 100 ms of coalescing', 2 * disk.p99Ms + coalesceMs, 'ms'),
    figure('frame → stream event, p99', percentile(tookMs, 0.99), 'ms'),
    figure('frame → stream event, samples', tookMs.length, ''),
  ];
}

/** Writes a burst of a distance that the station had not before; resolves with how long its value took. */
async function timeBurst(watch: Watch, station: string, gauge: VirtualGauge, distanceMm: number): Promise<number> {
  const stageMm = sensorElevationMm - distanceMm;
  const from = watch.events.length;
  const { realMs } = await gauge.burst(distanceMm);
  const event = await eventually(
    `${station}: ${stageMm} mm in the stream`,
    () =>
      watch.events
        .slice(from)
        .find(
          ({ event, data }) =>
            event === 'delta' &&
            (data as Delta).values.some(({ id, value }) => id === station && value.stageMm === stageMm),
        ),
    { everyMs: 5 },
  );
  return event.realMs - realMs;
}

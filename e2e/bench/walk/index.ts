import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../harness/folders.ts';
import { figure, type Row } from '../report.ts';
import { measureBrowserCrossings } from './browser-crossings.ts';
import { measureDisk } from './disk.ts';
import { measureFrameToEvent } from './frame-to-event.ts';
import { startRig } from './rig.ts';
import { measureThroughput } from './throughput.ts';

const diskMs = 2_000;

/** The walk of one reading: how fast, how many, and what the machine itself would allow. All on one disk. */
export async function benchWalk(say: (progress: string) => void): Promise<Row[]> {
  const { path: folder, remove } = temporaryFolder('bench');
  const inside = (name: string): string => {
    mkdirSync(join(folder, name));
    return join(folder, name);
  };
  try {
    say('the disk');
    const disk = measureDisk(folder, diskMs);
    const rows = [
      figure('limit: append of 4 KiB with fdatasync', disk.perS, '/s'),
      figure('limit: the same, p50', disk.p50Ms, 'ms'),
      figure('limit: the same, p99', disk.p99Ms, 'ms'),
      ...(await measureThroughput(inside('throughput'), say)),
    ];
    say('latency: four gauges on ttys, each with its agent');
    const rig = await startRig(inside('latency'), ['hulu', 'tengah', 'hilir', 'muara']);
    try {
      say('latency: frame → stream event');
      rows.push(...(await measureFrameToEvent(rig, disk)));
      say('latency: limit crossed → painted in a browser');
      rows.push(...(await measureBrowserCrossings(rig)));
    } finally {
      await rig.stop();
    }
    return rows;
  } finally {
    remove();
  }
}

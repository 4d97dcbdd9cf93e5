/**
 * The load generator: many devices in one process of its own, so that it takes no time from the platform's.
 * Raw TLS sockets, own certificates, packets encoded beforehand, 10 unacknowledged at a time.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Device, openDevice } from './device.ts';
import type { LoadEvent, LoadJob } from './load-job.ts';

const receiptsWithinMs = 30_000;
const atOnce = 20;

const job = JSON.parse(process.argv[2] ?? '') as LoadJob;

function tell(event: LoadEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

async function openDevices(): Promise<Device[]> {
  const devices: Device[] = [];
  for (let i = 0; i < job.stations.length; i += atOnce)
    devices.push(...(await Promise.all(job.stations.slice(i, i + atOnce).map((station) => openDevice(job, station)))));
  return devices;
}

const devices = await openDevices();
const acknowledged = () => sumOf(devices.map((device) => device.acknowledged()));
for (const device of devices) device.begin();
await pause(job.warmUpMs);

tell({ event: 'began' });
const [beganMs, before] = [performance.now(), acknowledged()];
await pause(job.windowMs);
const [endedMs, after] = [performance.now(), acknowledged()];
tell({ event: 'measured', readings: after - before, windowMs: endedMs - beganMs });

for (const device of devices) device.pause();
for (const deadlineMs = performance.now() + receiptsWithinMs; performance.now() < deadlineMs; await pause(50))
  if (devices.every((device) => device.inFlight() === 0 && device.covered())) break;
tell({
  event: 'settled',
  acknowledged: acknowledged(),
  uncovered: devices.filter((device) => !device.covered()).length,
  lastAtMs: devices.map((device) => device.lastAtMs()),
});
for (const device of devices) device.close();

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, scaledClock, steppedClock } from '@siaga/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dropouts, type Fault, tornFrames, unplugged } from './faults.ts';
import { type Ledger, openLedger, readLedger } from './ledger.ts';
import { sensorNamed } from './sensors.ts';
import { openReader } from './test-reader.ts';
import { type VirtualGauge, virtualGauge } from './virtual-gauge.ts';
import { openVirtualTty, type VirtualTty } from './virtual-tty.ts';

let folder: string;
let ledgerFile: string;
let ledger: Ledger;
let tty: VirtualTty;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'siaga-gauge-'));
  ledgerFile = join(folder, 'ledger.jsonl');
  ledger = await openLedger(ledgerFile);
  tty = await openVirtualTty({ link: join(folder, 'tty') });
});
afterEach(async () => {
  await tty.close();
  await ledger.close();
  rmSync(folder, { recursive: true });
});

function gaugeOf(clock: Clock, { name = 'maxbotix-hrxl-wr', faults = [] as Fault[] } = {}): VirtualGauge {
  const sensor = sensorNamed(name);
  const [type] = sensor.types;
  return virtualGauge({ station: 'depok', gauge: 'main', sensor, type, tty, clock, faults, ledger, keepBytes: true });
}

test('a burst is the exact frames of the sensor, at once, and one line of the ledger', async () => {
  const reader = openReader(tty.path);
  const done = await gaugeOf(steppedClock(5000)).burst(1234.4, 3);
  expect((await reader.take(18)).toString('latin1')).toBe('R1234\rR1234\rR1234\r');
  expect(done).toMatchObject({ burst: 1, frames: 3 });
  expect(Math.abs(done.realMs - Date.now())).toBeLessThan(10_000);
  await ledger.flush();
  expect(await readLedger(ledgerFile)).toEqual([
    {
      station: 'depok',
      gauge: 'main',
      atMs: 5000,
      realMs: done.realMs,
      burst: 1,
      distanceMm: 1234,
      frames: 3,
      hex: Buffer.from('R1234\rR1234\rR1234\r').toString('hex'),
      fault: 'none',
    },
  ]);
  reader.close();
});

test('the A02 sends its binary frame; beyond its span it says the end of it', async () => {
  const reader = openReader(tty.path);
  const gauge = gaugeOf(steppedClock(0), { name: 'dfrobot-a02yyuw' });
  await gauge.burst(1953, 1);
  expect((await reader.take(4)).toString('hex')).toBe('ff07a1a7');
  await gauge.burst(9000, 1);
  expect((await reader.take(4)).toString('hex')).toBe('ff1194a4');
  reader.close();
});

test('faults reach the wire and are named in the ledger', async () => {
  const gauge = gaugeOf(steppedClock(0), { faults: [tornFrames(1, 'seed')] });
  await gauge.burst(2000, 7);
  const none = gaugeOf(steppedClock(0), { faults: [dropouts(1, 'seed')] });
  expect((await none.burst(2000, 7)).frames).toBe(0);
  await ledger.flush();
  const [torn, dropped] = await readLedger(ledgerFile);
  expect(torn).toMatchObject({ frames: 7, fault: 'torn' });
  expect(Buffer.from(torn?.hex ?? '', 'hex').includes('\r')).toBe(false);
  expect(dropped).toMatchObject({ frames: 0, hex: '', fault: 'dropouts' });
});

test('the line goes and comes back as the clock passes through an unplug', async () => {
  const clock = steppedClock(0);
  const gauge = gaugeOf(clock, { faults: [unplugged(100, 200)] });
  await gauge.burst(2000, 1);
  expect(tty.device()).toBeDefined();
  clock.moveTo(100);
  await gauge.burst(2000, 1);
  expect(tty.device()).toBeUndefined();
  expect(tty.droppedBytes()).toBe(6);
  clock.moveTo(200);
  await gauge.burst(2000, 1);
  expect(tty.device()).toBeDefined();
});

test('left to itself it samples at its own rate of the clock, and stops when told', async () => {
  const reader = openReader(tty.path);
  const gauge = gaugeOf(scaledClock(Date.now(), 0, 20));
  const running = gauge.run((atMs) => 1000 + atMs / 10);
  expect((await reader.take(6 * 20)).length).toBe(120);
  await running.stop();
  await ledger.flush();
  const entries = await readLedger(ledgerFile);
  expect(entries.length).toBeGreaterThanOrEqual(20);
  entries.forEach(({ atMs, distanceMm, burst }, i) => {
    expect(burst).toBeNull();
    expect(Math.abs(distanceMm - (1000 + atMs / 10))).toBeLessThanOrEqual(1);
    if (i > 0) expect(Math.abs(atMs - (entries[i - 1]?.atMs ?? 0) - 150)).toBeLessThanOrEqual(1);
  });
  reader.close();
});

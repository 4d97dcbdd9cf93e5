import { sensors as drivers, type GaugeConfig } from '@siaga/firmware-host';
import { createDriver, listen } from '@siaga/firmware-host/testing';
import { systemClock } from '@siaga/protocol';
import { expect, it } from 'vitest';
import { type SimulatedSensor, sensorNamed, sensors } from './sensors.ts';
import { virtualGauge } from './virtual-gauge.ts';
import type { VirtualTty } from './virtual-tty.ts';

it('plays every sensor that the agent can read', () => {
  const played = new Set(sensors.map((sensor) => configOf(sensor).sensor));
  expect([...played].sort()).toEqual(Object.keys(drivers).sort());
});

it.each(sensors)('a $name is understood by its driver', async (sensor) => {
  const driver = createDriver(configOf(sensor));
  const told: unknown[] = [];
  let hear: (bytes: Uint8Array) => void = () => undefined;
  const tty = {
    write: async (bytes: Uint8Array) => listener.push(bytes),
    onBytes(given: (bytes: Uint8Array) => void) {
      hear = given;
    },
  } as unknown as VirtualTty;
  const line = { state: () => 'open' as const, write: async (bytes: Uint8Array) => hear(bytes) };
  const listener = listen(driver, line, ({ decoded }) => told.push(...decoded));
  const [type] = sensor.types;
  const gauge = virtualGauge({ station: 'depok', gauge: 'main', sensor, type, tty, clock: systemClock() });
  const running = gauge.run(() => 1500);
  await expect.poll(() => told.length, { timeout: 5_000 }).toBeGreaterThan(0);
  expect(told[0]).toEqual({ kind: 'sample', sample: { echo: 'seen', distanceMm: 1500 } });
  await running.stop();
  listener.close();
});

it('plays no bursts through a sensor that is asked', async () => {
  const sensor = sensorNamed('dfrobot-sen0676');
  const [type] = sensor.types;
  const gauge = virtualGauge({
    station: 'depok',
    gauge: 'main',
    sensor,
    type,
    tty: {} as VirtualTty,
    clock: systemClock(),
  });
  await expect(gauge.burst(1500)).rejects.toThrow('speaks only when it is asked');
});

function configOf(sensor: SimulatedSensor): GaugeConfig {
  return sensor.configOf('main', '/dev/null', sensor.types[0]);
}

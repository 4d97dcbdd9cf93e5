import { join } from 'node:path';
import { type Clock, clockFromText, clockToText, type Health } from '@siaga/protocol';
import { dropouts, type Fault, noise, randomBytes, spikes, tornFrames } from '@siaga/simulator';
import { expect, test } from 'vitest';
import { getJson, getReadings, type ServedReading } from '../harness/api.ts';
import { writeCatalogue } from '../harness/catalogue.ts';
import { eventually } from '../harness/eventually.ts';
import { openFlow } from '../harness/flow.ts';
import { viewerToken } from '../harness/platform.ts';

/*
 * A bad line: noise, spikes, torn frames, dropouts, a tenth of all bytes replaced, and the plug pulled out.
 * The sensors run free at their own rate, by clocks that run 20 times as fast; the agent takes 7 pings each 5 s.
 */

const speed = 20;
const noiseMm = 3;
/** A median of seven pings never strays this far by the noise alone: it would be eight of its standard deviations. */
const toleranceMm = 4 * noiseMm;
const readingsInPhase = 20;

type Phase = 'clean' | 'rough' | 'random' | 'replugged';
const sensors = [
  { station: 'sungai', sensor: 'maxbotix-hrxl-wr', maxMm: 5_000 },
  { station: 'kali', sensor: 'dfrobot-a02yyuw', maxMm: 4_500 },
];

/**
 * The water at an instant: a slow wave, so that a value cannot be right by having stood still, and so slow that
 * a busy machine may stamp a sample a few seconds (of this clock) late.
 */
function trueMm(atMs: number): number {
  return 2_000 + 600 * Math.sin((2 * Math.PI * atMs) / 6_000_000);
}

test('a bad line: nothing wrong is published, what is thrown away is counted, a replugged sensor comes back', async () => {
  const flow = openFlow('frames');
  const clockText = clockToText(Date.now(), Date.UTC(2024, 0, 10), speed);
  const clock = clockFromText(clockText) as Clock;
  const stations = sensors.map(({ station }) => station);
  const platform = await flow.platform({
    catalogue: writeCatalogue(
      flow.folder,
      stations.map((id) => ({ id })),
    ),
    stations,
    clock: clockText,
  });
  const { httpUrl, mqttUrl, pki } = platform;
  const token = viewerToken(platform);

  const figures = await Promise.all(
    sensors.map(async ({ station, sensor, maxMm }) => {
      let phase: Phase = 'clean';
      const during = (when: Phase, fault: Fault): Fault => ({
        name: fault.name,
        sample: (distanceMm, atMs) => (phase === when && fault.sample ? fault.sample(distanceMm, atMs) : distanceMm),
        bytes: (frame) => (phase === when && fault.bytes ? fault.bytes(frame) : frame),
      });
      const faults = [
        noise(noiseMm, station),
        during('rough', spikes(0.03, 900, station)),
        during('rough', dropouts(0.1, station)),
        during('rough', tornFrames(0.1, station)),
        during('random', randomBytes(0.1, station)),
      ];
      const line = await flow.line({ station, sensor, maxMm, clock, faults });
      const agent = flow.agent({
        station,
        data: join(flow.folder, `agent-${station}`),
        gauges: [line.settings],
        pki,
        mqttUrl,
        trigger: 'interval',
        intervalS: 5,
        clock: clockText,
      });
      await Promise.all([agent.lineOpen(), agent.connected()]);
      const running = line.gauge.run(trueMm);
      flow.atEnd(() => running.stop());

      const gaugeHealth = async () => {
        const fleet = await getJson<Fleet>(httpUrl, '/fleet', token);
        const health = fleet.devices.find((device) => device.station === station)?.health;
        return health?.state === 'online' ? health.gauges[0] : undefined;
      };
      const more = async (next: Phase) => {
        phase = next;
        await agent.storedAtLeast(agent.stored.length + readingsInPhase);
      };
      await more('clean');
      await more('rough');
      await more('random');

      const pulledAtMs = clock.now();
      await line.tty.hangUp();
      await eventually('the platform is told of the closed line', async () => (await gaugeHealth())?.link === 'closed');
      phase = 'replugged';
      await line.tty.plug();
      const pluggedAtMs = clock.now();
      const first = await eventually('a good reading after the replug', () =>
        agent.stored.find(({ observedAtMs, distanceMm }) => observedAtMs > pluggedAtMs && distanceMm !== null),
      );
      await more('replugged');
      const told = await eventually('the platform is told of the open line', async () => {
        const health = await gaugeHealth();
        return health?.link === 'open' ? health : undefined;
      });
      await running.stop();
      expect(await agent.program.stop()).toBe(0);

      const served = await eventually('everything is served', async () => {
        const readings = await getReadings(httpUrl, station, '2024-01-09T00:00:00Z', '2024-02-01T00:00:00Z');
        return readings.length === agent.stored.length ? readings : undefined;
      });
      const valued = served.filter(({ distanceMm, flag }) => distanceMm !== null && flag !== 4);
      const worstMm = Math.max(...valued.map(errorMm));
      expect(valued.filter((reading) => errorMm(reading) > toleranceMm)).toEqual([]);
      // Most windows still gave a value, and what gave none says so.
      expect(valued.length).toBeGreaterThan(0.6 * served.length);
      expect(served.filter((reading) => !valued.includes(reading)).every(({ flag }) => flag === 4 || flag === 9)).toBe(
        true,
      );
      const whileOut = valued.filter(
        ({ observedAtMs }) => observedAtMs > pulledAtMs + 1_000 && observedAtMs < pluggedAtMs,
      );
      expect(whileOut).toEqual([]);
      expect(told.frames).toBeGreaterThan(7 * 3 * readingsInPhase);
      expect(told.badFrames).toBeGreaterThan(0);
      expect(told.discardedBytes).toBeGreaterThan(told.badFrames);
      const recoveredS = (first.observedAtMs - pluggedAtMs) / 1000 / speed;
      return `${sensor}: ${valued.length} of ${served.length} readings with a value, worst ${worstMm.toFixed(0)} mm off, ${told.badFrames} bad frames, back ${recoveredS.toFixed(1)} s after the replug`;
    }),
  );
  console.log(`frames: ${figures.join('; ')}`);
});

function errorMm({ distanceMm, observedAtMs }: ServedReading): number {
  return Math.abs((distanceMm as number) - trueMm(observedAtMs));
}

type Fleet = { devices: { station: string; health: Health | null }[] };

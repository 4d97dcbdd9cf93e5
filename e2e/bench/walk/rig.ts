import { join } from 'node:path';
import { type Clock, systemClock } from '@siaga/protocol';
import { openVirtualTty, sensorNamed, type VirtualGauge, virtualGauge } from '@siaga/simulator';
import { startAgentProcess } from '../../harness/agent.ts';
import { getSnapshot } from '../../harness/api.ts';
import { writeCatalogue } from '../../harness/catalogue.ts';
import { eventually } from '../../harness/eventually.ts';
import { type PlatformProcess, startPlatformProcess } from '../../harness/platform.ts';

const sensorName = 'maxbotix-hrxl-wr';
/** Above each station's zero; the catalogue's limits are at 1, 2 and 3 m. */
export const sensorElevationMm = 5000;

/** A platform, and stations with a gauge on a real tty read by an agent of its own process. */
export type Rig = {
  readonly platform: PlatformProcess;
  readonly gauges: ReadonlyMap<string, VirtualGauge>;
  stop(): Promise<void>;
};

/** Starts everything; resolves when a first burst of every gauge is in the platform's picture. */
export async function startRig(folder: string, stations: readonly string[]): Promise<Rig> {
  const clock: Clock = systemClock();
  const catalogue = writeCatalogue(
    folder,
    stations.map((id) => ({ id, sensorElevationMm })),
  );
  const endings: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of endings.splice(0).reverse()) await end();
  };
  try {
    const platform = await startPlatformProcess({ data: join(folder, 'platform'), catalogue, stations });
    endings.push(() => platform.program.stop());
    const sensor = sensorNamed(sensorName);
    const [type] = sensor.types;
    const gauges = new Map<string, VirtualGauge>();
    for (const station of stations) {
      const tty = await openVirtualTty();
      endings.push(() => tty.close());
      const agent = startAgentProcess({
        station,
        data: join(folder, `agent-${station}`),
        gauges: [{ gauge: 'main', port: tty.path, sensor: sensorName, maxMm: type.maxMm }],
        pki: platform.pki,
        mqttUrl: platform.mqttUrl,
      });
      endings.push(() => agent.program.stop());
      gauges.set(station, virtualGauge({ station, gauge: 'main', sensor, type, tty, clock }));
    }
    await Promise.all([...gauges].map(([station, gauge]) => awaken(platform, station, gauge)));
    return { platform, gauges, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What is written before the agent has its line open is lost: bursts until one has come through. */
async function awaken({ httpUrl }: PlatformProcess, station: string, gauge: VirtualGauge): Promise<void> {
  await eventually(
    `a first reading of ${station}`,
    async () => {
      await gauge.burst(sensorElevationMm - 500);
      const { stations } = await getSnapshot(httpUrl);
      return stations.some(({ info, value }) => info.id === station && value !== null);
    },
    { everyMs: 250 },
  );
}

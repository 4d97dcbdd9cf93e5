import { join } from 'node:path';
import { type Clock, systemClock } from '@siaga/protocol';
import {
  type Fault,
  type LedgerEntry,
  openVirtualTty,
  sensorNamed,
  type VirtualGauge,
  type VirtualTty,
  virtualGauge,
} from '@siaga/simulator';
import { onTestFinished } from 'vitest';
import { type AgentProcess, type AgentSettings, startAgentProcess } from './agent.ts';
import { temporaryFolder } from './folders.ts';
import { makeCertificates, type PlatformProcess, type PlatformSettings, servePlatform } from './platform.ts';
import { type LinkProxy, openLinkProxy } from './proxy.ts';
import { type Watch, watchStream } from './watch.ts';

/** What one test starts; ended in reverse order when the test is over, also when it fails. */
export type Flow = {
  readonly folder: string;
  /** Has something ended with the test. */
  atEnd(end: () => unknown): void;
  /** Makes certificates, then serves. */
  platform(settings: Omit<PlatformSettings, 'data'>): Promise<PlatformProcess>;
  /** Serves again with the same data, on the same ports. */
  again(before: PlatformProcess, settings: Omit<PlatformSettings, 'data'>): Promise<PlatformProcess>;
  agent(settings: AgentSettings): AgentProcess;
  line(options: LineOptions): Promise<Line>;
  link(mqttUrl: string): Promise<LinkProxy>;
  watch(httpUrl: string): Promise<Watch>;
};

export type LineOptions = {
  readonly station: string;
  readonly sensor?: string;
  /** The type's range in mm. */
  readonly maxMm?: number;
  readonly clock?: Clock;
  readonly faults?: readonly Fault[];
};

/** A sensor on a real tty, and what it wrote. */
export type Line = {
  readonly tty: VirtualTty;
  readonly gauge: VirtualGauge;
  /** Every burst and sample so far, with its bytes. */
  readonly ledger: readonly LedgerEntry[];
  /** The agent's settings for it. */
  readonly settings: AgentSettings['gauges'][number];
};

export function openFlow(name: string): Flow {
  const { path: folder, remove } = temporaryFolder(name);
  const data = join(folder, 'platform');
  onTestFinished(remove);
  const serve = async (settings: PlatformSettings): Promise<PlatformProcess> => {
    const platform = await servePlatform(settings);
    onTestFinished(async () => void (await platform.program.stop()));
    return platform;
  };
  return {
    folder,
    atEnd: (end) => onTestFinished(async () => void (await end())),
    platform(settings) {
      makeCertificates(join(data, 'pki'), settings.stations);
      return serve({ ...settings, data });
    },
    again: (before, settings) =>
      serve({ ...settings, data, httpPort: portOf(before.httpUrl), mqttPort: portOf(before.mqttUrl) }),
    agent(settings) {
      const agent = startAgentProcess(settings);
      onTestFinished(async () => void (await agent.program.stop()));
      return agent;
    },
    async line({ station, sensor: model = 'maxbotix-hrxl-wr', maxMm = 10_000, clock = systemClock(), faults = [] }) {
      const sensor = sensorNamed(model);
      const type = sensor.types.find((each) => each.maxMm === maxMm) ?? sensor.types[0];
      const tty = await openVirtualTty({ link: join(folder, `tty-${station}`) });
      onTestFinished(() => tty.close());
      const ledger: LedgerEntry[] = [];
      const kept = {
        add: (entry: LedgerEntry) => void ledger.push(entry),
        flush: async () => {},
        close: async () => {},
      };
      const options = { station, gauge: 'main', sensor, type, tty, clock, faults, ledger: kept, keepBytes: true };
      const settings = { gauge: 'main', port: tty.path, sensor: model, maxMm: type.maxMm };
      return { tty, gauge: virtualGauge(options), ledger, settings };
    },
    async link(mqttUrl) {
      const link = await openLinkProxy(mqttUrl);
      onTestFinished(() => link.close());
      return link;
    },
    async watch(httpUrl) {
      const watch = await watchStream(httpUrl);
      onTestFinished(() => watch.close());
      return watch;
    },
  };
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

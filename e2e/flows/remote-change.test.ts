import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type Clock,
  type Command,
  clockFromText,
  clockToText,
  type OnlineHealth,
  type ReadingColumns,
  type StationPicture,
} from '@siaga/protocol';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { getJson } from '../harness/api.ts';
import { writeCatalogue } from '../harness/catalogue.ts';
import { eventually } from '../harness/eventually.ts';
import { type Flow, openFlow } from '../harness/flow.ts';
import type { PlatformProcess } from '../harness/platform.ts';
import { openPublisher } from '../harness/publisher.ts';
import { joinStaff, newStaff, type Staff, setupToken } from '../harness/staff.ts';

/*
 * What the platform changes in devices from afar: settings, which a device judges and takes on trial, and the cadence of
 * one whose neighbour is rising.
 */

type Wish = Command extends infer C ? (C extends Command ? Omit<C, 'v' | 'id'> : never) : never;
type Answered = {
  readonly command: Command;
  readonly state: string;
  readonly reason: string | null;
  readonly by: string;
};
type Device = {
  readonly health: OnlineHealth | null;
  readonly about: { readonly settings?: object } | null;
  readonly commands: readonly Answered[];
};

/** What a supervisor sees of a station, and asks of its device. */
function desk({ ask }: Staff, { httpUrl }: PlatformProcess, station: string) {
  const device = () => ask<Device>('GET', `/stations/${station}/device`);
  return {
    device,
    command: (id: string, wish: Wish) => ask<Answered>('POST', `/stations/${station}/commands`, { id, ...wish }),
    picture: () => getJson<StationPicture>(httpUrl, `/stations/${station}`),
    async outcome(id: string, ...states: readonly string[]): Promise<Answered> {
      const seen: { last?: unknown } = {};
      return eventually(
        `${id} is ${states}`,
        async () => {
          const { commands } = await device();
          const found = commands.find(({ command }) => command.id === id);
          seen.last = found;
          return found && states.includes(found.state) ? found : undefined;
        },
        { withinMs: 60_000 },
      ).catch((error) => {
        throw new Error(`${error.message} ${JSON.stringify(seen.last)}`);
      });
    },
  };
}

/** The shortest trial that an owner may set. */
const remote = { trialLeastS: 10, trialMostS: 20 };

/** An agent that samples every 5 s, behind a link of its own. */
async function startDevice(flow: Flow, { pki, mqttUrl }: PlatformProcess, station: string) {
  const line = await flow.line({ station });
  const link = await flow.link(mqttUrl);
  const data = join(flow.folder, station);
  const agent = flow.agent({
    station,
    data,
    gauges: [line.settings],
    pki,
    mqttUrl: link.url,
    trigger: 'interval',
    intervalS: 5,
    pings: 2,
    sections: { remote },
  });
  await agent.lineOpen();
  const speaking = line.gauge.run(() => 2_500);
  flow.atEnd(() => speaking.stop());
  await agent.connected();
  return { agent, link, data };
}

test('settings are judged by the device, tried, and stay or are taken back', async () => {
  const flow = openFlow('remote-change');
  const stations = ['baik', 'buruk'] as const;
  const platform = await flow.platform({
    catalogue: writeCatalogue(
      flow.folder,
      stations.map((id) => ({ id })),
    ),
    stations,
  });
  const staff = await newStaff(platform, 'supervisor');
  const set = (settings: Record<string, number | string>): Wish => ({ act: 'settings', settings });

  async function takesGoodOnes(): Promise<void> {
    const { agent } = await startDevice(flow, platform, 'baik');
    const { command, outcome, picture, device } = desk(staff, platform, 'baik');
    await command('far', set({ 'sampling.intervalS': 99_999 }));
    expect((await outcome('far', 'refused')).reason).toMatch(/^sampling\.intervalS: .*3600/);
    await command('away', set({ 'uplink.url': 'mqtts://elsewhere:8883' }));
    expect((await outcome('away', 'refused')).reason).toMatch(/^uplink\.url: cannot be changed from afar/);
    await command('quick', set({ 'sampling.intervalS': 2 }));
    await outcome('quick', 'under-way');
    await eventually('it samples as it was told', async () => (await picture()).value?.intervalS === 2);
    expect((await device()).about?.settings).toEqual({ 'sampling.intervalS': 2 });
    await command('more', set({ 'sampling.pings': 3 }));
    expect((await outcome('more', 'refused')).reason).toMatch(/quick are still on trial/);
    await outcome('quick', 'done');
    // The same command again, as a supervisor who is not sure would give it: nothing happens twice.
    expect(await command('quick', set({ 'sampling.intervalS': 2 }))).toMatchObject({ state: 'done' });
    const runs = agent.program.lines.filter(({ msg }) => msg === 'started');
    expect(runs).toHaveLength(2);
    expect(agent.program.lines.filter(({ msg }) => msg === 'stopped')).toHaveLength(1);
  }

  /** The link does not come back after the change: for the agent, that is the change's fault. */
  async function takesBack(): Promise<void> {
    const { agent, link } = await startDevice(flow, platform, 'buruk');
    const { command, outcome, picture, device } = desk(staff, platform, 'buruk');
    await eventually('a reading', async () => (await picture()).value?.intervalS === 5);
    agent.program.onLine(({ msg, id, outcome: what }) => {
      if (msg === 'command' && id === 'cuts' && what === 'under-way') link.cut();
    });
    await command('cuts', set({ 'sampling.intervalS': 1 }));
    const taken = await agent.program.line(
      ({ msg, id, outcome: what }) => msg === 'command' && id === 'cuts' && what === 'rolled-back',
    );
    expect(taken.reason).toMatch(/did not store and send/);
    link.restore();
    await outcome('cuts', 'rolled-back');
    const since = agent.stored.length;
    await agent.storedAtLeast(since + 2);
    await eventually('it samples as before', async () => (await picture()).value?.intervalS === 5);
    expect((await device()).about?.settings).toEqual({});
    // What was measured meanwhile is not lost.
    const { stream } = agent.stored.at(-1) ?? {};
    expect(new Set(agent.stored.map((each) => each.stream))).toEqual(new Set([stream]));
    expect(agent.stored.map(({ seq }) => seq)).toEqual(agent.stored.map((_, i) => i + 1));
  }

  await Promise.all([takesGoodOnes(), takesBack()]);
});

const speed = 120;
const clockText = clockToText(Date.now(), Date.UTC(2014, 0, 29, 16, 10), speed);
const clock = clockFromText(clockText) as Clock;

test('upstream rises into a band: the device downstream is told, and looks more often', async () => {
  const flow = openFlow('neighbours');
  const stations = ['hulu', 'hilir'] as const;
  const catalogue = writeCatalogue(
    flow.folder,
    stations.map((id) => ({ id })),
  );
  const reaches = [{ id: 'sungai', from: 'hulu', to: 'hilir', river: 'Sungai', travelHours: { min: 1, max: 2 } }];
  writeFileSync(catalogue, stringify({ ...parse(readFileSync(catalogue, 'utf8')), reaches }));
  const platform = await flow.platform({ catalogue, stations, clock: clockText });
  const { pki, mqttUrl, httpUrl } = platform;
  const token = setupToken(dirname(pki));
  const admin = await joinStaff(httpUrl, { token, login: 'ani', name: 'Ani', password: 'words by the river at night' });
  const { device, picture } = desk(admin, platform, 'hilir');

  const line = await flow.line({ station: 'hilir', clock });
  const agent = flow.agent({
    station: 'hilir',
    data: join(flow.folder, 'hilir'),
    gauges: [line.settings],
    pki,
    mqttUrl,
    trigger: 'interval',
    intervalS: 300,
    clock: clockText,
    sections: { cadence: { calm: { sampleS: 300, reportS: 600 } } },
  });
  await agent.lineOpen();
  const speaking = line.gauge.run(() => 4_500);
  flow.atEnd(() => speaking.stop());
  const calm = await eventually('a calm reading', async () => (await picture()).value);
  expect(calm).toMatchObject({ intervalS: 600, stageMm: 500 });
  const asked = await eventually('its health', async () => (await device()).health?.cadence);
  expect(asked).toEqual({ sampleS: 300, reportS: 600, reason: 'calm' });

  const upstream = await openPublisher({ mqttUrl, pki, station: 'hulu' });
  flow.atEnd(() => upstream.close());
  let stageMm = 900;
  const rising = setInterval(() => {
    stageMm = Math.min(stageMm + 100, 4_000);
    upstream.publish([{ atMs: clock.now(), stageMm }]).catch(() => undefined);
  }, 60_000 / speed);
  flow.atEnd(() => clearInterval(rising));

  const told = await eventually(
    'it is asked and does so',
    async () => {
      const { health, commands } = await device();
      return health?.cadence?.reason === 'command' && health.cadence.sampleS === 60 ? { health, commands } : undefined;
    },
    { withinMs: 60_000 },
  );
  expect(told.health.cadence).toEqual({ sampleS: 60, reportS: 60, reason: 'command' });
  const [newest] = told.commands;
  expect(newest).toMatchObject({ by: 'machine', command: { act: 'cadence', intervalS: 60, forS: 7_200 } });

  // Its readings come each minute now, not each five, and say so.
  const since = clock.now();
  await eventually('readings each minute', async () => {
    const span = new URLSearchParams({
      from: new Date(since).toISOString(),
      to: new Date(clock.now() + 60_000).toISOString(),
    });
    const { observedAtMs } = await getJson<ReadingColumns>(httpUrl, `/stations/hilir/readings?${span}`);
    if (observedAtMs.length < 5) return undefined;
    const gaps = observedAtMs.slice(1).map((atMs, i) => atMs - (observedAtMs[i] as number));
    expect(Math.max(...gaps)).toBeLessThan(250_000);
    return true;
  });
  expect(await picture()).toMatchObject({ level: { severity: 0, presence: 'live' }, value: { intervalS: 60 } });
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Calibration,
  type Clock,
  changesOfKind,
  clockFromText,
  clockToText,
  type StationPicture,
} from '@siaga/protocol';
import { expect, test } from 'vitest';
import { writeAgentConfig } from '../harness/agent.ts';
import { getJson } from '../harness/api.ts';
import { writeCatalogue } from '../harness/catalogue.ts';
import { eventually } from '../harness/eventually.ts';
import { openFlow } from '../harness/flow.ts';
import { newStaff } from '../harness/staff.ts';
import { atTerminal, typed } from '../harness/terminal.ts';

/*
 * A technician at the bridge, a supervisor at the desk: maintenance, a calibration with plate, tape and staff gauge,
 * its acceptance, and a look at the agent. All by what they type, beside the agent that runs.
 */

const station = 'sungai';
/** What the catalogue believes, and what the technician finds: the mark hangs higher, and the sensor counts from below it. */
const believed = { sensorElevationMm: 5_000, faceOffsetMm: 0 };
const found = { sensorElevationMm: 5_200, faceOffsetMm: 20 };
const waterMm = 3_000;
const stageBeforeMm = believed.sensorElevationMm - waterMm;
const staffMm = found.sensorElevationMm - waterMm - found.faceOffsetMm;
/** Between the two stages lies a limit: the band must follow. */
const limitsMm = [1_000, 2_100, 3_000];

type Device = {
  readonly health: { readonly maintenanceUntil: string | null; readonly gauges: readonly object[] } | null;
  readonly calibrations: readonly {
    readonly record: string;
    readonly state: string;
    readonly calibration: Calibration;
    readonly present: { readonly newMm: number; readonly oldMm: number } | null;
  }[];
};

async function openWork() {
  const flow = openFlow('field-work');
  const catalogue = writeCatalogue(flow.folder, [{ id: station, ...believed, limitsMm }]);
  const platform = await flow.platform({ catalogue, stations: [station] });
  // The sensor speaks four times as often as a real one: a plate is held for a second.
  const quick = clockFromText(clockToText(Date.now(), Date.now(), 4)) as Clock;
  const line = await flow.line({ station, clock: quick });
  const { pki, mqttUrl, httpUrl } = platform;
  const { ask } = await newStaff(platform, 'supervisor');
  const settings = {
    station,
    data: join(flow.folder, 'data'),
    gauges: [line.settings],
    pki,
    mqttUrl,
    trigger: 'interval',
    intervalS: 1,
    pings: 3,
  } as const;
  const agent = flow.agent(settings);
  const watch = await flow.watch(httpUrl);
  let seenMm = waterMm;
  await agent.lineOpen();
  const speaking = line.gauge.run(() => seenMm);
  flow.atEnd(() => speaking.stop());
  const config = ['--config', writeAgentConfig(settings)] as const;
  const picture = () => getJson<StationPicture>(httpUrl, `/stations/${station}`);
  return {
    data: settings.data,
    agent,
    config,
    see(mm: number): void {
      seenMm = mm;
    },
    picture,
    /** Every severity that was shown, one after the other. */
    severities: () =>
      watch
        .deltas()
        .flatMap(({ changes }) => changesOfKind(changes, 'station').map(({ level }) => level.severity))
        .filter((severity, i, all) => severity !== all[i - 1]),
    /** The picture, when it fits. */
    pictured: (what: string, fits: (picture: StationPicture) => boolean) =>
      eventually(what, async () => {
        const now = await picture();
        return fits(now) ? now : undefined;
      }).catch(async (error) => {
        throw new Error(`${error.message} ${JSON.stringify(await picture())}`);
      }),
    ask,
    device: () => ask<Device>('GET', `/stations/${station}/device`),
  };
}

test('maintenance, a calibration that is signed, proposed and accepted, and an agent that is looked at', async () => {
  const work = await openWork();
  const { agent, config } = work;
  async function examined() {
    const { code, out, err } = await typed(['doctor', '--seconds', '2', '--json', ...config]);
    expect(err).toBe('');
    return { code, ...(JSON.parse(out) as { verdict: string; findings: { check: string; verdict: string }[] }) };
  }

  await agent.connected();
  const before = await work.pictured('the stage of the catalogue', ({ value }) => value?.stageMm === stageBeforeMm);
  expect(before.level).toMatchObject({ severity: 1, maintenance: false });

  // Nobody calibrates while the readings count.
  const early = await typed(['calibrate', ...config]);
  expect(early).toMatchObject({ code: 2, out: '' });
  expect(early.err).toMatch(/siaga-agent maintenance 60m/);

  expect(await typed(['maintenance', '60m', ...config])).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^sungai: Maintenance for 60 min, until 20\S+ \S+ UTC\.\n$/),
  });
  const under = await work.pictured('maintenance', ({ level }) => level.maintenance);
  expect(under.level).toMatchObject({ severity: 1, bandLabel: 'Siaga III', maintenance: true });
  const until = await eventually('its health says so', async () => (await work.device()).health?.maintenanceUntil);
  expect(Date.parse(until) - Date.now()).toBeGreaterThan(55 * 60_000);

  // Plate and water by tape; the tape counts from the mark, 20 mm above what the sensor counts from.
  const bench = atTerminal(['calibrate', ...config]);
  const tape = (distanceMm: number) => String(distanceMm + found.faceOffsetMm);
  await bench.answer('Your name: ', 'Siti');
  work.see(1_000);
  await bench.answer('down to the plate, in mm: ', tape(1_000));
  await bench.says('counts from 20 mm below the mark');
  work.see(waterMm);
  await bench.answer('down to the water, in mm: ', tape(waterMm));
  await bench.says('Good: 0 mm by tape');
  // Too near the first point: it is asked again.
  work.see(1_100);
  await bench.answer('down to the plate, in mm: ', tape(1_100));
  await bench.says('at least 300 mm');
  work.see(2_000);
  await bench.answer('down to the plate, in mm: ', tape(2_000));
  await bench.says('Good: 0 mm over 1000 mm');
  await bench.answer('Height of the mark, in mm: ', String(found.sensorElevationMm));
  await bench.answer('levelled from: ', 'BM 12');
  await bench.answer('Day of the survey', '');
  await bench.answer('above the national datum, in mm [unknown]: ', '246000');
  await bench.answer('To be levelled again by', '');
  work.see(waterMm);
  await bench.answer('Staff gauge, in mm: ', String(staffMm));
  await bench.says(`makes ${staffMm} mm of it`);
  await bench.answer('Name of the photo', '');
  await bench.answer('Sign and send it? [y/N]: ', 'y');
  expect(await bench.ended).toMatchObject({ code: 0, out: expect.stringContaining('Signed and kept: '), err: '' });
  expect(readdirSync(join(work.data, 'calibrations'))).toHaveLength(1);
  const listed = await typed(['calibrate', '--list', ...config]);
  expect(listed).toMatchObject({
    code: 0,
    out: expect.stringMatching(/mark at 5200 mm, face offset 20 mm.*\n {2}by Siti, signed, /),
  });

  // The supervisor sees what it would change, and puts it in force.
  const [proposed] = await eventually('it is proposed', async () => {
    const { calibrations } = await work.device();
    return calibrations.length > 0 ? calibrations : undefined;
  });
  expect(proposed).toMatchObject({
    state: 'proposed',
    calibration: {
      ...found,
      benchmark: 'BM 12',
      datumOffsetMm: 246_000,
      by: 'Siti',
      staffCheck: { staffMm, stageMm: staffMm },
    },
    present: { newMm: staffMm, oldMm: stageBeforeMm },
  });
  expect((await work.picture()).value).toMatchObject({ stageMm: stageBeforeMm });
  const { record } = proposed as Device['calibrations'][number];
  const file = readFileSync(
    join(work.data, 'calibrations', readdirSync(join(work.data, 'calibrations'))[0] as string),
    'utf8',
  );
  expect(listed.out).toContain(record.slice(0, 12));
  expect(JSON.parse(file)).toMatchObject({ certificate: expect.stringContaining('BEGIN CERTIFICATE') });
  const accepted = await work.ask<Device>('POST', `/stations/${station}/calibrations/${record}/accept`, {});
  expect(accepted.calibrations).toMatchObject([{ record, state: 'accepted' }]);
  const after = await work.pictured('the new stage', ({ value }) => value?.stageMm === staffMm);
  expect(after.level).toMatchObject({ maintenance: true });

  // Doctor and status beside the agent, which measures on.
  const look = await examined();
  // The one who plays the sensor holds its line open too, and is found.
  expect(look.findings.filter(({ verdict }) => verdict === 'fail')).toMatchObject([
    { check: 'port owner', says: expect.stringContaining(`process ${process.pid})`) },
  ]);
  expect(look.code).toBe(2);
  expect(look.findings).toContainEqual(
    expect.objectContaining({
      check: 'agent',
      verdict: 'warn',
      mend: expect.stringContaining('siaga-agent maintenance off'),
    }),
  );

  expect(await typed(['maintenance', 'off', ...config])).toMatchObject({
    code: 0,
    out: 'sungai: Maintenance has ended.\n',
  });
  const calm = await work.pictured('judged again', ({ level }) => !level.maintenance && level.severity !== null);
  expect(calm.level).toMatchObject({ severity: 2, bandLabel: 'Siaga II' });
  expect(calm.value).toMatchObject({ stageMm: staffMm });
  // The plate under the sensor was never taken for a flood.
  expect(work.severities().filter((severity) => severity !== null)).toEqual([1, 2]);
  await eventually('health says so', async () => (await work.device()).health?.maintenanceUntil === null);

  const well = await examined();
  const notWell = new Set(well.findings.filter(({ verdict }) => verdict !== 'pass').map(({ check }) => check));
  const looked = new Set(well.findings.map(({ check }) => check));
  for (const check of [
    'settings',
    'agent',
    'outbox',
    'port',
    'sensor',
    'calibration',
    'certificate',
    'network',
    'broker',
    'puback',
  ])
    expect([check, looked.has(check), notWell.has(check)]).toEqual([check, true, false]);

  const status = await typed(['status', ...config]);
  expect(status.code).toBe(0);
  for (const words of ['sungai  version ', 'connected', 'gauge main  maxbotix-hrxl-wr', ': open', 'none wait'])
    expect(status.out).toContain(words);
  expect(status.out).not.toContain('maintenance');

  const tail = await typed(['tail', '--seconds', '3', '--json', ...config]);
  const events = tail.out
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text) as Record<string, unknown>);
  expect(tail.code).toBe(0);
  expect(events.find(({ event }) => event === 'heard')).toMatchObject({ hex: expect.stringMatching(/^(52)?3/) });
  expect(events.find(({ event }) => event === 'reading')).toMatchObject({
    distanceMm: waterMm,
    maintenance: false,
    flag: 1,
  });
  expect((await typed(['tail', '--seconds', '2', ...config])).out).toMatch(/READING 3000 mm/);

  // No agent, no maintenance: said plainly.
  expect(await agent.program.stop()).toBe(0);
  expect(await typed(['status', ...config])).toMatchObject({ code: 2, err: expect.stringContaining('no agent runs') });
  expect(await typed(['maintenance', '60m', ...config])).toMatchObject({
    code: 2,
    err: expect.stringContaining('start it first'),
  });
});

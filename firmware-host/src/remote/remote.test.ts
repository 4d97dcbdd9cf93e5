import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command, CommandOutcome } from '@siaga/protocol';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../config.ts';
import { openRemote, type RemoteOptions, settingsForStart } from './remote.ts';
import { changed } from './settings.ts';
import { verdictOn } from './trial.ts';
import { versionsIn } from './versions.ts';

const log = pino({ level: 'silent' });
const file = `
station: katulampa
data: ./data
gauges: [{ gauge: main, port: /dev/ttyUSB0, sensor: maxbotix-hrxl-wr, maxMm: 5000 }]
`;
let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'siaga-remote-'));
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

const minute = 60_000;
const remoteConfig = { settings: true, trialLeastS: 300, trialMostS: 4_500 };
const settings = (id: string, wanted: Record<string, number | string | boolean>) =>
  ({ v: 1, id, act: 'settings', settings: wanted }) as Extract<Command, { act: 'settings' }>;

/** An agent's remote room, with what it was told and asked. */
async function opened(over: Partial<RemoteOptions> = {}) {
  const told: CommandOutcome[] = [];
  const restarts: string[] = [];
  let shown = { sinceMs: 0, stored: 0, dueMs: minute, acks: 0 };
  const remote = await openRemote({
    data,
    config: remoteConfig,
    configPath: join(data, 'agent.yaml'),
    version: '1.0.0',
    isService: true,
    faultsWith: (wanted) => {
      const loaded = loadConfig(file, {}, wanted);
      return loaded.ok ? [] : 'faults' in loaded ? loaded.faults : [loaded.reason];
    },
    evidence: () => shown,
    tell: (outcome) => told.push(outcome),
    restart: (what) => restarts.push(what),
    log,
    ...over,
  });
  return {
    remote,
    told,
    restarts,
    show(sinceMs: number, stored: number, acks: number) {
      shown = { sinceMs, stored, dueMs: minute, acks };
      return remote.judge();
    },
  };
}

describe('what may be changed from afar', () => {
  it('is how often it samples, and nothing of where it sends or what it is', () => {
    expect(changed({}, { 'sampling.intervalS': 300 })).toMatchObject({ ok: true });
    for (const field of ['uplink.url', 'station', 'gauges.0.sensor', 'data', 'remote.settings', '__proto__.polluted'])
      expect(changed({}, { [field]: 'x' })).toMatchObject({ ok: false, reason: expect.stringContaining(field) });
  });
  it('not the cap that binds the platform too, nor what begins a reading', () => {
    for (const field of ['cadence.capS', 'sampling.trigger'])
      expect(changed({}, { [field]: 21_600 })).toMatchObject({ ok: false, reason: expect.stringContaining(field) });
  });
  it('keeps what an earlier command set, and an empty command goes back to the file', () => {
    const first = changed({}, { 'sampling.intervalS': 300 });
    const both = changed(first.ok ? first.value : {}, { 'sampling.pings': 9 });
    expect(both).toEqual({ ok: true, value: { 'sampling.intervalS': 300, 'sampling.pings': 9 } });
    expect(changed(both.ok ? both.value : {}, {})).toEqual({ ok: true, value: {} });
  });
});

describe('settings from afar', () => {
  it('are refused with the field and its bounds, and change nothing', async () => {
    const { remote, restarts } = await opened();
    expect(await remote.settings(settings('c1', { 'sampling.intervalS': 999_999 }))).toEqual({
      id: 'c1',
      act: 'settings',
      outcome: 'refused',
      reason: expect.stringMatching(/sampling\.intervalS.*3600/),
    });
    expect(await remote.settings(settings('c2', { 'sampling.sleep': 1 }))).toMatchObject({ outcome: 'refused' });
    expect(restarts).toEqual([]);
    expect(await settingsForStart(data, log)).toEqual({});
  });

  it('are refused where the owner does not want them', async () => {
    const { remote } = await opened({ config: { ...remoteConfig, settings: false } });
    expect(await remote.settings(settings('c1', { 'sampling.intervalS': 300 }))).toMatchObject({ outcome: 'refused' });
  });

  it('stay once the agent has stored and sent with them', async () => {
    const before = await opened();
    expect(await before.remote.settings(settings('c1', { 'sampling.intervalS': 300 }))).toMatchObject({
      outcome: 'under-way',
    });
    expect(before.restarts).toEqual(['settings']);
    const inForce = await settingsForStart(data, log);
    expect(inForce).toEqual({ 'sampling.intervalS': 300 });
    const loaded = loadConfig(file, {}, inForce);
    expect(loaded).toMatchObject({ ok: true, value: { config: { sampling: { intervalS: 300 } } } });

    const after = await opened();
    await after.show(6 * minute, 0, 1);
    expect(after.told).toEqual([]);
    expect(await after.remote.settings(settings('c2', { 'sampling.intervalS': 60 }))).toMatchObject({
      outcome: 'refused',
      reason: expect.stringContaining('c1'),
    });
    await after.show(6 * minute, 1, 1);
    expect(after.told).toEqual([{ id: 'c1', act: 'settings', outcome: 'done', reason: null }]);
    expect(await settingsForStart(data, log)).toEqual({ 'sampling.intervalS': 300 });
  });

  it('give way to the good ones when nothing comes through with them', async () => {
    const before = await opened();
    await before.remote.settings(settings('c1', { 'sampling.intervalS': 300 }));
    await settingsForStart(data, log);
    const after = await opened();
    await after.show(76 * minute, 5, 0);
    expect(after.restarts).toEqual(['settings']);
    expect(after.told).toMatchObject([{ id: 'c1', outcome: 'rolled-back' }]);
    expect(await settingsForStart(data, log)).toEqual({});
  });

  it('give way when every start with them fails before anything is shown', async () => {
    const before = await opened();
    await before.remote.settings(settings('c1', { 'sampling.intervalS': 300 }));
    for (let i = 0; i < 3; i++) expect(await settingsForStart(data, log)).toEqual({ 'sampling.intervalS': 300 });
    expect(await settingsForStart(data, log)).toEqual({});
    const after = await opened();
    expect(after.told).toMatchObject([{ id: 'c1', outcome: 'rolled-back' }]);
    expect((await opened()).told).toEqual([]);
  });

  it('are none where their file is damaged: the file of settings holds', async () => {
    writeFileSync(join(data, 'remote-settings.json'), '{"inForce":{"sampling.inter');
    expect(await settingsForStart(data, log)).toEqual({});
  });
});

describe('a trial', () => {
  const limits = { leastMs: 5 * minute, mostMs: 60 * minute };
  it.each([
    ['too young', { sinceMs: 4 * minute, stored: 9, acks: 9 }, 'wait'],
    ['proven', { sinceMs: 5 * minute, stored: 1, acks: 1 }, 'good'],
    ['stores, but nothing is acknowledged', { sinceMs: 59 * minute, stored: 9, acks: 0 }, 'wait'],
    ['never acknowledged', { sinceMs: 60 * minute, stored: 9, acks: 0 }, 'failed'],
    ['never stored', { sinceMs: 60 * minute, stored: 0, acks: 9 }, 'failed'],
  ] as const)('%s', (_, evidence, verdict) => {
    expect(verdictOn({ dueMs: minute, ...evidence }, limits)).toBe(verdict);
  });
  it('waits for a reading that is due more seldom than its time', () => {
    const seldom = { stored: 0, dueMs: 120 * minute, acks: 1 };
    expect(verdictOn({ ...seldom, sinceMs: 120 * minute }, limits)).toBe('wait');
    expect(verdictOn({ ...seldom, sinceMs: 126 * minute }, limits)).toBe('failed');
  });
});

describe('versions side by side', () => {
  const put = (version: string) => mkdirSync(join(data, 'versions', version), { recursive: true });

  it('go back to the package when the first one fails, and to the one before when a later one does', async () => {
    const versions = versionsIn(data);
    put('1.1.0');
    await versions.begin({ id: 'u1', version: '1.1.0' });
    expect(await versions.current()).toBe('1.1.0');
    await versions.rollBack();
    expect(await versions.current()).toBeNull();
    expect(await versions.takeRolledBack()).toEqual({ id: 'u1', version: '1.1.0' });
    expect(await versions.takeRolledBack()).toBeNull();

    await versions.begin({ id: 'u2', version: '1.1.0' });
    await versions.commit();
    put('1.2.0');
    await versions.begin({ id: 'u3', version: '1.2.0' });
    await versions.rollBack();
    expect(readlinkSync(join(data, 'versions', 'current'))).toBe('1.1.0');
  });

  it('are kept to the present one and the one before', async () => {
    const versions = versionsIn(data);
    for (const version of ['1.1.0', '1.2.0', '1.3.0']) {
      put(version);
      await versions.begin({ id: version, version });
      await versions.commit();
    }
    expect(readdirSync(versions.folder).sort()).toEqual(['1.2.0', '1.3.0', 'current', 'previous']);
  });

  it('are judged by the agent that runs: proven, or taken back', async () => {
    put('1.1.0');
    await versionsIn(data).begin({ id: 'u1', version: '1.1.0' });
    const good = await opened({ version: '1.1.0' });
    await good.show(6 * minute, 3, 2);
    expect(good.told).toEqual([{ id: 'u1', act: 'update', outcome: 'done', reason: null }]);

    put('1.2.0');
    await versionsIn(data).begin({ id: 'u2', version: '1.2.0' });
    const bad = await opened({ version: '1.2.0' });
    await bad.show(80 * minute, 3, 0);
    expect(bad.restarts).toEqual(['version']);
    expect(readlinkSync(join(data, 'versions', 'current'))).toBe('1.1.0');
    expect((await opened({ version: '1.1.0' })).told).toMatchObject([
      { id: 'u2', act: 'update', outcome: 'rolled-back' },
    ]);
  });

  it('that were cut off while they were fetched are told as refused, once, and leave nothing', async () => {
    await versionsIn(data).fetching({ id: 'u1', version: '1.1.0' });
    put('incoming');
    writeFileSync(join(data, 'versions', 'incoming.tar.gz'), 'half');
    expect((await opened()).told).toEqual([
      { id: 'u1', act: 'update', outcome: 'refused', reason: expect.stringMatching(/started anew/) },
    ]);
    expect((await opened()).told).toEqual([]);
    expect(readdirSync(join(data, 'versions'))).toEqual([]);
  });

  it('that were taken back do not stay on the disk', async () => {
    const versions = versionsIn(data);
    put('1.1.0');
    await versions.begin({ id: 'u1', version: '1.1.0' });
    await versions.rollBack();
    expect((await opened()).told).toMatchObject([{ id: 'u1', outcome: 'rolled-back' }]);
    expect(readdirSync(versions.folder)).not.toContain('1.1.0');
  });

  it('are taken back at the next look when the disk refused at first', async () => {
    put('1.1.0');
    await versionsIn(data).begin({ id: 'u1', version: '1.1.0' });
    const bad = await opened({ version: '1.1.0' });
    mkdirSync(join(data, 'versions', 'rolled-back', 'in-the-way'), { recursive: true });
    await expect(bad.show(80 * minute, 3, 0)).rejects.toThrow();
    expect(bad.restarts).toEqual([]);
    rmSync(join(data, 'versions', 'rolled-back'), { recursive: true });
    await bad.show(81 * minute, 3, 0);
    expect(bad.restarts).toEqual(['version']);
  });

  it.each(['current', 'trial', 'previous', 'incoming', '../x', '.hidden', '1.0/../../x', ''])(
    'may not be called %j',
    async (version) => {
      const { remote } = await opened({ config: { ...remoteConfig, updatesFrom: 'https://127.0.0.1:1/' } });
      expect(await remote.update({ v: 1, id: 'u1', act: 'update', version, sha256: '0'.repeat(64) })).toMatchObject({
        outcome: 'refused',
        reason: expect.stringMatching(/^version/),
      });
    },
  );

  it('that the launcher could not start are told as taken back', async () => {
    put('1.1.0');
    await versionsIn(data).begin({ id: 'u1', version: '1.1.0' });
    const { told } = await opened({ version: '1.0.0' });
    expect(told).toMatchObject([{ id: 'u1', outcome: 'rolled-back' }]);
    expect(await versionsIn(data).trial()).toBeNull();
    expect(readFileSync(join(data, 'versions', 'previous'), 'utf8').trim()).toBe('');
  });
});

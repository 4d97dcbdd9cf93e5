/** What the agent keeps of itself over restarts: why it began, maintenance, commands. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandOutcome, encodeJson } from '@siaga/protocol';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Pacing } from '../cadence/pacing.ts';
import { createMemoryOutbox } from '../outbox/memory.ts';
import { aDraft, until } from '../testing/builders.ts';
import { openCommands } from './commands.ts';
import { endInOrder } from './ending.ts';
import { createKeeping } from './keeping.ts';
import { openMaintenance } from './maintenance.ts';
import { obeying } from './obeying.ts';
import { nextRun, openRuns, type Run } from './runs.ts';
import { type Now, remainingMs, spanFrom } from './span.ts';

const log = pino({ level: 'silent' });
const hourMs = 3_600_000;
const noonMs = Date.UTC(2026, 10, 3, 12);
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'siaga-state-'));
});
const ending: (() => void)[] = [];
afterEach(() => {
  for (const end of ending.splice(0)) end();
  rmSync(folder, { recursive: true, force: true });
});

describe('why a run began', () => {
  const present = { boot: 'b1', version: '1.0.0' };
  const ran = (over: Partial<Run>): Run => ({ ...nextRun(null, present), ...over });

  it.each([
    ['first', null, present],
    ['crash', ran({}), present],
    ['power', ran({}), { ...present, boot: 'b2' }],
    ['ordered', ran({ ended: 'ordered' }), present],
    ['ordered', ran({ ended: 'ordered' }), { ...present, boot: 'b2' }],
    ['watchdog', ran({ ended: 'watchdog' }), present],
    ['update', ran({ ended: 'ordered' }), { ...present, version: '1.1.0' }],
    ['roll-back', ran({ version: '1.1.0', versionBefore: '1.0.0' }), present],
  ] as const)('%s', (reason, before, now) => {
    expect(nextRun(before, now).reason).toBe(reason);
  });

  it('is counted over the life of the folder, a torn file included', async () => {
    const path = join(folder, 'run.json');
    const one = await openRuns(path, present, log);
    await one.ends('ordered');
    const two = await openRuns(path, present, log);
    expect([one.start, two.start]).toEqual([
      { number: 1, reason: 'first' },
      { number: 2, reason: 'ordered' },
    ]);
    writeFileSync(path, '{"number":');
    expect((await openRuns(path, present, log)).start).toEqual({ number: 1, reason: 'first' });
  });
});

describe('a span', () => {
  const now: Now = { ms: noonMs, monoMs: 500_000, boot: 'b1' };
  const span = spanFrom(now, hourMs);

  it('goes by the monotonic clock in its boot, whatever the wall clock does', () => {
    expect(remainingMs(span, { ...now, ms: noonMs + 700 * 24 * hourMs })).toBe(hourMs);
    expect(remainingMs(span, { ...now, ms: 0, monoMs: now.monoMs + hourMs })).toBe(0);
  });
  it('goes by the wall clock in a later boot, and never beyond its length since that began', () => {
    const later = { ms: noonMs + hourMs / 2, monoMs: 30_000, boot: 'b2' };
    expect(remainingMs(span, later)).toBe(hourMs / 2);
    expect(remainingMs(span, { ...later, ms: 0 })).toBe(hourMs - 30_000);
    expect(remainingMs(span, { ...later, ms: 0, monoMs: hourMs })).toBe(0);
    expect(remainingMs(span, { ...later, ms: noonMs + 2 * hourMs })).toBe(0);
  });
});

describe('maintenance', () => {
  let now: Now;
  beforeEach(() => {
    now = { ms: noonMs, monoMs: 500_000, boot: 'b1' };
  });
  const open = async (onChange = () => {}) => {
    const maintenance = await openMaintenance({
      path: join(folder, 'maintenance.json'),
      now: () => now,
      log,
      onChange,
    });
    ending.push(maintenance.stop);
    return maintenance;
  };

  it('lasts over a power cut with a wrong clock, and ends by itself', async () => {
    await (await open()).set(noonMs + hourMs, 'Budi');
    now = { ms: noonMs - 600 * 24 * hourMs, monoMs: 20_000, boot: 'b2' };
    const again = await open();
    expect(again.isOn()).toBe(true);
    now = { ...now, monoMs: hourMs };
    expect([again.isOn(), again.untilMs()]).toEqual([false, null]);
  });
  it('is told when it begins and when it ends, and is forgotten', async () => {
    let told = 0;
    const maintenance = await open(() => told++);
    await maintenance.set(noonMs + 40, null);
    expect([told, maintenance.isOn(), maintenance.untilMs()]).toEqual([1, true, noonMs + 40]);
    now = { ...now, monoMs: now.monoMs + 41 };
    await until('ended', () => told === 2);
    await until('forgotten', () => readFileSync(join(folder, 'maintenance.json'), 'utf8') === 'null\n');
  });
  it('ends when it is told to, and lasts a day at most', async () => {
    const maintenance = await open();
    await maintenance.set(noonMs + hourMs, null);
    await maintenance.set(null, null);
    expect(maintenance.isOn()).toBe(false);
    await expect(maintenance.set(noonMs + 25 * hourMs, null)).rejects.toMatchObject({ code: 'control-refused' });
  });
});

describe('what ends an agent', () => {
  it('is gone through in order, whatever fails or hangs', async () => {
    const ended: string[] = [];
    await endInOrder(
      {
        fails: () => Promise.reject(new Error('no')),
        throws() {
          throw new Error('no');
        },
        hangs: () => new Promise(() => {}),
        last: async () => void ended.push('last'),
      },
      { log, mostMs: 30 },
    );
    expect(ended).toEqual(['last']);
  });
});

describe('a stored reading', () => {
  it('that somebody stumbles over ends nothing', async () => {
    const keeping = createKeeping(createMemoryOutbox(), {
      log,
      monoMs: () => 0,
      onKept() {
        throw new Error('no');
      },
    });
    keeping.keep(aDraft(), false);
    await keeping.settled();
    expect(keeping.counts()).toMatchObject({ stored: 1, notStored: 0 });
  });
});

describe('commands', () => {
  const path = () => join(folder, 'commands.json');
  const open = (obeyed: string[], answer: CommandOutcome | string | null = null) =>
    openCommands({
      path: path(),
      log,
      onChange: () => {},
      async obey({ id }) {
        obeyed.push(id);
        return answer;
      },
    });
  const cadence = (id: string) => encodeJson({ v: 1, id, act: 'cadence', intervalS: 60, forS: 600 });

  it('are carried out once, over restarts too, and their outcome is told', async () => {
    const obeyed: string[] = [];
    const one = await open(obeyed);
    for (const id of ['a', 'a', 'b']) one.take(cadence(id));
    await until('done', () => one.outcomes().at(-1)?.id === 'b' && one.outcomes().at(-1)?.outcome === 'done');
    const two = await open(obeyed, 'not now');
    for (const id of ['b', 'c']) two.take(cadence(id));
    await until('refused', () => two.outcomes().at(-1)?.outcome === 'refused');
    expect(obeyed).toEqual(['a', 'b', 'c']);
    expect(two.outcomes()).toEqual([
      { id: 'a', act: 'cadence', outcome: 'done', reason: null },
      { id: 'b', act: 'cadence', outcome: 'done', reason: null },
      { id: 'c', act: 'cadence', outcome: 'refused', reason: 'not now' },
    ]);
  });
  it('that the end of the agent interrupted are not begun again; updates tell their end themselves', async () => {
    const left = (id: string, act: string) => ({ id, act, outcome: 'under-way', reason: null });
    writeFileSync(path(), JSON.stringify([left('r', 'resend'), left('u', 'update')]));
    const obeyed: string[] = [];
    const commands = await open(obeyed);
    expect(commands.outcomes().map(({ outcome }) => outcome)).toEqual(['refused', 'under-way']);
    commands.tell({ id: 'u', act: 'update', outcome: 'done', reason: null });
    await until('told', () => commands.outcomes().at(-1)?.outcome === 'done');
    expect(obeyed).toEqual([]);
  });
  it('that one of them fails in stops none of the others', async () => {
    const obeyed: string[] = [];
    let changes = 0;
    const commands = await openCommands({
      path: path(),
      log,
      onChange() {
        if (changes++ === 0) throw new Error('no');
      },
      async obey({ id }) {
        obeyed.push(id);
        return null;
      },
    });
    for (const id of ['a', 'b']) commands.take(cadence(id));
    await until('done', () => obeyed.includes('b'));
  });
  it('from afar that come before it is known whether anything can be changed wait until it is', async () => {
    const remote =
      Promise.withResolvers<Parameters<typeof obeying>[0]['remote'] extends Promise<infer R> ? R : never>();
    const parts = { sender: () => null, stream: () => '', pacing: () => ({}) as Pacing, remote: remote.promise };
    const obey = obeying(parts);
    const command = { v: 1, id: 'a', act: 'settings', settings: {} } as const;
    const answer = obey(command);
    const done: CommandOutcome = { id: 'a', act: 'settings', outcome: 'done', reason: null };
    remote.resolve({ settings: async () => done, update: async () => done });
    expect(await answer).toEqual(done);
  });
  it('are carried out on a disk that takes nothing', async () => {
    const obeyed: string[] = [];
    const commands = await open(obeyed);
    rmSync(folder, { recursive: true });
    commands.take(cadence('a'));
    await until('done', () => commands.outcomes().at(-1)?.outcome === 'done');
    expect(obeyed).toEqual(['a']);
    mkdirSync(folder);
  });
});

import { createHash } from 'node:crypto';
import { type SteppedClock, steppedClock } from '@siaga/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TransitionDraft } from '../domain/alarm.ts';
import { recordKind } from '../ports.ts';
import { openMemory } from '../store/memory/index.ts';
import type { Stores } from '../store/stores.ts';
import { noonMs } from '../store/testing.ts';
import { createDeclarations, type Declarations } from './declared.ts';
import { createShiftLog, type ShiftLog } from './log.ts';

const transitions = recordKind<TransitionDraft>('transition-for-test');

let stores: Stores;
let clock: SteppedClock;
let log: ShiftLog;
let declarations: Declarations;

const open = () =>
  createDeclarations({
    state: stores.state,
    clock,
    knows: (station) => station === 'katulampa',
    level: () => ({ severity: 2 }) as never,
  });

beforeEach(async () => {
  stores = openMemory();
  clock = steppedClock(noonMs);
  declarations = await open();
  log = createShiftLog({
    state: stores.state,
    clock,
    alarms: {
      lines: (query) => stores.state.journal(transitions, query),
      text: async ({ body }) =>
        body.kind === 'closed' ? null : { text: `alarm ${body.kind}`, station: 'katulampa', drill: body.reason },
      open: () => ['Ciliwung: Siaga I at Katulampa'],
    },
  });
});
afterEach(() => stores.close());

async function transition(kind: TransitionDraft['kind'], drill: string | null = null): Promise<void> {
  const body: TransitionDraft = {
    kind,
    alarm: 'a',
    group: 'g',
    actor: 'machine',
    reason: drill,
    priority: 'low',
    evidence: {},
  };
  await stores.state.commit({ nowMs: clock.now(), journal: [{ kind: transitions, subject: 'a', body }] });
}
const note = (text: string, drill: string | null = null) => log.add('ani', { text, alarm: null, station: null, drill });
const texts = async (query: { before?: number; limit?: number; drill?: string | null } = {}) =>
  (await log.list({ limit: 100, drill: null, ...query })).map(({ text }) => text);

describe('the shift log', () => {
  test('holds notes and what alarms did, newest first, in pages that miss and repeat nothing', async () => {
    for (let i = 0; i < 120; i += 1)
      await (i % 7 === 0 ? note(`note ${i}`) : transition(i % 5 === 0 ? 'closed' : 'raised'));
    const whole = await log.list({ limit: 1000, drill: null });
    const expected = Array.from({ length: 120 }, (_, i) => i).filter((i) => i % 7 === 0 || i % 5 !== 0);
    expect(whole).toHaveLength(expected.length);
    const paged: number[] = [];
    for (let before: number | undefined; ; ) {
      const page = await log.list({ limit: 9, drill: null, ...(before === undefined ? {} : { before }) });
      if (page.length === 0) break;
      paged.push(...page.map(({ no }) => no));
      before = page.at(-1)?.no;
    }
    expect(paged).toEqual(whole.map(({ no }) => no));
    expect(paged).toEqual(paged.toSorted((a, b) => b - a));
  });

  test('two notes at once each get their own number', async () => {
    const [a, b] = await Promise.all([note('a'), note('b')]);
    expect([a.text, b.text, b.no - a.no]).toEqual(['a', 'b', 1]);
  });

  test("shows a drill's entries to who takes part in it only", async () => {
    await note('real');
    await note('exercise', 'd1');
    await transition('raised', 'd1');
    expect(await texts()).toEqual(['real']);
    expect(await texts({ drill: 'd1' })).toEqual(['alarm raised', 'exercise', 'real']);
  });

  test('a handover keeps what is open, and is accepted once, by its receiver', async () => {
    const { no } = await log.handOver('ani', { to: 'budi', text: 'Watch Depok', drill: null });
    expect(await log.accept('citra', no)).toBeUndefined();
    expect(await log.accept('budi', no + 1)).toBeUndefined();
    const accepted = await log.accept('budi', no);
    expect(accepted?.handover).toEqual({ to: 'budi', open: ['Ciliwung: Siaga I at Katulampa'], accepted: true });
    await log.accept('budi', no);
    expect((await stores.audit.list({ limit: 9 })).map(({ actor, act }) => [actor, act])).toEqual([
      ['budi', 'handover.accept'],
      ['ani', 'log.handover'],
    ]);
    const [, handed] = await stores.audit.list({ limit: 9 });
    const digest = createHash('sha256').update('Watch Depok').digest('hex');
    expect(JSON.parse(handed?.details ?? '')).toMatchObject({ after: { to: 'budi', sha256: digest } });
    expect((await log.list({ limit: 1, drill: null }))[0]?.handover?.accepted).toBe(true);
  });
});

describe('declarations', () => {
  test('an official status is kept, logged, audited with what the machine said, numbered, and withdrawn', async () => {
    const status = { severity: 3, label: 'Siaga I' } as const;
    const official = await declarations.declare('ani', 'katulampa', status);
    expect(official).toEqual({ ...status, by: 'ani', declaredAt: new Date(noonMs).toISOString() });
    expect((await open()).official('katulampa')).toEqual(official);
    expect(await declarations.declare('ani', 'katulampa', null)).toBeNull();
    expect(declarations.official('katulampa')).toBeNull();
    const [withdrawn, declared] = await stores.audit.list({ limit: 9 });
    expect(JSON.parse(withdrawn?.details ?? '')).toMatchObject({
      before: { official, machine: { severity: 2 } },
      after: { official: null },
    });
    expect(declared).toMatchObject({ actor: 'ani', act: 'station.official-status', subject: 'katulampa' });
    expect(await stores.changes.since(0, 9)).toMatchObject([
      { kind: 'official', official },
      { kind: 'official', official: null },
    ]);
    expect(await texts()).toEqual(['Official status withdrawn', 'Official status: Siaga I']);
  });

  test('works stand as entered; an unknown station has none', async () => {
    const entered = {
      gates: [{ name: 'Gate 1', openPercent: 40 }],
      pumps: [{ name: 'Pump 2', state: 'stopped' as const }],
    };
    expect(await declarations.enterWorks('budi', 'katulampa', entered)).toMatchObject({ ...entered, by: 'budi' });
    expect((await open()).works('katulampa')).toMatchObject(entered);
    expect(await texts()).toEqual(['Gate 1 40 % open, Pump 2 stopped']);
    expect(await declarations.enterWorks('budi', 'nowhere', entered)).toBeUndefined();
    expect(await declarations.declare('budi', 'nowhere', null)).toBeUndefined();
    expect(await stores.audit.list({ limit: 9 })).toHaveLength(1);
  });
});

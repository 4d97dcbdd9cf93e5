import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AlarmState } from '../domain/alarm.ts';
import type { StateStore } from '../ports.ts';
import { openMemory, openStore } from '../store/index.ts';
import type { Stores } from '../store/stores.ts';
import { alarmKind, groupKind, transitionKind } from './records.ts';
import { condition, noonMs, operator, type TestDesk, testDesk } from './testing.ts';

let folder: string;
let stores: Stores;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'siaga-desk-'));
  stores = openMemory();
});
afterEach(async () => {
  await stores.close();
  rmSync(folder, { recursive: true });
});

/** A store whose next commit fails, before or after it was kept. */
function frail(state: StateStore): { state: StateStore; fail(when: 'before' | 'after'): void } {
  let next: 'before' | 'after' | undefined;
  return {
    state: {
      ...state,
      async commit(work) {
        const when = next;
        next = undefined;
        if (when === 'before') throw new Error('the disk is full');
        const done = await state.commit(work);
        if (when === 'after') throw new Error('the answer was lost');
        return done;
      },
    },
    fail(when) {
      next = when;
    },
  };
}

/** What the store says must be what holds whatever happened. */
async function checkKept(of: Stores): Promise<void> {
  const alarms = (await of.state.records(alarmKind)).map(({ body }) => body);
  const open = alarms.filter(({ closedAtMs }) => closedAtMs === null);
  expect(new Set(open.map(({ key }) => key)).size).toBe(open.length);
  const groups = (await of.state.records(groupKind)).map(({ body }) => body);
  const openGroups = groups.filter(({ closedAtMs }) => closedAtMs === null);
  expect(new Set(openGroups.map(({ id }) => id))).toEqual(new Set(open.map(({ group }) => group)));
  expect(new Set(openGroups.map(({ list, basin, drill }) => `${list}/${basin}/${drill}`)).size).toBe(openGroups.length);
  const lines = (await of.state.journal(transitionKind, { limit: 1_000_000 })).map(({ body }) => body);
  for (const { id, closedAtMs } of alarms) {
    const kinds = lines.filter(({ alarm }) => alarm === id).map(({ kind }) => kind);
    expect([id, kinds.filter((kind) => kind === 'raised').length]).toEqual([id, 1]);
    expect(kinds.filter((kind) => kind === 'closed').length).toBe(closedAtMs === null ? 0 : 1);
  }
  for (const { alarm } of lines) if (alarm !== null) expect(alarms.some(({ id }) => id === alarm)).toBe(true);
}

for (const when of ['before', 'after'] as const)
  test(`a commit that fails ${when} it was kept: the next look finds one alarm`, async () => {
    const { state, fail } = frail(stores.state);
    const { desk, later } = await testDesk({ ...stores, state });
    fail(when);
    await expect(desk.take([condition()])).rejects.toThrow();
    expect(desk.view().alarms).toEqual([]);
    await later(1, [condition()]);
    expect(desk.view().alarms).toHaveLength(1);
    const [alarm] = desk.view().alarms as [AlarmState];
    expect(alarm.knownAtMs).toBe(when === 'before' ? noonMs + 60_000 : noonMs);
    fail(when);
    await expect(desk.acknowledge(operator, [alarm])).rejects.toThrow();
    const again = await desk.acknowledge(operator, [alarm]);
    expect(again.ok ? 'ok' : again.code).toBe(when === 'before' ? 'ok' : 'stale-version');
    expect(desk.view().alarms[0]?.acknowledged?.by).toBe('operator1');
    await checkKept(stores);
  });

test('a desk whose lease was taken writes nothing more', async () => {
  const first = await testDesk(stores);
  const second = await testDesk(stores, { ids: 'b' });
  await expect(first.desk.take([condition()])).rejects.toMatchObject({ code: 'lease-lost' });
  await second.desk.take([condition()]);
  await checkKept(stores);
});

/** A start takes most of a second: more of them by SIAGA_KILLS. */
const kills = Number(process.env.SIAGA_KILLS ?? 15);

test('after kills at any moment: one open alarm a condition, nothing rewritten', { timeout: 300_000 }, async () => {
  const url = `sqlite:${join(folder, 'siaga.db')}`;
  const child = fileURLToPath(new URL('./testing/kill-child.ts', import.meta.url));
  let nowMs = noonMs;
  let closed = new Map<string, string>();
  for (let kill = 0; kill < kills; kill++) {
    const running = spawn(process.execPath, [child, url, String(nowMs)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let told = 0;
    for await (const line of createInterface({ input: running.stdout })) {
      if (Number(line) > 0) nowMs = Number(line);
      if (++told > kill % 9) running.kill('SIGKILL');
    }
    if (running.exitCode === null && running.signalCode === null) await once(running, 'exit');
    if (kill % 5 !== 4) continue;
    const kept = openStore(url);
    try {
      await checkKept(kept);
      const now = new Map(
        (await kept.state.records(alarmKind)).flatMap(({ id, body }) =>
          body.closedAtMs === null ? [] : [[id, JSON.stringify(body)]],
        ),
      );
      for (const [id, body] of closed) expect(now.get(id)).toBe(body);
      closed = now;
    } finally {
      await kept.close();
    }
  }
  expect(closed.size).toBeGreaterThan(3);
});

test('whatever is found, commanded and lost: the store holds together, and memory says what it says', async () => {
  const step = fc.oneof(
    fc.record({
      do: fc.constant('look' as const),
      found: fc.subarray([0, 1, 2, 3]),
      minutes: fc.constantFrom(0, 1, 5, 40),
    }),
    fc.record({ do: fc.constant('answer' as const), which: fc.nat(5) }),
    fc.record({ do: fc.constant('shelve' as const), which: fc.nat(5), minutes: fc.constantFrom(1, 20) }),
    fc.record({ do: fc.constant('answer group' as const), which: fc.nat(3) }),
    fc.record({ do: fc.constant('restart' as const) }),
    fc.record({ do: fc.constant('fail' as const), when: fc.constantFrom('before' as const, 'after' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const over = openMemory();
      const { state, fail } = frail(over.state);
      let run = 0;
      let at: TestDesk = await testDesk({ ...over, state });
      try {
        for (const each of steps) {
          const { alarms, groups } = at.desk.view();
          if (each.do === 'look') {
            const found = each.found.map((i) =>
              condition({
                station: `s${i}`,
                basin: i < 2 ? 'ciliwung' : null,
                priority: i === 1 ? 'high' : 'low',
                settings: { onDelayS: i === 3 ? 60 : 0, latch: i === 2 },
              }),
            );
            await at.later(each.minutes, found).catch(() => {});
          } else if (each.do === 'restart')
            at = await testDesk({ ...over, state }, { clock: at.clock, ids: `r${++run}` });
          else if (each.do === 'fail') fail(each.when);
          else if (each.do === 'answer group') {
            const group = groups[each.which];
            if (group !== undefined) await at.desk.acknowledgeGroup(operator, group).catch(() => {});
          } else {
            const alarm = alarms[each.which];
            if (alarm === undefined) continue;
            if (each.do === 'answer') await at.desk.acknowledge(operator, [alarm]).catch(() => {});
            else {
              const untilMs = at.clock.now() + each.minutes * 60_000;
              await at.desk.shelve(operator, alarm, { untilMs, oneShot: false, reason: 'known' }).catch(() => {});
            }
          }
        }
        await at.later(0, []).catch(() => {});
        await at.later(0, []);
        await checkKept(over);
        const open = (await over.state.records(alarmKind, { open: true })).map(({ body }) => body);
        const byId = (a: AlarmState, b: AlarmState) => (a.id < b.id ? -1 : 1);
        expect([...at.desk.view().alarms].sort(byId)).toEqual(open.sort(byId));
        for (const { suppression } of open)
          if (suppression?.kind === 'shelved') expect(suppression.untilMs).toBeGreaterThan(at.clock.now());
      } finally {
        await over.close();
      }
    }),
    { numRuns: 60 },
  );
});

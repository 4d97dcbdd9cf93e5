import { readFileSync } from 'node:fs';
import { type Command, decodeCommand, type OnlineHealth, steppedClock } from '@siaga/protocol';
import { beforeEach, expect, test } from 'vitest';
import { noonMs, wellDevice } from '../alarms/rules/testing.ts';
import { openMemory } from '../store/index.ts';
import type { Stores } from '../store/stores.ts';
import { type Commands, createCommands, stateOf } from './commands.ts';

const cadence = { act: 'cadence', intervalS: 60, forS: 7200 } as const;
const hour = { expiresInS: 3600 };
let stores: Stores;
let clock: ReturnType<typeof steppedClock>;
let isConnected: boolean;
let sent: string[];
let payloads: string[];
let commands: Commands;

beforeEach(async () => {
  stores = openMemory();
  clock = steppedClock(noonMs);
  isConnected = true;
  sent = [];
  payloads = [];
  commands = await open();
});

/** As after a start of the platform. */
async function open(): Promise<Commands> {
  const opened = createCommands({
    state: stores.state,
    clock,
    connected: () => isConnected,
    knows: (station) => station === 'katulampa',
    channel: {
      async send(station, kind, payload) {
        const command = decodeCommand(payload);
        if (!command.ok) throw new Error(command.reason);
        payloads.push(new TextDecoder().decode(payload));
        sent.push(`${station} ${kind} ${command.value.id} ${command.value.act}`);
      },
    },
  });
  await opened.start();
  return opened;
}

const health = (differs: Partial<OnlineHealth> = {}): OnlineHealth => ({
  ...(wellDevice.health as OnlineHealth),
  ...differs,
});
const states = async () => (await commands.of('katulampa')).map((kept) => stateOf(kept, clock.now()));

test('a device that is there gets it at once, and what it says of it is kept; the audit names who asked', async () => {
  expect(await commands.issue('ratna', 'katulampa', cadence, { ...hour, id: 'c1' })).toMatchObject({ ok: true });
  expect(sent).toEqual(['katulampa command c1 cadence']);
  expect(await states()).toEqual(['sent']);
  const told = (outcome: 'under-way' | 'done') => [{ id: 'c1', act: 'cadence', outcome, reason: null }];
  await commands.heard('katulampa', health({ commands: told('under-way') }));
  expect(await states()).toEqual(['under-way']);
  await commands.heard('katulampa', health({ commands: told('done') }));
  expect(await states()).toEqual(['done']);
  expect(sent).toHaveLength(1);
  const [line] = await stores.audit.list({ limit: 1 });
  expect(line).toMatchObject({ actor: 'ratna', act: 'device.cadence', subject: 'katulampa' });
});

test('one that is offline gets it when it comes back, over a restart of the platform too', async () => {
  isConnected = false;
  await commands.issue('ratna', 'katulampa', cadence, { ...hour, id: 'c1' });
  expect([sent, await states()]).toEqual([[], ['waiting']]);
  commands = await open();
  isConnected = true;
  await commands.heard('katulampa', health());
  expect(sent).toEqual(['katulampa command c1 cadence']);
});

test('one that does not answer is asked again with its next connection or after a while, until it expires', async () => {
  await commands.issue('ratna', 'katulampa', cadence, { ...hour, id: 'c1' });
  await commands.heard('katulampa', health());
  expect(sent).toHaveLength(1);
  await commands.heard('katulampa', health({ connection: 2 }));
  clock.moveTo(noonMs + 30_000);
  await commands.heard('katulampa', health({ connection: 2 }));
  // Asked at once, it is not known under which connection: the first health of another one repeats it after a while.
  clock.moveTo(noonMs + 130_000);
  await commands.heard('katulampa', health({ connection: 2 }));
  expect(sent).toHaveLength(2);
  clock.moveTo(noonMs + 3_600_000);
  await commands.heard('katulampa', health({ connection: 3 }));
  expect(sent).toHaveLength(2);
  clock.moveTo(noonMs + 2 * 3_600_000);
  await commands.sweep();
  expect(await states()).toEqual(['expired']);
  commands = await open();
  await commands.heard('katulampa', health({ connection: 4 }));
  expect(sent).toHaveLength(2);
});

test('what nobody fetched in time is not done later', async () => {
  isConnected = false;
  await commands.issue('ratna', 'katulampa', cadence, { ...hour, id: 'c1' });
  clock.moveTo(noonMs + 3_600_001);
  isConnected = true;
  await commands.heard('katulampa', health());
  expect([sent, await states()]).toEqual([[], ['expired']]);
});

test('the same id asks once, and for nothing else; refusals come with their reason', async () => {
  const first = await commands.issue('ratna', 'katulampa', cadence, { ...hour, id: 'c1' });
  expect(await commands.issue('ratna', 'katulampa', cadence, { ...hour, id: 'c1' })).toMatchObject(first);
  expect(sent).toHaveLength(1);
  expect(await commands.issue('ratna', 'katulampa', { ...cadence, forS: 1 }, { ...hour, id: 'c1' })).toMatchObject({
    code: 'conflict',
  });
  expect(await commands.issue('ratna', 'bogor', cadence, hour)).toMatchObject({ code: 'not-found' });
  const reason = 'intervalS: below 10 s this link cannot carry';
  await commands.heard('katulampa', health({ commands: [{ id: 'c1', act: 'cadence', outcome: 'refused', reason }] }));
  expect((await commands.of('katulampa'))[0]?.outcome).toMatchObject({ outcome: 'refused', reason });
  for (let i = 0; i < 20; i += 1) await commands.issue('ratna', 'katulampa', cadence, hour);
  expect(await commands.issue('ratna', 'katulampa', cadence, hour)).toMatchObject({ code: 'too-many' });
});

test.each(['cadence', 'resend', 'settings', 'update'])('a golden %s is what we send, byte for byte', async (act) => {
  const golden = new URL(`../../../protocol/fixtures/command-${act}.json`, import.meta.url);
  const { wire } = JSON.parse(readFileSync(golden, 'utf8'));
  const { v: _, id, ...wish } = JSON.parse(wire) as Command;
  await commands.issue('ratna', 'katulampa', wish, { ...hour, id });
  expect(payloads).toEqual([wire]);
});

test('the same id twice at once asks once, and many at once are as many as may wait', async () => {
  const twice = await Promise.all(
    [1, 2].map(() => commands.issue('ratna', 'katulampa', cadence, { ...hour, id: 'c1' })),
  );
  expect(twice.map(({ ok }) => ok)).toEqual([true, true]);
  expect(sent).toHaveLength(1);
  const many = await Promise.all(Array.from({ length: 30 }, () => commands.issue('ratna', 'katulampa', cadence, hour)));
  expect(many.filter(({ ok }) => ok)).toHaveLength(19);
});

test('more settings than a narrow link should carry are refused before they are kept', async () => {
  const settings = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`sampling.${i}`, i]));
  expect(await commands.issue('ratna', 'katulampa', { act: 'settings', settings }, hour)).toMatchObject({
    code: 'too-large',
  });
  expect([sent, await states()]).toEqual([[], []]);
});

test('what is old goes while the platform runs, not only when it starts', async () => {
  await commands.issue('ratna', 'katulampa', cadence, hour);
  clock.moveTo(noonMs + 80 * 86_400_000);
  await commands.sweep();
  expect(await states()).toEqual(['expired']);
  clock.moveTo(noonMs + 92 * 86_400_000);
  await commands.sweep();
  expect(await states()).toEqual([]);
});

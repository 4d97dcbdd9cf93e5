/**
 * People are told of water that rises and falls, by e-mail and by webhook, while the platform is killed again and again
 * and the channels go away, hang and come back. What counts is what a person reads last by each channel.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type FakeChannel, startFakeEmail, startFakeWebhook } from '@siaga/cloud/testing';
import { type Alarm, type AlarmGroup, clockToText } from '@siaga/protocol';
import { prngOf } from '@siaga/simulator';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { writeCatalogue } from '../harness/catalogue.ts';
import { eventually } from '../harness/eventually.ts';
import { openFlow } from '../harness/flow.ts';
import type { PlatformProcess } from '../harness/platform.ts';
import { runProgram } from '../harness/programs.ts';
import { openPublisher, type Publisher } from '../harness/publisher.ts';
import { joinStaff, type Staff, setupToken, tellThem, tokenOf } from '../harness/staff.ts';

const station = 'sungai';
const seed = process.env.SEED ?? String(Date.now() % 1_000_000);
const { below } = prngOf(`told ${seed}`);
const kills = 22;
/** A minute a second: what is over for a minute is over for a second here. */
const speed = 60;
const everyMs = 100;
const climbMm = 150;
const dryMm = 700;
const floodMm = 3200;

type Listed = { readonly alarms: readonly Alarm[]; readonly groups: readonly AlarmGroup[] };

function catalogueIn(folder: string): string {
  const path = writeCatalogue(folder, [{ id: station }]);
  const rules = { level: { offDelayS: 60, reAlarmMin: 5 }, rate: { on: false } };
  writeFileSync(path, stringify({ ...parse(readFileSync(path, 'utf8')), alarms: { rules } }));
  return path;
}

/** Lets the stage move towards where it is sent, and publishes it all the time, by whatever platform is there. */
function letItFlow(pki: string, mqttUrl: string, now: () => number) {
  let stageMm = dryMm;
  let target = dryMm;
  let going = true;
  let device: Publisher | undefined;
  const flowing = (async () => {
    while (going) {
      stageMm += Math.sign(target - stageMm) * Math.min(climbMm, Math.abs(target - stageMm));
      try {
        // A quick cadence has alarms wait for a second sample after a leap, which a killed platform makes of any rise.
        device ??= await openPublisher({ mqttUrl, pki, station, intervalS: 120 });
        await Promise.race([device.publish([{ atMs: now(), stageMm }]), pause(2_000).then(() => Promise.reject())]);
      } catch {
        await device?.close().catch(() => {});
        device = undefined;
      }
      await pause(everyMs);
    }
    await device?.close();
  })();
  return {
    to(mm: number): void {
      target = mm;
    },
    async stop(): Promise<void> {
      going = false;
      await flowing;
    },
  };
}

/** What a channel's other side took: its messages by key, and what went wrong between them. */
function overhear(fake: FakeChannel, name: (key: string) => string) {
  const troubles: number[] = [];
  return {
    fake,
    trouble: () => void troubles.push(fake.arrived().length),
    /** Keys of what one address got, in order. */
    to: (address: string) =>
      fake.arrived().flatMap((one) => (one.address === address && one.key !== null ? [name(one.key)] : [])),
    repeats(): { all: number; unexplained: string[] } {
      const first = new Map<string, number>();
      const unexplained: string[] = [];
      let all = 0;
      fake.arrived().forEach(({ key }, i) => {
        const before = first.get(key ?? '');
        first.set(key ?? '', i);
        if (before === undefined) return;
        all += 1;
        if (!troubles.some((at) => before < at && at <= i)) unexplained.push(name(key ?? ''));
      });
      return { all, unexplained };
    },
  };
}

/** Names the Message-ID of every message that there could be. */
function mailNames(people: readonly string[]) {
  const names = new Map<string, string>();
  return {
    know(group: string, calls: number): void {
      for (const person of people)
        for (const call of ['over', ...Array.from({ length: calls }, (_, i) => String(i + 1))]) {
          const key = `${group}.${call}.${person}.email`;
          names.set(createHash('sha256').update(key).digest('hex').slice(0, 40), key);
        }
    },
    of: (messageId: string) => names.get(messageId.slice(1, messageId.indexOf('@'))) ?? messageId,
  };
}

test(`killed ${kills} times, with channels that come and go: each knows the present, each alarm is one`, async () => {
  const flow = openFlow('told');
  const fakes = [await startFakeEmail(), await startFakeWebhook()] as const;
  for (const fake of fakes) flow.atEnd(() => fake.close());
  const authorities = join(flow.folder, 'authorities.crt');
  writeFileSync(authorities, fakes.map(({ env }) => readFileSync(env.SIAGA_NOTIFY_CA ?? '', 'utf8')).join('\n'));
  const nowMs = Date.now();
  const clock = clockToText(nowMs, nowMs, speed);
  const now = () => nowMs + (Date.now() - nowMs) * speed;
  const settings = {
    catalogue: catalogueIn(flow.folder),
    stations: [station],
    clock,
    env: {
      ...fakes[0].env,
      ...fakes[1].env,
      SIAGA_NOTIFY_CA: authorities,
      SIAGA_NOTIFY_TIMEOUT_S: '1',
      // No daily test falls into the hour or two that this takes.
      SIAGA_TEST_HOUR: String((new Date(nowMs).getUTCHours() + 7 + 12) % 24),
    },
  };
  let platform: PlatformProcess = await flow.platform(settings);
  const data = join(flow.folder, 'platform');
  const { httpUrl, mqttUrl, pki } = platform;

  const password = 'three words by the river';
  const ani = await joinStaff(httpUrl, { token: setupToken(data), login: 'ani', name: 'Ani', password });
  const invited = runProgram('siaga', ['people', 'invite', 'budi', '--role', 'operator', '--name', 'Budi'], {
    SIAGA_DATA: data,
  });
  const budi = await joinStaff(httpUrl, { token: tokenOf(invited), password });
  const [email, webhook] = fakes;
  const staff: readonly { who: Staff; at: readonly [string, string] }[] = [
    { who: ani, at: [email.address, webhook.address] },
    { who: budi, at: [email.otherAddress, webhook.otherAddress] },
  ];
  for (const { who, at } of staff)
    await tellThem(who, {
      contacts: { email: at[0], webhook: at[1] },
      // Without a roster the admin is told as if on duty.
      subscriptions: who === budi ? [{ basins: [], minPriority: 'low', lists: ['flood'], channels: [] }] : [],
    });

  const mails = mailNames(staff.map(({ who }) => who.id));
  const heard = [overhear(email, mails.of), overhear(webhook, (key) => key)] as const;
  const trouble = () => {
    for (const one of heard) one.trouble();
  };
  const water = letItFlow(pki, mqttUrl, now);
  flow.atEnd(() => water.stop());

  let cycles = 0;
  const groups: string[] = [];
  const patient = { withinMs: 60_000, everyMs: 100 };
  /** Asks again while the platform is away. */
  const until = <T>(what: string, ask: () => Promise<T>) =>
    eventually(what, () => ask().catch(() => undefined), patient);
  const open = () => ani.ask<Listed>('GET', '/alarms');
  const flood = ({ groups: all }: Listed) => all.find(({ list }) => list === 'flood');

  async function rise(): Promise<AlarmGroup> {
    cycles += 1;
    water.to(floodMm);
    const group = await until('the top priority', async () => {
      const found = flood(await open());
      return found?.priority === 'high' ? found : undefined;
    });
    groups.push(group.id);
    return group;
  }

  async function fall(): Promise<void> {
    water.to(dryMm);
    await until('all is over', async () => {
      const listed = await open();
      if (flood(listed) === undefined) return true;
      const alarms = listed.alarms
        .filter(
          ({ list, acknowledged, condition }) => list === 'flood' && acknowledged === null && condition === 'returned',
        )
        .map(({ id, version }) => ({ id, version }));
      if (alarms.length > 0) await ani.ask('POST', '/alarms/acknowledge', { alarms });
      return undefined;
    });
  }

  const taken = () => fakes.reduce((sum, fake) => sum + fake.arrived().length, 0);
  async function nextMessage(): Promise<void> {
    const [before, deadlineMs] = [taken(), performance.now() + 1_500];
    while (taken() === before && performance.now() < deadlineMs) await pause(1);
  }

  let killing = true;
  const ebbAndFlow = (async () => {
    while (killing) {
      await rise();
      await pause(below(4_000));
      await fall();
    }
  })();
  const flapping = (async () => {
    while (killing) {
      for (const { fake } of heard) await fake.set((['down', 'hang', 'slow', 'none'] as const)[below(4)] ?? 'none');
      trouble();
      await pause(300 + below(1_500));
    }
  })();

  for (let kill = 0; kill < kills; kill += 1) {
    await pause(below(1_000));
    // Every other time just when a message was taken, before that can have been kept: the same is sent again then.
    if (kill % 2 === 1) await nextMessage();
    platform.program.kill('SIGKILL');
    expect(await platform.program.exited).toBe('SIGKILL');
    await eventually('its connections to be gone', () => fakes.every((fake) => fake.connections() === 0));
    trouble();
    platform = await flow.again(platform, settings);
  }
  killing = false;
  await Promise.all([ebbAndFlow, flapping]);
  for (const { fake } of heard) await fake.set('none');
  trouble();

  const last = (who: Staff, k: 0 | 1, group: string) => {
    const address = staff.find((one) => one.who === who)?.at[k] ?? '';
    return heard[k].to(address).findLast((key) => key.startsWith(`${group}.`));
  };
  const channel = ['email', 'webhook'] as const;

  // The water is up: everybody's last message is the newest call.
  const group = await rise();
  await until('everybody knows of the flood', async () => {
    const present = flood(await open());
    if (present === undefined) return undefined;
    mails.know(present.id, present.annunciation);
    const wanted = (who: Staff, k: 0 | 1) => `${present.id}.${present.annunciation}.${who.id}.${channel[k]}`;
    return staff.every(({ who }) => ([0, 1] as const).every((k) => last(who, k, group.id) === wanted(who, k)));
  });
  // And down: it is that it is over, of every flood that there was.
  await fall();
  const over = () =>
    groups.flatMap((id) =>
      staff.flatMap(({ who }) =>
        ([0, 1] as const).flatMap((k) => {
          const key = last(who, k, id);
          return key === undefined || key === `${id}.over.${who.id}.${channel[k]}` ? [] : [key];
        }),
      ),
    );
  for (const id of groups) mails.know(id, 100);
  await eventually('everybody knows that all is over', () => over().length === 0, patient).catch(() => {});
  expect(over()).toEqual([]);
  for (const { who } of staff) for (const k of [0, 1] as const) expect(last(who, k, group.id)).toContain('.over.');

  // No call comes after a newer one, and none twice but where a kill or an outage hid that it had been taken.
  for (const { at } of staff)
    for (const k of [0, 1] as const)
      for (const id of groups) {
        const calls = heard[k].to(at[k]).flatMap((key) => (key.startsWith(`${id}.`) ? [key.split('.')[1] ?? ''] : []));
        const order = calls.map((call) => (call === 'over' ? Number.POSITIVE_INFINITY : Number(call)));
        expect(order).toEqual(order.toSorted((a, b) => a - b));
      }
  const repeats = heard.map((one) => one.repeats());
  expect(repeats.flatMap(({ unexplained }) => unexplained)).toEqual([]);

  // One condition, one open alarm at a time: as many alarms as floods, none beginning before the last one ended.
  const span = new URLSearchParams({ from: new Date(nowMs).toISOString(), limit: '500' });
  const { alarms: all } = await ani.ask<Listed>('GET', `/alarms?${span}`);
  const alarms = all.filter(({ rule }) => rule === 'level').toSorted((a, b) => (a.knownAt < b.knownAt ? -1 : 1));
  expect(alarms.map(({ key }) => key)).toEqual(alarms.map(() => `level/${station}`));
  expect(alarms).toHaveLength(cycles);
  expect(new Set(alarms.map(({ group: id }) => id))).toEqual(new Set(groups));
  for (const [i, { knownAt }] of alarms.entries())
    if (i > 0) expect((alarms[i - 1]?.closedAt ?? '9') <= knownAt).toBe(true);

  const repeated = repeats.reduce((sum, one) => sum + one.all, 0);
  console.log(`told: ${kills} kills, ${cycles} floods, ${taken()} messages, ${repeated} repeated (SEED=${seed})`);
  expect(taken()).toBeGreaterThan(cycles);
});

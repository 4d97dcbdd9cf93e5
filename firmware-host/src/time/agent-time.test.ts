import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClockState } from '@siaga/protocol';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import type { StoredReading } from '../outbox/outbox.ts';
import { aDraft, until } from '../testing/builders.ts';
import { createTestMachine, type TestMachine } from '../testing/machine.ts';
import { type AgentTime, openAgentTime } from './agent-time.ts';

const log = pino({ level: 'silent' });
const trueMs = Date.UTC(2027, 4, 3, 12);
const monthMs = 30 * 86_400_000;
const stream = 'a'.repeat(16);
let store: string | null = null;

const ending: (() => unknown)[] = [];
afterEach(async () => {
  store = null;
  for (const end of ending.splice(0).reverse()) await end();
});

function field(wallMs: number): { machine: TestMachine; folder: string } {
  const machine = createTestMachine(wallMs);
  const folder = mkdtempSync(join(tmpdir(), 'siaga-time-'));
  ending.push(
    () => machine.remove(),
    () => rmSync(folder, { recursive: true, force: true }),
  );
  return { machine, folder };
}

async function open(
  { machine, folder }: ReturnType<typeof field>,
  boot = 'boot-1',
  states: ClockState[] = [],
  to = log,
) {
  const time = await openAgentTime({
    path: join(folder, 'boots.json'),
    boot,
    sources: machine,
    stream: () => stream,
    store: () => store,
    log: to,
    onState: (state) => states.push(state),
  });
  ending.push(() => time.close());
  return time;
}

/** What the platform says, `rttMs` after the message left; the receipt is written in the middle of it. */
function hear(time: AgentTime, machine: TestMachine, serverMs: number, rttMs = 200): void {
  const sentMonoMs = machine.monoMs();
  machine.pass(rttMs);
  time.serverSaid({ serverMs: serverMs + rttMs / 2, sentMonoMs, receivedMonoMs: machine.monoMs() });
}

let seq = 0;
function keep(time: AgentTime, machine: TestMachine, boot = 'boot-1'): StoredReading {
  const draft = time.stamped(aDraft({ boot, monoMs: machine.monoMs() }));
  const stored = { ...draft, stream, reading: { ...draft.reading, seq: ++seq } };
  time.stored(stored);
  return stored;
}

describe('the time of an agent', () => {
  it('22 months behind: uncertain at first, exact from the first receipt on, though the wall clock stays wrong', async () => {
    const place = field(trueMs - 22 * monthMs);
    const states: ClockState[] = [];
    const time = await open(place, 'boot-1', states);
    expect(time.state()).toBe('unsynced');
    expect(time.clockTrusted()).toBe(false);
    hear(time, place.machine, trueMs);
    expect(Math.abs(time.clock.now() - (trueMs + 200))).toBeLessThanOrEqual(100);
    expect([time.state(), states, time.clockTrusted()]).toEqual(['synced', ['synced'], false]);
    place.machine.pass(3_600_000);
    expect(Math.abs(time.clock.now() - (trueMs + 3_600_200))).toBeLessThanOrEqual(100);
    expect(keep(time, place.machine).reading).toMatchObject({ clock: 'synced', observedAtMs: time.clock.now() });
  });

  it('is never before the build date, nor before what an earlier boot knew', async () => {
    const place = field(0);
    const first = await open(place);
    expect(first.clock.now()).toBeGreaterThan(Date.UTC(2026, 0));
    hear(first, place.machine, trueMs);
    place.machine.pass(3_600_000);
    await first.close();
    place.machine.reboot(0);
    const second = await open(place, 'boot-2');
    expect(second.state()).toBe('unsynced');
    expect(second.clock.now()).toBeGreaterThanOrEqual(trueMs + 3_600_000 - 1_000);
    expect(second.earliestMs()).toBeGreaterThanOrEqual(trueMs + 3_600_000 - 1_000);
  });

  it('a restart in the same boot knows the time at once', async () => {
    const place = field(0);
    const first = await open(place);
    hear(first, place.machine, trueMs);
    await first.close();
    place.machine.pass(60_000);
    const second = await open(place);
    expect(second.state()).toBe('synced');
    expect(Math.abs(second.clock.now() - (trueMs + 60_200))).toBeLessThanOrEqual(100);
  });

  it('a restart goes by the newest word, not by the boot’s first: a quartz drifts', async () => {
    const place = field(0);
    const { machine } = place;
    const first = await open(place);
    hear(first, machine, trueMs);
    const tenDaysMs = 10 * 86_400_000;
    machine.pass(tenDaysMs);
    hear(first, machine, trueMs + tenDaysMs + 40_000);
    await first.close();
    const second = await open(place);
    expect(Math.abs(second.clock.now() - (trueMs + tenDaysMs + 40_200))).toBeLessThan(1_000);
  });

  it('a time server outweighs receipts; a clock set by hand is not followed until it speaks again', async () => {
    const place = field(trueMs - 5 * monthMs);
    const { machine } = place;
    const time = await open(place);
    machine.setWall(trueMs);
    machine.flagSynced();
    await time.look();
    expect([time.state(), time.clock.now(), time.clockTrusted()]).toEqual(['synced', trueMs, true]);
    hear(time, machine, trueMs - 90_000);
    expect(time.clock.now()).toBe(trueMs + 200);
    machine.setWall(trueMs + monthMs);
    await time.look();
    await time.look();
    expect([time.clock.now(), time.clockTrusted()]).toEqual([trueMs + 200, false]);
    machine.setWall(trueMs + 7_200_000);
    machine.flagSynced();
    await time.look();
    expect(time.clock.now()).toBe(trueMs + 7_200_000);
  });

  it('says when a time server and the platform contradict each other', async () => {
    const warned: string[] = [];
    const warnings = pino({ level: 'warn' }, { write: (line) => void warned.push(JSON.parse(line).msg) });
    const place = field(trueMs);
    const time = await open(place, 'boot-1', [], warnings);
    place.machine.flagSynced();
    await time.look();
    hear(time, place.machine, trueMs + 30_000);
    expect(warned).toEqual([]);
    hear(time, place.machine, trueMs + 5 * monthMs);
    hear(time, place.machine, trueMs + 5 * monthMs);
    expect(warned).toEqual([expect.stringContaining('contradict')]);
    expect(Math.abs(time.clock.now() - trueMs)).toBeLessThan(1_000);
  });

  it('asks the time service where there is no flag, seldom', async () => {
    const place = field(trueMs);
    let asked = 0;
    let answer = false;
    const machine = { ...place.machine, askTimeService: async () => asked++ >= 0 && answer };
    const time = await open({ ...place, machine });
    await until('asked', () => asked === 1);
    for (let i = 0; i < 9; i++) {
      machine.pass(60_000);
      await time.look();
    }
    expect([asked, time.state()]).toEqual([1, 'unsynced']);
    answer = true;
    machine.pass(60_000);
    await time.look();
    machine.pass(600_000);
    await time.look();
    expect([asked, time.state()]).toEqual([2, 'synced']);
  });

  it('says rtc where a battery-backed clock set ours, and unsynced where it disagrees', async () => {
    const place = field(trueMs);
    const { machine } = place;
    machine.write('sys/class/rtc/rtc0/hctosys', '1\n');
    machine.write('sys/class/rtc/rtc0/since_epoch', `${trueMs / 1_000}\n`);
    const states: ClockState[] = [];
    const time = await open(place, 'boot-1', states);
    expect(time.state()).toBe('rtc');
    machine.write('sys/class/rtc/rtc0/since_epoch', '86400\n');
    await time.look();
    expect(states).toEqual(['rtc', 'unsynced']);
  });

  it('a receipt that took long tells little, several together more; one of the past tells nothing', async () => {
    const place = field(trueMs - monthMs);
    const time = await open(place);
    hear(time, place.machine, Date.UTC(2014, 0, 30));
    expect(time.clock.now()).toBeLessThan(trueMs - 29 * 86_400_000);
    const early = { sentMonoMs: 20_000, receivedMonoMs: 25_000, serverMs: trueMs };
    time.serverSaid(early);
    expect(time.state()).toBe('unsynced');
    expect(time.earliestMs()).toBeGreaterThanOrEqual(trueMs);
    // The first was written as it came, the second as it was asked for: together they leave 100 ms.
    time.serverSaid({ sentMonoMs: 30_000, receivedMonoMs: 35_000, serverMs: trueMs + 5_100 });
    expect(time.state()).toBe('synced');
  });
});

describe('corrections', () => {
  it('what was never sent goes out corrected under revision 0; what was, as it was, and corrected under revision 1', async () => {
    const place = field(trueMs - 22 * monthMs);
    const { machine } = place;
    const time = await open(place);
    const [sent, kept] = [keep(time, machine), keep(time, machine)];
    const atMs = trueMs;
    await time.corrections.expose([sent]);
    expect(time.corrections.outgoing(sent)).toBe(sent.reading);
    machine.pass(30_000);
    hear(time, machine, trueMs + 30_000);
    await until('written down', () => time.corrections.pending().length > 0);
    expect(time.corrections.pending()).toEqual([[sent.reading.seq, sent.reading.seq]]);
    expect(time.corrections.outgoing(sent)).toBe(sent.reading);
    for (const reading of [time.corrections.outgoing(kept), time.corrections.corrected(sent)]) {
      expect(Math.abs(reading.observedAtMs - atMs)).toBeLessThan(1_000);
      expect(reading.clock).toBe('synced');
    }
    await time.corrections.expose([kept]);
    expect(time.corrections.outgoing(kept).clock).toBe('synced');
    time.corrections.settled([[1, sent.reading.seq]]);
    expect(time.corrections.pending()).toEqual([]);
    expect(time.corrections.outgoing(sent)).toBe(sent.reading);
  });

  it('says under revision 0 after a restart, by another anchor even, what it said before', async () => {
    const place = field(trueMs - monthMs);
    const { machine } = place;
    const first = await open(place);
    const [sent, kept] = [keep(first, machine), keep(first, machine)];
    await first.corrections.expose([sent]);
    hear(first, machine, trueMs);
    await until('written down', () => first.corrections.pending().length > 0);
    const before = [
      first.corrections.outgoing(sent),
      first.corrections.outgoing(kept),
      first.corrections.corrected(sent),
    ];
    await first.close();
    machine.setWall(trueMs + 700);
    machine.flagSynced();
    const second = await open(place);
    expect([
      second.corrections.outgoing(sent),
      second.corrections.outgoing(kept),
      second.corrections.corrected(sent),
    ]).toEqual(before);
    expect(second.corrections.pending()).toEqual([[sent.reading.seq, sent.reading.seq]]);
  });

  it('that a restored store has forgotten go out once more, over a restart too', async () => {
    const place = field(trueMs - monthMs);
    const { machine } = place;
    const first = await open(place);
    const sent = keep(first, machine);
    await first.corrections.expose([sent]);
    hear(first, machine, trueMs);
    await until('written down', () => first.corrections.pending().length > 0);
    const its: [number, number][] = [[sent.reading.seq, sent.reading.seq]];
    store = 'store-1';
    first.corrections.settled(its);
    expect(first.corrections.pending()).toEqual([]);
    await first.close();
    const second = await open(place);
    expect(second.corrections.pending()).toEqual([]);
    store = 'store-2';
    expect(second.corrections.pending()).toEqual(its);
    second.corrections.settled(its);
    expect(second.corrections.pending()).toEqual([]);
  });

  it('are bounded for a boot that the power ended before the first hour', async () => {
    const place = field(trueMs + 12 * monthMs);
    const { machine } = place;
    const first = await open(place);
    const kept = keep(first, machine);
    const path = join(place.folder, 'boots.json');
    await until('on the disk', () => JSON.parse(readFileSync(path, 'utf8')).boots[0].stamped !== null);
    const book = readFileSync(path, 'utf8');
    await first.close();
    writeFileSync(path, book);
    machine.reboot(trueMs - monthMs);
    const second = await open(place, 'boot-2');
    hear(second, machine, trueMs);
    await until('dated', () => second.corrections.outgoing(kept).observedAtMs <= trueMs);
  });

  it('a boot that never learnt the time stays uncertain, and is moved before the next one where it cannot be after', async () => {
    const place = field(trueMs + 12 * monthMs);
    const { machine } = place;
    const first = await open(place);
    const [sent, kept] = [keep(first, machine), keep(first, machine)];
    await first.corrections.expose([sent]);
    await first.close();
    machine.reboot(trueMs - monthMs);
    const second = await open(place, 'boot-2');
    expect(second.corrections.outgoing(kept).observedAtMs).toBe(kept.reading.observedAtMs);
    hear(second, machine, trueMs);
    await until('written down', () => second.corrections.pending().length > 0);
    for (const reading of [second.corrections.outgoing(kept), second.corrections.corrected(sent)]) {
      expect(reading.observedAtMs).toBeLessThanOrEqual(trueMs);
      expect(reading.clock).toBe('unsynced');
    }
    expect(second.corrections.pending()).toEqual([[sent.reading.seq, sent.reading.seq]]);
  });

  it('certain readings, those without a monotonic stamp, and those of a forgotten boot stay as they are', async () => {
    const place = field(trueMs - monthMs);
    const time = await open(place);
    const uncertain = keep(time, place.machine);
    hear(time, place.machine, trueMs);
    await until('dated', () => time.corrections.outgoing(uncertain).clock === 'synced');
    const alike: StoredReading[] = [
      { ...uncertain, monoMs: null },
      { ...uncertain, boot: 'boot-of-yore' },
      { ...uncertain, reading: { ...uncertain.reading, clock: 'synced' } },
    ];
    await time.corrections.expose(alike);
    for (const stored of alike) expect(time.corrections.outgoing(stored)).toBe(stored.reading);
    expect(time.corrections.pending()).toEqual([]);
  });
});

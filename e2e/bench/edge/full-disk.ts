/**
 * A disk that fills up: at every byte of a small volume (a real folder under a byte budget), and for real, on a
 * volume of 10 MB that another program eats up page by page.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { smallVolume } from '@siaga/firmware-host/testing';
import { atLeast, atMost, figure, missing, type Row, type Suite } from '../report.ts';
import { type Watched, watched } from './full-disk-check.ts';

const positions = 1_500;
const volumeMb = 10;
const pageBytes = 4_096;

export const benchFullDisk: Suite = async (say) => {
  const root = mkdtempSync(join(tmpdir(), 'siaga-full-'));
  try {
    say(`fills a small volume at ${positions} positions`);
    const swept = await sweep(root);
    const mounted = join(root, 'volume');
    mkdirSync(mounted);
    const refusal = mount(mounted);
    if (refusal !== null) return [...swept, missing(`disk of ${volumeMb} MB`, refusal)];
    try {
      say(`fills a real volume of ${volumeMb} MB`);
      return [...swept, ...(await eaten(mounted))];
    } finally {
      execFileSync('/bin/umount', ['--lazy', mounted]);
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
};

/** The disk is full at each byte in turn: what the agent was writing just then is cut there. */
async function sweep(root: string): Promise<Row[]> {
  let faults = 0;
  let stuck = 0;
  let thinnedOrRefused = 0;
  for (let room = 0; room < positions; room++) {
    const folder = join(root, 'sweep');
    const volume = smallVolume();
    const options = { folder, files: volume.files, segmentBytes: 512, ballastBytes: 1_024, refillEveryMs: 0 };
    const agent = await watched(options);
    await agent.measure(8);
    volume.resize(volume.used() + room);
    await agent.measure(24);
    faults += await agent.faults();
    thinnedOrRefused += agent.outbox.state().notKept;
    volume.resize(Number.POSITIVE_INFINITY);
    await agent.measure(1);
    if (!agent.takes()) stuck++;
    faults += await agent.faults();
    await agent.outbox.close();
    rmSync(folder, { recursive: true });
  }
  const name = `disk full at each of ${positions} bytes`;
  return [
    atMost(0, `${name}: faults in the books (held, settled, lost; what is held; events; counts)`, faults, ''),
    atMost(0, `${name}: times it did not go on when there was room again`, stuck, ''),
    figure(`${name}: readings thinned out or refused, all declared`, thinnedOrRefused, ''),
  ];
}

async function eaten(volume: string): Promise<Row[]> {
  const agent = await watched({ folder: join(volume, 'outbox'), ballastBytes: 4e6, refillEveryMs: 0 });
  // First by its own readings: an outbox as large as the disk allows, and more.
  await agent.measure(1);
  const until = async (full: () => boolean) => {
    for (let rounds = 0; rounds < 400 && !full(); rounds++) await agent.measure(1_000);
  };
  await until(() => agent.outbox.state().notKept > 30_000);
  const own = { faults: await agent.faults(), ...agent.counts(), lost: agent.outbox.state().lost.length };
  // Then by another program, page by page, which also takes what is freed for us.
  const filler = join(volume, 'filler');
  const page = Buffer.alloc(pageBytes, 1);
  let pages = 0;
  let refusals = 0;
  for (let full = 0; full < 300; pages++) {
    try {
      appendFileSync(filler, page);
    } catch {
      full++;
    }
    await agent.measure(3);
    if (!agent.takes()) refusals++;
  }
  const { faults, stuck } = await recovery(agent, filler);
  await agent.measure(2_000);
  const ballastBack = statSync(join(volume, 'outbox', 'ballast')).size === 4e6;
  const restarted = await restart(agent, volume);
  const name = `disk of ${volumeMb} MB`;
  return [
    figure(`${name}: readings stored by the time it had thinned 30,000`, own.stored, ''),
    atMost(0, `${name}, full of its own readings: refused`, own.refused, ''),
    atMost(1_000, `${name}: ranges of lost numbers to declare`, own.lost, ''),
    atMost(0, `${name}: faults in the books`, own.faults + faults + restarted, ''),
    figure(`${name}: pages that another program tried to take`, pages, ''),
    figure(`${name}: of these, times a reading was refused`, refusals, ''),
    atMost(0, `${name}: readings refused once there was room again`, stuck, ''),
    atLeast(1, `${name}: ballast taken back (1: yes)`, Number(ballastBack), ''),
  ];
}

async function recovery(agent: Watched, filler: string): Promise<{ faults: number; stuck: number }> {
  const faults = await agent.faults();
  rmSync(filler, { force: true });
  const before = agent.counts().refused;
  await agent.measure(1_000);
  return { faults: faults + (await agent.faults()), stuck: agent.counts().refused - before };
}

/** What the next start finds is what was there: 0, or 1 fault. */
async function restart(agent: Watched, volume: string): Promise<number> {
  const before = agent.outbox.state();
  await agent.outbox.close();
  const again = await watched({ folder: join(volume, 'outbox') });
  const { held, lost, lastSeq } = again.outbox.state();
  await again.outbox.close();
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  return same([held, lost, lastSeq], [before.held, before.lost, before.lastSeq]) ? 0 : 1;
}

/** Null, or why a volume cannot be had here. */
function mount(folder: string): string | null {
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', `size=${volumeMb}m`, 'tmpfs', folder], { stdio: 'pipe' });
    return null;
  } catch {
    return 'mounting a small volume needs root';
  }
}

/**
 * A thousand outboxes killed in the middle of their work (SIGKILL to a real process), then damaged: half of the
 * runs as a power cut may, in what was never synced; the other half in any byte of any file.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prngOf } from '@siaga/simulator';
import { build, type Plugin } from 'esbuild';
import { atMost, figure, type Row, type Suite } from '../report.ts';
import { spoilAnything, tearUnsynced } from './torn-damage.ts';
import type { VictimTells } from './torn-job.ts';

const runsOfEach = 500;
/** A folder is begun anew after so many: damage adds up, and the files stay small. */
const runsAFolder = 25;
const mostLifeMs = 30;
/** Some are killed before they are open. */
const killedEarly = 0.1;

type Kind = 'power' | 'anything';
type Counts = {
  runs: number;
  corrupt: number;
  stored: number;
  /** Readings told as durable and not there any more. */
  gone: number;
  /** Of those, numbers that are neither settled nor declared as lost. */
  undeclared: number;
  /** Most readings of one run that were being stored and are not there. */
  unsyncedMost: number;
  /** Numbers given to two readings; and those of them that the outbox did not hold in doubt. */
  twice: number;
  twiceUndoubted: number;
  /** Readings that come back as something else. */
  wrong: number;
};

/** Leaves out of the bundle whatever is imported for no name that is used: a thousand starts shall be quick. */
const onlyWhatIsUsed: Plugin = {
  name: 'only-what-is-used',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /./ }, async ({ path, pluginData, ...rest }) => {
      if (pluginData === 'resolved') return undefined;
      const { errors, ...found } = await resolve(path, { ...rest, pluginData: 'resolved' });
      // What cannot be found is for esbuild to judge: some packages try for others in vain.
      return errors.length > 0 ? undefined : { ...found, sideEffects: false };
    });
  },
};

/** What the cloud could know: content by stream and number. */
type Told = Map<string, { content: number; gone: boolean }>;

export const benchTorn: Suite = async (say) => {
  const root = mkdtempSync(join(tmpdir(), 'siaga-torn-'));
  try {
    const victim = join(root, 'victim.mjs');
    await build({
      entryPoints: [fileURLToPath(new URL('./torn-victim.process.ts', import.meta.url))],
      outfile: victim,
      bundle: true,
      platform: 'node',
      format: 'esm',
      plugins: [onlyWhatIsUsed],
      logLevel: 'error',
    });
    say(`kills ${2 * runsOfEach} outboxes`);
    const [power, anything] = await Promise.all([line('power', victim, root), line('anything', victim, root)]);
    return [
      ...rowsOf('killed, unsynced bytes torn', power, 'power'),
      ...rowsOf('killed, any byte spoilt', anything, 'anything'),
    ];
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
};

function rowsOf(name: string, counts: Counts, kind: Kind): Row[] {
  const rows = [
    figure(`outbox: ${name}: runs`, counts.runs, ''),
    figure(`outbox: ${name}: readings stored`, counts.stored, ''),
    atMost(0, `outbox: ${name}: corrupt starts`, counts.corrupt, ''),
    atMost(0, `outbox: ${name}: readings that came back as something else`, counts.wrong, ''),
    atMost(0, `outbox: ${name}: numbers given twice and not in doubt`, counts.twiceUndoubted, ''),
  ];
  if (kind === 'anything')
    return [
      ...rows,
      figure(`outbox: ${name}: numbers given twice, in doubt`, counts.twice, ''),
      figure(`outbox: ${name}: durable readings destroyed`, counts.gone, ''),
      figure(`outbox: ${name}: of those not declared lost at the next start`, counts.undeclared, ''),
    ];
  return [
    ...rows,
    atMost(0, `outbox: ${name}: numbers given twice`, counts.twice, ''),
    atMost(0, `outbox: ${name}: durable readings lost`, counts.gone, ''),
    atMost(1, `outbox: ${name}: unsynced readings lost, the most in a run`, counts.unsyncedMost, ''),
  ];
}

async function line(kind: Kind, victim: string, root: string): Promise<Counts> {
  const { next: random, below: chance } = prngOf(`torn ${kind}`);
  const counts: Counts = {
    runs: 0,
    corrupt: 0,
    stored: 0,
    gone: 0,
    undeclared: 0,
    unsyncedMost: 0,
    twice: 0,
    twiceUndoubted: 0,
    wrong: 0,
  };
  let content = 1;
  while (counts.runs < runsOfEach) {
    const folder = join(root, `${kind}-${counts.runs}`);
    const told: Told = new Map();
    let storing = content - 1;
    let accounted = storing;
    let present = { stream: '', bytes: 0 };
    // The last start of a folder only looks at what the last damage left.
    for (let run = 0; run <= runsAFolder; run++) {
      const early = run < runsAFolder && random() < killedEarly;
      const { events, failed } = await killedRun(
        victim,
        [folder, String(content)],
        early ? chance(80) : null,
        chance(mostLifeMs),
      );
      if (failed) counts.corrupt++;
      let doubtFrom = 0;
      for (const event of events) {
        if (event.event === 'open') {
          ({ doubtFrom } = event);
          const lastHeld = look(event, told, counts);
          if (kind === 'power')
            counts.unsyncedMost = Math.max(counts.unsyncedMost, storing - Math.max(accounted, lastHeld));
          accounted = storing;
        } else if (event.event === 'storing') storing = event.content;
        else {
          const key = `${event.stream} ${event.seq}`;
          if (told.has(key)) counts.twice++;
          if (told.has(key) && event.seq < doubtFrom) counts.twiceUndoubted++;
          told.set(key, { content: event.content, gone: false });
          present = event;
          counts.stored++;
        }
      }
      content = Math.max(content, storing + 1);
      if (run === runsAFolder) break;
      counts.runs++;
      if (kind === 'anything') spoilAnything(folder, chance);
      else if (events.length > 0 && present.stream !== '') tearUnsynced(folder, present.stream, present.bytes, chance);
    }
    rmSync(folder, { recursive: true, force: true });
  }
  return counts;
}

/** Compares what a start found with what was told; gives the newest content that is there. */
function look(event: Extract<VictimTells, { event: 'open' }>, told: Told, counts: Counts): number {
  const held = new Map(event.held);
  for (const [seq, content] of held) {
    const before = told.get(`${event.stream} ${seq}`);
    if (before === undefined || before.content === content) continue;
    // A later content under an old number was given it in doubt, and killed before it could tell.
    if (content > before.content) counts.twice++;
    else counts.wrong++;
    told.set(`${event.stream} ${seq}`, { content, gone: false });
  }
  for (const [key, reading] of told) {
    const [stream, text] = key.split(' ');
    const seq = Number(text);
    if (reading.gone || (stream === event.stream && held.has(seq))) continue;
    reading.gone = true;
    counts.gone++;
    const known = stream === event.stream && (isIn(event.lost, seq) || isIn(event.settled, seq));
    if (!known) counts.undeclared++;
  }
  return Math.max(0, ...held.values());
}

function isIn(ranges: readonly (readonly [number, number])[], seq: number): boolean {
  return ranges.some(([from, to]) => from <= seq && seq <= to);
}

/** Runs the victim and kills it: `earlyMs` after its process began, or `lifeMs` after it was open. */
function killedRun(victim: string, args: string[], earlyMs: number | null, lifeMs: number) {
  return new Promise<{ events: VictimTells[]; failed: boolean }>((resolve) => {
    const child = spawn(process.execPath, [victim, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    let timer = earlyMs === null ? null : setTimeout(() => child.kill('SIGKILL'), earlyMs);
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk;
      timer ??= setTimeout(() => child.kill('SIGKILL'), lifeMs);
    });
    child.once('close', (_code, signal) => {
      if (timer) clearTimeout(timer);
      const lines = output.split('\n').slice(0, -1);
      resolve({ events: lines.map((text) => JSON.parse(text) as VictimTells), failed: signal !== 'SIGKILL' });
    });
  });
}

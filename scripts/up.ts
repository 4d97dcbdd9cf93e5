/**
 * Runs the platform and, unless SIAGA_SIM=off, the simulated river network, each as its own process, until a
 * signal comes. What they log goes to files in the data folder; here only what a person wants to know is said.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, createWriteStream, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('..', import.meta.url));
const env = process.env;
const data = resolve(env.SIAGA_DATA ?? join(root, '.siaga'));
const catalogue = resolve(env.SIAGA_CATALOGUE ?? join(root, 'simulator/src/scenarios/jakarta-2014/siaga.yaml'));
const pki = resolve(env.SIAGA_PKI ?? join(data, 'pki'));
const siaga = join(root, 'cloud/src/main.ts');
const siagaSim = join(root, 'simulator/src/main.ts');

/** How long a program may take to end; nothing durable is lost by its being killed then. */
const patienceMs = 20_000;

/** Something that a person can mend: said in one sentence, without a stack. */
class StartFault extends Error {}

type Line = Record<string, unknown>;

/** A program of ours with its lines logged to a file; `exited` resolves with its exit code. */
type Program = { name: string; child: ChildProcess; exited: Promise<number>; complaints: string[] };

function start(
  name: string,
  script: string,
  args: string[],
  onLine: (line: Line) => void,
  more: Readonly<Record<string, string>> = {},
): Program {
  // A session of its own keeps a terminal's Ctrl-C from reaching it twice: we pass it on, in order.
  const child = spawn(process.execPath, [script, ...args], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...env, SIAGA_DATA: data, SIAGA_CATALOGUE: catalogue, SIAGA_PKI: pki, ...more },
  });
  const log = createWriteStream(join(data, 'logs', `${name}.log`));
  const complaints: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    log.write(`${line}\n`);
    onLine(parseLine(line));
  });
  createInterface({ input: child.stderr }).on('line', (line) => {
    log.write(`${line}\n`);
    complaints.push(line);
    if (complaints.length > 40) complaints.shift();
  });
  const exited = new Promise<number>((done) => child.on('close', (code) => done(code ?? 1)));
  return { name, child, exited, complaints };
}

function parseLine(line: string): Line {
  try {
    return JSON.parse(line) as Line;
  } catch {
    return {};
  }
}

/** Runs one of the platform's commands to its end; its complaint becomes ours. */
function runToEnd(args: string[]): void {
  const { status, stderr } = spawnSync(process.execPath, [siaga, ...args], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new StartFault(stderr.trim() || `siaga ${args[0]} failed`);
}

function makeFolders(): void {
  try {
    makeFolder(join(data, 'logs'));
    accessSync(join(data, 'logs'), constants.W_OK);
  } catch (error) {
    throw new StartFault(
      `The data folder ${data} cannot be written (${(error as Error).message}). Set SIAGA_DATA to one that can.`,
    );
  }
}

/** Node's own recursive `mkdirSync` never returns where a parent takes no entries (/proc): one step at a time does. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
}

/** Ids for which certificates are made; the platform checks the catalogue itself, with every fault. */
function stationIds(): string[] {
  runToEnd(['catalogue', 'check', catalogue]);
  const { stations } = parse(readFileSync(catalogue, 'utf8')) as { stations: { id: string }[] };
  return stations.map(({ id }) => id);
}

async function main(): Promise<number> {
  // Keys, accounts, messages and logs are for who starts it alone.
  process.umask(0o077);
  makeFolders();
  const ids = stationIds();
  runToEnd(['pki', 'init', '--dir', pki]);
  runToEnd(['pki', 'server', '--dir', pki]);
  runToEnd(['pki', 'device', '--dir', pki, ...ids]);

  const programs: Program[] = [];
  /** The one ending, whoever asks for it: it resolves for all of them when nothing runs any more. */
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= endAll(programs);
    return stopping;
  };
  const signalled = new Promise<number>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => {
        if (stopping === undefined) console.log('\nStopping …');
        void stop().then(() => done(0));
      });
  });

  /** Starts a program and waits for the line that says it is ready; null when a signal came first. */
  async function ready(
    isReady: (line: Line) => boolean,
    begin: (onLine: (line: Line) => void) => Program,
  ): Promise<Line | null> {
    const said = Promise.withResolvers<Line>();
    const program = begin((line) => {
      if (isReady(line)) said.resolve(line);
    });
    programs.push(program);
    const first = await Promise.race([said.promise, program.exited, signalled]);
    if (typeof first !== 'number') return first;
    if (stopping !== undefined) return null;
    await stop();
    throw new StartFault(program.complaints.join('\n') || `The ${program.name} stopped at once; see its log.`);
  }

  const simulating = env.SIAGA_SIM !== 'off';
  // Only where no mail server is set: the demonstration's e-mails then end in a mailbox of its own.
  let mailbox: Line | null = null;
  if (simulating && env.SIAGA_EMAIL === undefined) {
    mailbox = await ready(
      ({ event }) => event === 'mailbox',
      (onLine) => start('mailbox', siagaSim, ['mailbox', '--data', join(data, 'mailbox')], onLine),
    );
    if (mailbox === null) return 0;
  }
  const mailTo = mailbox === null ? {} : { SIAGA_EMAIL: `${mailbox.smtpUrl}?from=siaga@localhost` };
  const first = await ready(
    ({ msg }) => msg === 'listening',
    (onLine) => start('platform', siaga, ['serve'], onLine, mailTo),
  );
  if (first === null) return 0;
  say('Console', String(first.httpUrl).replace('127.0.0.1', 'localhost'));
  const link = setupLink();
  if (link !== undefined) say('Sign in', `${link}  (once: makes the first account)`);
  if (mailbox !== null) say('Mailbox', `${mailbox.httpUrl}  (the e-mails that alarms send)`);
  say('Gauges', `report to ${String(first.mqttUrl)}`);
  const near = relative(process.cwd(), data);
  say('Data', `${near === '' || near.startsWith('..') ? data : near}  (delete it to start afresh)`);

  if (simulating) {
    say('Simulator', 'Jakarta, 29–30 January 2014: filling in the last 24 hours …');
    const args = [
      'demo',
      '--data',
      join(data, 'simulator'),
      '--pki',
      pki,
      '--mqtt',
      String(first.mqttUrl),
      '--catalogue',
      catalogue,
    ];
    programs.push(start('simulator', siagaSim, args, tellOfDemo));
  }
  const ended = programs.map(async (program) => ({ program, code: await program.exited }));
  const outcome = await Promise.race([signalled, ...ended]);
  if (typeof outcome === 'number' || stopping !== undefined) {
    await stop();
    return 0;
  }
  await stop();
  const { program } = outcome;
  console.error(
    `The ${program.name} stopped by itself (exit code ${outcome.code}); log: ${join(data, 'logs', `${program.name}.log`)}`,
  );
  for (const line of program.complaints.slice(-5)) console.error(`  ${line}`);
  return 1;
}

/** Agents first: their last words still find the platform, and its last e-mails the mailbox. */
async function endAll(programs: readonly Program[]): Promise<void> {
  for (const { child, exited } of programs.toReversed()) {
    child.kill('SIGTERM');
    const impatience = setTimeout(() => child.kill('SIGKILL'), patienceMs);
    await exited;
    clearTimeout(impatience);
  }
}

/** The one-time link that makes the first account; it is there until somebody has used it. */
function setupLink(): string | undefined {
  try {
    return readFileSync(join(data, 'setup-link'), 'utf8').trim();
  } catch {
    return undefined;
  }
}

function tellOfDemo(line: Line): void {
  if (line.event === 'backfilled') say('', `${line.readings} readings stored by the agents; they now send them.`);
  if (line.event === 'live') say('Live', 'every gauge is reporting. Ctrl-C stops everything.');
}

function say(label: string, text: string): void {
  console.log(`  ${label.padEnd(10)} ${text}`);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    if (!(error instanceof StartFault)) throw error;
    console.error(error.message);
    process.exit(2);
  },
);

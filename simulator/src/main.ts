#!/usr/bin/env node
/** `siaga-sim`: the simulator's command line. */
import { type Clock, clockFromText, systemClock } from '@siaga/protocol';
import { Command, InvalidArgumentError } from 'commander';
import { type Logger, pino } from 'pino';
import { type DemoEvent, startDemo } from './demo/demo.ts';
import { faultGrammar, type StationFault, stationFaultFrom } from './fault-text.ts';
import { startMailbox } from './mailbox/mailbox.ts';
import { replay } from './replay/replay.ts';
import type { Verdict } from './replay/verdict.ts';

/** Reports go to stdout, everything else to stderr. */
function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function tell(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function fail(error: unknown): void {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}

function logToStderr(): Logger {
  return pino({ level: process.env.SIAGA_LOG ?? 'warn' }, pino.destination({ dest: 2, sync: true }));
}

function clockFromEnvironment(): Clock {
  const text = process.env.SIAGA_CLOCK;
  const clock = text ? clockFromText(text) : systemClock();
  if (clock === undefined) throw new Error('SIAGA_CLOCK: must be realAtMs/originMs/speed');
  return clock;
}

function numberWithin(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= low && value <= high))
      throw new InvalidArgumentError(`must be a number from ${low} to ${high}.`);
    return value;
  };
}

function addFault(text: string, faults: StationFault[]): StationFault[] {
  const fault = stationFaultFrom(text);
  if (!fault.ok) throw new InvalidArgumentError(fault.reason);
  return [...faults, fault.value];
}

function wholeWithin(low: number, high: number): (text: string) => number {
  const within = numberWithin(low, high);
  return (text) => {
    const value = within(text);
    if (!Number.isInteger(value)) throw new InvalidArgumentError('must be a whole number.');
    return value;
  };
}

/** Resolves at the first SIGINT or SIGTERM. Later ones change nothing: the ending is under way. */
function stopAsked(): Promise<void> {
  return new Promise((resolve) => {
    process.on('SIGINT', () => resolve());
    process.on('SIGTERM', () => resolve());
  });
}

type DemoFlags = {
  data: string;
  pki: string;
  mqtt: string;
  catalogue?: string;
  interval: number;
  ledger?: string;
  fault: StationFault[];
};

async function demo(flags: DemoFlags): Promise<void> {
  const asked = stopAsked();
  const running = startDemo({
    dataDir: flags.data,
    pkiDir: flags.pki,
    mqttUrl: flags.mqtt,
    clock: clockFromEnvironment(),
    log: logToStderr(),
    intervalS: flags.interval,
    faults: flags.fault,
    ...(flags.catalogue === undefined ? {} : { catalogue: flags.catalogue }),
    ...(flags.ledger === undefined ? {} : { ledgerFile: flags.ledger }),
    onEvent: (event: DemoEvent) => {
      tell(event);
      say(sentence(event));
    },
  });
  try {
    await Promise.race([running.live, asked]);
    await asked;
  } catch (error) {
    fail(error);
  } finally {
    await running.stop();
  }
}

function sentence(event: DemoEvent): string {
  if (event.event === 'backfilling') return `Back-filling: ${event.readings} of ${event.of} readings`;
  if (event.event === 'backfilled') return `Back-filled ${event.readings} readings in ${event.seconds} s`;
  return `${event.stations} gauges are live, each reporting every ${event.intervalS} s`;
}

type MailboxFlags = { data: string; smtpPort: number; httpPort: number };

async function mailbox({ data, smtpPort, httpPort }: MailboxFlags): Promise<void> {
  const asked = stopAsked();
  const running = await startMailbox({ folder: data, smtpPort, httpPort });
  const { smtpUrl, httpUrl } = running;
  tell({ event: 'mailbox', smtpUrl, httpUrl });
  say(`The mailbox takes mail at ${smtpUrl} and shows it at ${httpUrl}`);
  await asked;
  await running.close();
}

type ReplayFlags = {
  station: string;
  speed?: number;
  noise: number;
  sensor?: string;
  catalogue?: string;
  data?: string;
  httpPort: number;
  rows?: number;
  stay?: true;
  json?: true;
};

async function replayFile(
  file: string,
  { station, noise, httpPort, stay, json, data, ...flags }: ReplayFlags,
): Promise<void> {
  const stopping = new AbortController();
  const asked = stopAsked();
  void asked.then(() => stopping.abort());
  await replay({
    file,
    station,
    log: logToStderr(),
    noiseMm: noise,
    httpPort,
    ...flags,
    ...(data === undefined ? {} : { dataDir: data }),
    signal: stopping.signal,
    say,
    async onVerdict(verdict, httpUrl) {
      if (json) tell({ station, httpUrl, ...verdict });
      else process.stdout.write(`${verdictText(verdict)}\n`);
      if (!verdict.ok) process.exitCode = 1;
      if (!stay) return;
      say(`The page stays at ${httpUrl} until Ctrl-C`);
      await asked;
    },
  });
}

function verdictText(verdict: Verdict): string {
  const { rows, readings, missing, twice, foreign, off, maxDifferenceMm, maxDifferenceMs, ok } = verdict;
  return [
    `${rows} rows, ${readings} readings: ${missing} missing, ${twice} twice, ${foreign} at a foreign time, ${off} off`,
    `largest difference: ${maxDifferenceMm} mm, ${maxDifferenceMs} ms`,
    ok ? 'Every row came back once, in its own time, within 1 cm.' : 'The record did NOT come back whole.',
  ].join('\n');
}

const program = new Command('siaga-sim')
  .description('Rivers, gauges and faults that are not there')
  // 1 is a replay's bad verdict; a command line that cannot work is 2, like every setting.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));

program
  .command('demo')
  .description('play the Jakarta network with one real agent a gauge; goes on where it was in the same --data')
  .requiredOption('--data <dir>', 'folder of outboxes and state')
  .requiredOption('--pki <dir>', 'certificates, as siaga pki makes them')
  .requiredOption('--mqtt <url>', 'the broker, mqtts://host:port')
  .option('--catalogue <file>', 'another siaga.yaml for the same stations')
  .option('--interval <s>', "seconds between a gauge's readings", wholeWithin(1, 3600), 15)
  .option('--ledger <file>', 'keep a record of every burst written')
  .option(
    '--fault <station:fault=value>',
    `let a live gauge misbehave; may be given often: ${faultGrammar}`,
    addFault,
    [],
  )
  .action(demo);

program
  .command('replay')
  .description('play a recorded gauge (columns time_utc,stage_m) through a tty, an agent and a platform of its own')
  .argument('<file>', 'the record, CSV')
  .requiredOption('--station <id>', 'station id to play it as')
  .option('--speed <n>', 'times real time; by itself chosen so that a row takes about 20 ms', numberWithin(1, 1e7))
  .option('--noise <mm>', 'standard deviation of the sensor noise', numberWithin(0, 1000), 0)
  .option('--sensor <name>', 'the instrument; by itself one whose span fits')
  .option('--catalogue <file>', 'a siaga.yaml that knows the station; by itself one is made')
  .option('--data <dir>', 'an empty folder to keep everything in; a temporary one by itself')
  .option('--http-port <n>', 'port of the page; a free one by itself', wholeWithin(0, 65_535), 0)
  .option('--rows <n>', 'only the first rows', wholeWithin(1, 1e9))
  .option('--stay', 'keep the page up after the verdict, until Ctrl-C')
  .option('--json', 'the verdict as one JSON line')
  .action(replayFile);

program
  .command('mailbox')
  .description('take every e-mail that comes, keep it, and show it on a page: nothing leaves this machine')
  .requiredOption('--data <dir>', 'folder to keep the messages in')
  .option('--smtp-port <n>', 'port for mail; a free one by itself', wholeWithin(0, 65_535), 0)
  .option('--http-port <n>', 'port of the page; a free one by itself', wholeWithin(0, 65_535), 0)
  .action(mailbox);

await program.parseAsync().catch(fail);

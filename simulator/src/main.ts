#!/usr/bin/env node
/** `siaga-sim`: the simulator's command line. */
import { type Clock, clockFromText, systemClock } from '@siaga/protocol';
import { Command, InvalidArgumentError } from 'commander';
import { pino } from 'pino';
import { type DemoEvent, startDemo } from './demo/demo.ts';

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

/** Resolves at the first SIGINT or SIGTERM. Later ones change nothing: the ending is under way. */
function stopAsked(): Promise<void> {
  return new Promise((resolve) => {
    process.on('SIGINT', () => resolve());
    process.on('SIGTERM', () => resolve());
  });
}

type DemoFlags = { data: string; pki: string; mqtt: string; catalogue?: string; interval: number; ledger?: string };

async function demo(flags: DemoFlags): Promise<void> {
  const asked = stopAsked();
  const running = startDemo({
    dataDir: flags.data,
    pkiDir: flags.pki,
    mqttUrl: flags.mqtt,
    clock: clockFromEnvironment(),
    log: pino({ level: process.env.SIAGA_LOG ?? 'warn' }, pino.destination({ dest: 2, sync: true })),
    intervalS: flags.interval,
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

const program = new Command('siaga-sim').description('Rivers, gauges and faults that are not there');

program
  .command('demo')
  .description('play the Jakarta network with one real agent a gauge; goes on where it was in the same --data')
  .requiredOption('--data <dir>', 'folder of outboxes and state')
  .requiredOption('--pki <dir>', 'certificates, as siaga pki makes them')
  .requiredOption('--mqtt <url>', 'the broker, mqtts://host:port')
  .option('--catalogue <file>', 'another siaga.yaml for the same stations')
  .option('--interval <s>', "seconds between a gauge's readings", numberWithin(1, 3600), 15)
  .option('--ledger <file>', 'keep a record of every burst written')
  .action(demo);

await program.parseAsync().catch(fail);

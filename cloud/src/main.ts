#!/usr/bin/env node
/** `siaga`: the platform's command line. What a person can mend is one sentence on stderr and exit code 2. */
import { resolve } from 'node:path';
import { systemClock } from '@siaga/protocol';
import { Command } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { addAlarmsCommands } from './alarms-command.ts';
import { addAuditCommands } from './audit-command.ts';
import { readCatalogue } from './catalogue-file.ts';
import { type Config, loadConfig } from './config.ts';
import { isPlatformError, platformError } from './errors.ts';
import { addPkiCommands } from './fleet/pki/command.ts';
import { createLog } from './log.ts';
import { addPeopleCommands } from './people/command.ts';
import { addWatchCommand } from './watch/command.ts';

const say = (line: string) => void process.stdout.write(`${line}\n`);

function configuration(): Config {
  const loaded = loadConfig(process.env);
  if (!loaded.ok) throw platformError('config-invalid', loaded.faults.join('\n'));
  return loaded.config;
}

/** The state of a store that may be running: it is left to who runs it. */
async function openBeside(url: string, options: { readonly readOnly: boolean }) {
  const { openSqliteBeside } = await import('./store/sqlite/index.ts');
  return openSqliteBeside(url, options);
}

async function serve(): Promise<void> {
  const config = configuration();
  // What is kept of people is for the owner of the process alone.
  process.umask(0o077);
  const log = createLog(config.logLevel);
  let signals = 0;
  let stop: (() => void) | undefined;
  const asked = new Promise<void>((done) => {
    stop = done;
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      signals += 1;
      if (signals > 1) process.exit(1);
      stop?.();
    });
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (error: unknown) => {
      log.fatal({ err: error }, event);
      process.exit(1);
    });
  const { startPlatform } = await import('./platform.ts');
  const platform = await startPlatform(config, {
    log,
    onLost(error) {
      log.fatal({ err: error }, 'another process has taken the store over');
      process.exit(1);
    },
  });
  await asked;
  log.info('stopping');
  await platform.stop();
  log.info('stopped');
}

const program = new Command('siaga')
  .description('Siaga, the flood-monitoring platform. Settings come from the environment: docs/operate.md')
  .version(packageJson.version);
program.command('serve').description('run broker, store, judge and console').action(serve);
addPkiCommands(program, say);
addPeopleCommands(
  program,
  async () => {
    const { storeUrl, httpPort, origin, clock, tls } = configuration();
    const nowMs = (clock ?? systemClock()).now;
    return {
      ...(await openBeside(storeUrl, { readOnly: false })),
      nowMs,
      origin: origin ?? `http${tls === null ? '' : 's'}://localhost:${httpPort}`,
    };
  },
  say,
);
addWatchCommand(program);
addAlarmsCommands(
  program,
  async () => {
    const { storeUrl, cataloguePath } = configuration();
    const { openSqliteReadings } = await import('./store/sqlite/index.ts');
    const { openMemory } = await import('./store/index.ts');
    return { catalogue: readCatalogue(cataloguePath), ...openSqliteReadings(storeUrl), scratch: openMemory };
  },
  say,
);
addAuditCommands(program, {
  open: (url, options) => openBeside(url ?? configuration().storeUrl, options),
  nowMs: () => (configuration().clock ?? systemClock()).now(),
  say,
});
program
  .command('store')
  .description('the database')
  .command('restored')
  .description('run once after putting back a backup, before serve: devices then send again what it lacks')
  .action(async () => {
    const { storeUrl } = configuration();
    const { renewSqlite } = await import('./store/sqlite/index.ts');
    renewSqlite(storeUrl);
    say(`${storeUrl}: has a new identity; devices will send again what it lacks and they still keep`);
  });
program
  .command('catalogue')
  .description('the stations’ file')
  .command('check')
  .description('list every fault of a catalogue, or say that there is none')
  .argument('<file>')
  .action((file: string) => {
    const { stations, reaches } = readCatalogue(resolve(file));
    say(`${file}: ${stations.length} stations, ${reaches.length} reaches, no faults`);
  });

try {
  await program.parseAsync();
  process.exit();
} catch (error) {
  if (!isPlatformError(error)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(2);
}

#!/usr/bin/env node
/** `siaga-agent`: the field agent's command line. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Command } from 'commander';
import { pino } from 'pino';
import { startAgent } from './agent.ts';
import { addProvisionCommand } from './cli/provision.ts';
import { loadConfig, resolvePaths } from './config.ts';
import { agentError, messageOf } from './errors.ts';

async function run({ config: path }: { config: string }): Promise<void> {
  const text = await readFile(path, 'utf8').catch((error) => {
    throw agentError('config-invalid', `cannot read the settings: ${messageOf(error)}`, error);
  });
  const settings = loadConfig(text, process.env);
  if (!settings.ok) {
    const faults = 'faults' in settings ? settings.faults : [settings.reason];
    throw agentError('config-invalid', faults.map((fault) => `${path}: ${fault}`).join('\n'));
  }
  const { config, clock, logLevel } = settings.value;
  const log = pino({ level: logLevel });
  const agent = await startAgent({ config: resolvePaths(config, dirname(resolve(path))), clock, log });
  const { stream, lastSeq } = agent.status();
  log.info({ station: config.station, stream, lastSeq }, 'started');
  const stop = () =>
    agent.stop().then(
      () => process.exit(0),
      (error) => {
        log.error({ err: messageOf(error) }, 'not stopped in order');
        process.exit(1);
      },
    );
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

const program = new Command('siaga-agent').description('Field agent: a gauge on a serial line, to the platform');
program
  .command('run')
  .description('read the gauges, keep every reading, send it')
  .requiredOption('--config <file>', 'settings (YAML)')
  .action(run);
addProvisionCommand(program);

program.parseAsync().catch((error) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 2;
});

/** `siaga-agent provision`: gets this device its certificate, the first one or the one after a card swap. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { pino } from 'pino';
import { loadConfig, resolvePaths } from '../config.ts';
import { agentError, messageOf } from '../errors.ts';

type Options = { readonly config: string; readonly renew?: boolean };

export function addProvisionCommand(program: Command): void {
  program
    .command('provision')
    .description('get this device its certificate: makes a key that stays here, and asks with the claim certificate')
    .requiredOption('--config <file>', 'settings (YAML)')
    .option('--renew', 'ask with the present certificate instead of the claim')
    .action(provision);
}

async function provision({ config: path, renew = false }: Options): Promise<void> {
  const text = await readFile(path, 'utf8').catch((error) => {
    throw agentError('config-invalid', `cannot read the settings: ${messageOf(error)}`, error);
  });
  const settings = loadConfig(text, process.env);
  if (!settings.ok) {
    const faults = 'faults' in settings ? settings.faults : [settings.reason];
    throw agentError('config-invalid', faults.map((fault) => `${path}: ${fault}`).join('\n'));
  }
  const config = resolvePaths(settings.value.config, dirname(resolve(path)));
  const { station, uplink, provision: section } = config;
  if (!section || !uplink)
    throw agentError('config-invalid', `${path}: provision: is missing; docs/certificates.md shows what it needs`);
  const { obtain } = await import('../provision/obtain.ts');
  const log = pino({ level: 'silent' });
  const obtained = await obtain({ station, uplink, provision: section, log }, renew ? 'own' : 'claim');
  const until = new Date(obtained.expiresAtMs).toISOString().slice(0, 10);
  process.stdout.write(`${station} has its certificate, good until ${until}: ${dirname(uplink.cert)}\n`);
  process.exit(0);
}

/** `siaga-agent provision`: gets this device its certificate, the first one or the one after a card swap. */
import { dirname } from 'node:path';
import { pino } from 'pino';
import { agentError } from '../errors.ts';
import { becomeOwnerOf } from '../service/owner.ts';
import { type CliCommand, configOption } from './command.ts';
import { settingsOrFaults } from './settings-file.ts';

export const provision: CliCommand = (program) => {
  program
    .command('provision')
    .description('get this device its certificate: makes a key that stays here, and asks with the claim')
    .option(...configOption)
    .option('--renew', 'ask with the present certificate instead of the claim')
    .addHelpText('after', '\nA running agent uses it from its next connection on. Guide: docs/certificates.md')
    .action(obtainOne);
};

async function obtainOne({ config: path, renew = false }: { config?: string; renew?: boolean }): Promise<void> {
  const { config } = await settingsOrFaults(path, process.env);
  const { station, uplink, provision: section } = config;
  if (!section || !uplink)
    throw agentError(
      'config-invalid',
      'provision: is missing in the settings; docs/certificates.md shows what it needs',
    );
  await becomeOwnerOf(config.data);
  const { obtain } = await import('../provision/obtain.ts');
  const log = pino({ level: 'silent' });
  const { expiresAtMs } = await obtain({ station, uplink, provision: section, log }, renew ? 'own' : 'claim');
  const until = new Date(expiresAtMs).toISOString().slice(0, 10);
  process.stdout.write(`${station} has its certificate, good until ${until}: ${dirname(uplink.cert)}\n`);
  process.exit(0);
}

/** `siaga-agent maintenance 60m`: says that a technician is at work, before anybody touches the sensor. */
import { userInfo } from 'node:os';
import { InvalidArgumentError } from 'commander';
import { agentError } from '../errors.ts';
import { type CliCommand, configOption } from './command.ts';

const unitMs = { m: 60_000, h: 3_600_000 } as const;
const longestMs = 24 * 3_600_000;

export const maintenance: CliCommand = (program) => {
  program
    .command('maintenance')
    .description('a technician is at work: readings judge nothing until it ends, by itself or by off')
    .argument('<how-long>', '60m, 2h, or off', spanOf)
    .option(...configOption)
    .addHelpText('after', '\nExample: siaga-agent maintenance 60m')
    .action(async (lengthMs: number, options: { config?: string }) => {
      const { settingsOrFaults } = await import('./settings-file.ts');
      const { agentAt } = await import('../control/client.ts');
      const { config } = await settingsOrFaults(options.config, process.env);
      const agent = await agentAt(config.data);
      if (agent === null)
        throw agentError('control-refused', 'no agent runs here: start it first (systemctl start siaga-agent)');
      const { nowMs } = await agent.status();
      const untilMs = lengthMs > 0 ? nowMs + lengthMs : null;
      await agent.maintenance({ untilMs, by: process.env.SUDO_USER ?? userInfo().username });
      const words =
        untilMs === null
          ? 'Maintenance has ended.'
          : `Maintenance for ${lengthMs / unitMs.m} min, until ${new Date(untilMs).toISOString().slice(0, 16).replace('T', ' ')} UTC.`;
      process.stdout.write(`${config.station}: ${words}\n`);
    });
};

/** Length of a span in ms, 0 for `off`. */
function spanOf(text: string): number {
  if (text === 'off') return 0;
  const [, digits, unit] = /^(\d{1,4})([mh])$/.exec(text) ?? [];
  const lengthMs = Number(digits) * unitMs[(unit ?? 'm') as keyof typeof unitMs];
  if (lengthMs > 0 && lengthMs <= longestMs) return lengthMs;
  throw new InvalidArgumentError('Give minutes or hours, a day at most (60m, 2h), or off.');
}

/** `siaga-agent status`: how the running agent is, on one screen. */
import { type CliCommand, configOption } from './command.ts';

export const status: CliCommand = (program) => {
  program
    .command('status')
    .description('how the running agent is')
    .option(...configOption)
    .option('--json', 'for programs')
    .addHelpText('after', '\nExit code: 0 the agent runs, 2 it does not.')
    .action(async (options: { config?: string; json?: boolean }) => {
      const { showStatus } = await import('./show-status.ts');
      await showStatus(options);
    });
};

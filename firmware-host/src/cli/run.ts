/** `siaga-agent run`: the agent itself, until it is told to stop. */
import { type CliCommand, configOption } from './command.ts';

export const run: CliCommand = (program) => {
  program
    .command('run')
    .description('read the gauges, keep every reading, send it')
    .option(...configOption)
    .action(async ({ config }: { config?: string }) => {
      const { runAgent } = await import('../service/run-agent.ts');
      await runAgent(config, process.env);
      // Handles of native libraries may keep the process.
      process.exit(0);
    });
};

/** `siaga-agent config check` and `config schema`. */
import { type CliCommand, configOption } from './command.ts';

export const config: CliCommand = (program) => {
  const group = program.command('config').description('the settings: check them, or print their schema');
  group
    .command('check')
    .description('list every fault; else each value in force, and where it comes from')
    .option(...configOption)
    .option('--json', 'for programs')
    .addHelpText('after', '\nExit code: 0 sound, 1 a variable of the environment sets nothing, 2 faults.')
    .action(async (options: { config?: string; json?: boolean }) => {
      const { checkConfig } = await import('./check-config.ts');
      process.exitCode = await checkConfig(options);
    });
  group
    .command('schema')
    .description('print the JSON Schema of the file')
    .action(async () => {
      const { fileSchema } = await import('../config/file-schema.ts');
      process.stdout.write(`${JSON.stringify(fileSchema(), null, 2)}\n`);
    });
  group
    .command('reference')
    .description('print every setting with bounds and default (Markdown)')
    .action(async () => {
      const { configReference } = await import('../config/reference.ts');
      process.stdout.write(configReference());
    });
};

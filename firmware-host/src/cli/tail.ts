/** `siaga-agent tail`: the bytes of the lines, what they mean, and the readings made of them, as they come. */
import { type CliCommand, configOption } from './command.ts';
import type { TailOptions } from './show-tail.ts';

export const tail: CliCommand = (program) => {
  program
    .command('tail')
    .description('live frames: bytes, meaning, readings (Ctrl-C ends it)')
    .option(...configOption)
    .option('--gauge <id>', 'of one gauge only')
    .option('--seconds <n>', 'end after so long', Number)
    .option('--json', 'one JSON object a line, for programs')
    .addHelpText(
      'after',
      '\nAsks the running agent, which measures on meanwhile. Without one it opens the\nlines itself and stores nothing.',
    )
    .action(async (options: TailOptions) => {
      const { showTail } = await import('./show-tail.ts');
      await showTail(options);
    });
};

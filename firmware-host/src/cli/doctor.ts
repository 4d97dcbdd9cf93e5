/** `siaga-agent doctor`: looks at everything between the sensor and the platform, and says how to mend what ails. */
import { type CliCommand, configOption } from './command.ts';
import type { DoctorOptions } from './doctor/run.ts';

export const doctor: CliCommand = (program) => {
  program
    .command('doctor')
    .description('look at everything from sensor to platform, and say how to mend it')
    .option(...configOption)
    .option('--seconds <n>', 'how long to listen to the sensors', Number, 5)
    .option('--offline', 'leave out what needs the network')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      `
Asks the running agent, which measures on meanwhile. Without one it opens the
lines itself. As root (sudo) it sees more: who holds a port, for one.

Exit code: 0 all PASS, 1 something to see to (WARN), 2 something FAILs.`,
    )
    .action(async (options: DoctorOptions) => {
      const { runDoctor } = await import('./doctor/run.ts');
      // What a check that was given up still waits for must not keep the process.
      process.exit(await runDoctor(options));
    });
};

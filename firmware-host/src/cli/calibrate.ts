/** `siaga-agent calibrate`: leads through a calibration, or lists those that were made. */
import { type CliCommand, configOption } from './command.ts';

export const calibrate: CliCommand = (program) => {
  program
    .command('calibrate')
    .description('bar check, measured drop, second point, level, staff gauge: ends with a signed record')
    .option(...configOption)
    .option('--gauge <id>', 'which gauge, where the station has several')
    .option('--list', 'show the calibrations made with this device, and whether their signatures hold')
    .addHelpText('after', '\nIt wants maintenance first: siaga-agent maintenance 60m')
    .action(async (options: { config?: string; gauge?: string; list?: boolean }) => {
      const { listCalibrations, runCalibration } = await import('./run-calibration.ts');
      await (options.list ? listCalibrations(options) : runCalibration(options));
    });
};

/** The commands of `siaga-agent`. Adding one is its file and a line here. */
import { calibrate } from './calibrate.ts';
import type { CliCommand } from './command.ts';
import { config } from './config.ts';
import { doctor } from './doctor.ts';
import { maintenance } from './maintenance.ts';
import { provision } from './provision.ts';
import { run } from './run.ts';
import { status } from './status.ts';
import { tail } from './tail.ts';

export const commands: readonly CliCommand[] = [run, doctor, status, tail, maintenance, calibrate, provision, config];

#!/usr/bin/env node
/** `siaga-agent`: the field agent's command line. */
import { Command } from 'commander';
import { commands } from './cli/index.ts';
import { messageOf } from './errors.ts';
import { agentVersion } from './version.ts';

const program = new Command('siaga-agent')
  .description('Field agent: a gauge on a serial line, to the platform')
  .version(agentVersion)
  .configureHelp({ helpWidth: 80 })
  .showHelpAfterError('(siaga-agent --help lists the commands)');
for (const add of commands) add(program);

program.parseAsync().catch((error) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 2;
});

#!/usr/bin/env node
/** `siaga-agent`: the field agent's command line. */
import { Command } from 'commander';
import { commands } from './cli/index.ts';
import { messageOf } from './errors.ts';
import { agentVersion } from './version.ts';

/** As a program has it that SIGPIPE ends: 128 + 13. */
const brokenPipeCode = 141;
const faultCode = 2;

// Whoever reads us through a pipe may have seen enough (`| head`); a full disk takes no more of it.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(brokenPipeCode);
    if (stream !== process.stderr) process.stderr.write(`the output cannot be written: ${error.message}\n`);
    process.exit(faultCode);
  });

const program = new Command('siaga-agent')
  .description('Field agent: a gauge on a serial line, to the platform')
  .version(agentVersion)
  .configureHelp({ helpWidth: 80 })
  .showHelpAfterError('(siaga-agent --help lists the commands)')
  // 1 is the doctor's WARN.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : faultCode));
for (const add of commands) add(program);

program.parseAsync().catch((error) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = faultCode;
});

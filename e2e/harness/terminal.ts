import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { eventually } from './eventually.ts';
import { root } from './folders.ts';

/** What a command said, and how it ended. */
export type Typed = { readonly code: number | null; readonly out: string; readonly err: string };

/** A command of `siaga-agent` at which somebody sits. */
export type Terminal = {
  /** Types an answer when the question has come, after the last one. */
  answer(question: string, text: string): Promise<void>;
  /** Waits for words that come after those of the last call. */
  says(words: string): Promise<void>;
  readonly ended: Promise<Typed>;
};

/**
 * Runs `siaga-agent` as a technician types it, in a process of its own: the test's process goes on playing the sensor.
 * `launcher`: an installed agent's; the checkout's own without.
 */
export function atTerminal(args: readonly string[], launcher?: string): Terminal {
  const script = join(root, 'firmware-host/src/main.ts');
  const [command, before] = launcher ? [launcher, []] : [process.execPath, [script]];
  const child = spawn(command, [...before, ...args], { cwd: root, env: { ...process.env, LC_ALL: 'C' } });
  const said = { out: '', err: '' };
  let at = 0;
  child.stdout.on('data', (chunk) => {
    said.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said.err += chunk;
  });
  const ended = new Promise<Typed>((done) => child.on('close', (code) => done({ code, ...said })));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const says = async (words: string): Promise<void> => {
    await eventually(`siaga-agent ${args[0]} says ${words}`, () => {
      const found = said.out.indexOf(words, at);
      if (found < 0 && child.exitCode !== null) throw new Error(`it ended before ${words}: ${said.out}${said.err}`);
      if (found < 0) return undefined;
      at = found + words.length;
      return true;
    }).catch((error: Error) => {
      throw new Error(`${error.message}: ${said.out.slice(at)}${said.err}`);
    });
  };
  return {
    says,
    async answer(question, text) {
      await says(question);
      child.stdin.write(`${text}\n`);
    },
    ended,
  };
}

/** Runs a command of `siaga-agent` to its end. */
export function typed(args: readonly string[], launcher?: string): Promise<Typed> {
  return atTerminal(args, launcher).ended;
}

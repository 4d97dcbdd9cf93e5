/** Runs the checks one after the other and tells of each as it ends. */
import { agentAt, type ControlClient } from '../../control/client.ts';
import { agentError, messageOf } from '../../errors.ts';
import { pause } from '../../wait.ts';
import { readSettings } from '../settings-file.ts';
import { paintFor } from '../terminal.ts';
import { type Check, type Finding, fail, type Verdict, type World } from './check.ts';
import { checks } from './index.ts';
import { reportText, summary } from './report.ts';

export type DoctorOptions = { config?: string; json?: boolean; seconds: number; offline?: boolean };

type Told = Finding & { readonly check: string };

const exitCodes: Readonly<Record<Verdict, number>> = { pass: 0, warn: 1, fail: 2 };
/** Beside the listening, no check may take longer. */
const longestCheckMs = 60_000;

/** Prints; gives the exit code. */
export async function runDoctor({ config, json, seconds, offline }: DoctorOptions): Promise<number> {
  if (!(seconds > 0 && seconds <= 600)) throw agentError('config-invalid', '--seconds: must be from 1 to 600');
  const world = await lookAround(config, seconds * 1_000);
  const paint = paintFor(process.stdout, process.env);
  const told: Told[] = [];
  for (const check of checks) {
    if (offline && check.online) continue;
    for (const finding of await examine(check, world)) {
      told.push({ check: check.name, ...finding });
      if (!json) process.stdout.write(`${reportText(check.name, finding, paint).join('\n')}\n`);
    }
  }
  const verdict = worst(told);
  if (json) process.stdout.write(`${JSON.stringify({ verdict, findings: told })}\n`);
  else process.stdout.write(`\n${summary(told, paint)}\n`);
  return exitCodes[verdict];
}

/** A check that breaks is a finding too. */
export async function examine(check: Check, world: World): Promise<readonly Finding[]> {
  const { settings } = world.file;
  if (check.needs === 'settings' && settings === null) return [];
  const ending = new AbortController();
  const limitMs = longestCheckMs + 2 * world.listenMs;
  try {
    const run = check.needs === 'nothing' ? check.run(world) : settings ? check.run(world, settings.config) : [];
    return await Promise.race([
      run,
      pause(limitMs, ending.signal).then(() => [
        fail(`no answer within ${limitMs / 1_000} s`, 'tell those who made this program'),
      ]),
    ]);
  } catch (error) {
    return [
      fail(`could not be looked at: ${messageOf(error)}`, 'try with sudo; else tell those who made this program'),
    ];
  } finally {
    ending.abort();
  }
}

async function lookAround(config: string | undefined, listenMs: number): Promise<World> {
  const file = await readSettings(config, process.env);
  const data = file.settings?.config.data;
  let refusal: string | null = null;
  const refused = (error: unknown) => {
    refusal = messageOf(error);
    return null;
  };
  const agent: ControlClient | null = data === undefined ? null : await agentAt(data).catch(refused);
  const status = agent ? await agent.status().catch(refused) : null;
  return { file, agent, status, refusal, root: '/', env: process.env, nowMs: Date.now, listenMs };
}

function worst(findings: readonly Finding[]): Verdict {
  if (findings.some(({ verdict }) => verdict === 'fail')) return 'fail';
  return findings.some(({ verdict }) => verdict === 'warn') ? 'warn' : 'pass';
}

import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { type Check, type Finding, fail, pass, warn } from './check.ts';

const unit = 'siaga-agent.service';
const manyRestarts = 5;

/** The agent's service, where systemd runs the machine. */
export const service: Check = {
  name: 'service',
  needs: 'nothing',
  async run({ root, env }) {
    const isThere = await access(join(root, 'run/systemd/system')).then(
      () => true,
      () => false,
    );
    return isThere ? judgeService(await show(env)) : [];
  },
};

/** By what `systemctl show` says of the unit; null when it says nothing. Pure. */
export function judgeService(unitState: Readonly<Record<string, string>> | null): Finding[] {
  if (unitState === null) return [warn('systemctl does not answer', 'try with sudo')];
  const { LoadState, ActiveState, SubState, UnitFileState, NRestarts, Result } = unitState;
  if (LoadState !== 'loaded')
    return [warn(`${unit} is not installed`, 'install the package siaga-agent, or run the agent by hand')];
  const state = `${ActiveState} (${SubState})`;
  const boot: Finding[] =
    UnitFileState === 'enabled' ? [] : [warn('it does not start at boot', 'sudo systemctl enable siaga-agent')];
  if (ActiveState !== 'active' && ActiveState !== 'activating')
    return [
      fail(
        `${state}, last result ${Result}`,
        'sudo systemctl start siaga-agent; why it ended: journalctl -u siaga-agent -n 50',
      ),
      ...boot,
    ];
  const restarts = Number(NRestarts ?? 0);
  if (ActiveState === 'activating' || restarts >= manyRestarts)
    return [
      warn(`${state}, restarted ${restarts} times, last result ${Result}`, 'journalctl -u siaga-agent -n 50'),
      ...boot,
    ];
  return [pass(`${state}, restarted ${restarts} times`), ...boot];
}

function show(env: NodeJS.ProcessEnv): Promise<Record<string, string> | null> {
  const properties = 'LoadState,ActiveState,SubState,UnitFileState,NRestarts,Result';
  return new Promise((resolve) => {
    execFile('systemctl', ['show', unit, `--property=${properties}`], { timeout: 10_000, env }, (error, stdout) => {
      const pairs = stdout
        .trim()
        .split('\n')
        .map((line): [string, string] => {
          const at = line.indexOf('=');
          return [line.slice(0, at), line.slice(at + 1)];
        });
      resolve(error ? null : Object.fromEntries(pairs));
    });
  });
}

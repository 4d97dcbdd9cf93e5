/** The file of settings: where it is, what it says, and all that is wrong with it. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { type AgentSettings, loadConfig, resolvePaths } from '../config.ts';
import { agentError, messageOf, systemCodeOf } from '../errors.ts';
import { readKept } from '../remote/kept-settings.ts';

const name = 'siaga-agent.yaml';
const installed = `/etc/siaga-agent/${name}`;

export type SettingsFile = {
  readonly path: string;
  /** With paths resolved; null when there are faults. */
  readonly settings: AgentSettings | null;
  /** `<path>: <field>: <words>`. */
  readonly faults: readonly string[];
  /** What to do about the faults. */
  readonly mend: string;
};

/** The file that is meant where none is named: that of the installed agent, else the one in this folder. */
export function settingsPath(given: string | undefined): string {
  return given ?? (existsSync(installed) ? installed : name);
}

/** Reads the settings as an agent would: the file, what the platform has changed, the environment. */
export async function readSettings(given: string | undefined, env: NodeJS.ProcessEnv): Promise<SettingsFile> {
  const path = settingsPath(given);
  const refused = (faults: readonly string[]): SettingsFile => ({
    path,
    settings: null,
    faults: faults.map((fault) => `${path}: ${fault}`),
    mend: `edit ${path}; then: siaga-agent config check${given === undefined ? '' : ` --config ${path}`}`,
  });
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    return { path, settings: null, ...unread(path, given, error) };
  }
  const bare = loadConfig(text, env);
  if (!bare.ok) return refused('faults' in bare ? bare.faults : [bare.reason]);
  const folder = dirname(resolve(path));
  const { inForce } = await readKept(within(folder, bare.value.config.data));
  const whole = loadConfig(text, env, inForce);
  const { value } = whole.ok ? whole : bare;
  return { path, settings: { ...value, config: resolvePaths(value.config, folder) }, faults: [], mend: '' };
}

/** The settings, or a rejection with `config-invalid` that lists every fault. */
export async function settingsOrFaults(given: string | undefined, env: NodeJS.ProcessEnv): Promise<AgentSettings> {
  const { settings, faults } = await readSettings(given, env);
  if (settings === null) throw agentError('config-invalid', faults.join('\n'));
  return settings;
}

/** Why the file could not be read, in the words of someone who can mend it. */
function unread(path: string, given: string | undefined, error: unknown): Pick<SettingsFile, 'faults' | 'mend'> {
  const name = 'name the file: --config FILE';
  const says = (words: string, mend: string) => ({
    faults: [`cannot read the settings: ${words}; ${mend}`],
    mend: 'then again: siaga-agent doctor',
  });
  switch (systemCodeOf(error)) {
    case 'ENOENT':
      return says(`${path} is not there${given === undefined ? `, nor is ${installed}` : ''}`, name);
    case 'EISDIR':
      return says(`${path} is a folder`, name);
    case 'EACCES':
      return says(`this user may not read ${path}`, 'run this with sudo');
    default:
      return says(messageOf(error), name);
  }
}

function within(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}

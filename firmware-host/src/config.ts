/**
 * The agent's settings: one YAML file, every field bounded, every fault listed at once. Secrets are named
 * by path and have no default. Each section is declared by the room that it is for; adding one is a line here.
 */
import { type Clock, clockFromText, type Parsed, parsed, refused, StationId, systemClock } from '@siaga/protocol';
import { type Static, Type } from 'typebox';
import { parseDocument } from 'yaml';
import { cadenceSection } from './cadence/config.ts';
import { type Environment, overridden, withValue } from './config/environment.ts';
import { gaugesSection } from './config/gauges.ts';
import { isRecord, judge } from './config/judge.ts';
import { withPathsFrom } from './config/paths.ts';
import { samplingSection } from './config/sampling.ts';
import { type ConfigSection, FilePath } from './config/section.ts';
import { messageOf } from './errors.ts';
import { machineSection } from './machine/config.ts';
import { storageSection } from './outbox/config.ts';
import { provisionSection } from './provision/config.ts';
import { remoteSection } from './remote/config.ts';
import type { RemoteSettings } from './remote/settings.ts';
import { uplinkSection } from './uplink/config.ts';

const station = Type.String({
  ...StationId,
  patternErrorMessage: 'must be lower-case letters, digits and hyphens, at least two of them',
  description: "The station's id: as in the catalogue, and as the CN of the device certificate",
});
const data = FilePath({ description: 'Folder where readings wait until the platform has them; one agent a folder' });

const sections = {
  station: { schema: station },
  data: { schema: data },
  sampling: samplingSection,
  gauges: gaugesSection,
  cadence: cadenceSection,
  storage: { ...storageSection, schema: Type.Optional(storageSection.schema) },
  uplink: uplinkSection,
  provision: provisionSection,
  machine: { ...machineSection, schema: Type.Optional(machineSection.schema) },
  remote: remoteSection,
} satisfies Record<string, ConfigSection>;

type Schemas = { [K in keyof typeof sections]: (typeof sections)[K]['schema'] };
const schemas = Object.fromEntries(Object.entries(sections).map(([name, { schema }]) => [name, schema])) as Schemas;

export const AgentConfig = Type.Object(schemas, { additionalProperties: false, $id: 'AgentConfig' });
export type AgentConfig = Static<typeof AgentConfig>;
export type { UplinkConfig } from './uplink/config.ts';

/** Where an effective value comes from: the file, the schema's default, a variable of the environment, or a command. */
export type Origin = 'file' | 'default' | 'platform' | `env ${string}`;

export type AgentSettings = {
  readonly config: AgentConfig;
  readonly clock: Clock;
  readonly logLevel: string;
  /** What does no harm but is hardly meant: variables that set nothing. */
  readonly warnings: readonly string[];
  /** Where the value of a field (`uplink.url`, `gauges.0.port`) comes from. */
  originOf(field: string): Origin;
};

export type Faults = { readonly ok: false; readonly faults: readonly string[] };

/** One slip makes many; a file that is no text makes thousands. */
const mostYamlFaults = 5;

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

/**
 * Reads the settings; pure. Every fault is one sentence that names its field. `remote`, what the platform has
 * changed, lies over the file; the environment lies over both.
 */
export function loadConfig(
  text: string,
  env: Environment,
  remote: RemoteSettings = {},
): Parsed<AgentSettings> | Faults {
  const document = parseDocument(text);
  if (document.errors.length > 0) return { ok: false, faults: document.errors.slice(0, mostYamlFaults).map(yamlFault) };
  const content = contentOf(document);
  if (!content.ok) return { ok: false, faults: [`not YAML: ${content.reason}`] };
  const laidOver = Object.entries(remote).reduce(
    (input, [field, value]) => withValue(input, field.split('.'), value),
    content.value,
  );
  const { input, by, warnings } = overridden(AgentConfig, laidOver, env);
  const { value, faults: ofFile } = configFaults(input);
  const clock = env.SIAGA_CLOCK ? clockFromText(env.SIAGA_CLOCK) : systemClock();
  const logLevel = env.SIAGA_LOG ?? 'info';
  const faults = [
    ...ofFile.map((fault) => withVariable(fault, by)),
    ...(clock ? [] : ['SIAGA_CLOCK: must be realAtMs/originMs/speed']),
    ...(logLevels.includes(logLevel) ? [] : [`SIAGA_LOG: must be one of ${logLevels.join(', ')}`]),
  ];
  if (faults.length > 0 || !clock) return { ok: false, faults: [...new Set(faults)] };
  const originOf = (field: string): Origin => {
    const name = by.get(field);
    if (name) return `env ${name}`;
    if (field in remote) return 'platform';
    return isIn(content.value, field.split('.')) ? 'file' : 'default';
  };
  return parsed({ config: value as AgentConfig, clock, logLevel, warnings, originOf });
}

/** The settings with their relative paths taken from `folder`: where the file lies, not where the agent was started. */
export function resolvePaths(config: AgentConfig, folder: string): AgentConfig {
  return withPathsFrom(AgentConfig, config, folder);
}

/** The parser's first words name the line; what it says of several documents speaks to programmers. */
function yamlFault({ code, message, linePos }: ReturnType<typeof parseDocument>['errors'][number]): string {
  const line = linePos?.[0].line;
  return code === 'MULTIPLE_DOCS'
    ? `not one YAML document: another begins with '---' at line ${line}; keep one of them`
    : `not YAML: ${message.split('\n')[0]?.replace(/:$/, '')}`;
}

/** An alias may name nothing, or unfold without end. */
function contentOf(document: ReturnType<typeof parseDocument>): Parsed<unknown> {
  try {
    return parsed(document.toJS());
  } catch (error) {
    return refused(messageOf(error));
  }
}

/** The schema's faults, and those that the sections find in what their schema let pass. */
function configFaults(input: unknown): { value: unknown; faults: string[] } {
  const { value, faults } = judge(AgentConfig, input);
  if (!isRecord(value)) return { value, faults: [...faults] };
  const isSound = (path: string) =>
    !faults.some((fault) => fault.startsWith(`${path}:`) || fault.startsWith(`${path}.`));
  const sound = Object.fromEntries(Object.entries(value).filter(([name]) => isSound(name)));
  // Each function was declared beside the schema that has just let its argument pass.
  type Rules = {
    faults?(section: unknown, whole: object): readonly string[];
    roughFaults?(section: unknown): readonly string[];
    entryFaults?(entry: unknown): readonly string[];
  };
  const more = Object.entries(sections as Record<string, Rules>).flatMap(([name, rules]) => {
    const entries = Array.isArray(value[name]) ? value[name] : [];
    return [
      ...(rules.roughFaults?.(value[name]) ?? []),
      ...(name in sound ? (rules.faults?.(sound[name], sound) ?? []) : []),
      ...entries.flatMap((entry, i) =>
        isSound(`${name}.${i}`) ? (rules.entryFaults?.(entry) ?? []).map((fault) => `${name}.${i}.${fault}`) : [],
      ),
    ];
  });
  return { value, faults: [...faults, ...more] };
}

/** A fault of a field that the environment has set names the variable: the file may be right. */
function withVariable(fault: string, by: ReadonlyMap<string, string>): string {
  const name = by.get(fault.slice(0, fault.indexOf(':')));
  return name ? `${name} (${fault.slice(0, fault.indexOf(':'))})${fault.slice(fault.indexOf(':'))}` : fault;
}

function isIn(value: unknown, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined) return true;
  const child = Array.isArray(value) ? value[Number(name)] : isRecord(value) ? value[name] : undefined;
  return child !== undefined && isIn(child, rest);
}

/**
 * The agent's settings: one YAML file, every field bounded, every fault listed at once. Secrets are named
 * by path and have no default.
 */
import { isAbsolute, join } from 'node:path';
import { type Clock, clockFromText, type Parsed, parsed, refused, StationId, systemClock } from '@siaga/protocol';
import { type Static, type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { parseDocument } from 'yaml';
import { messageOf } from './errors.ts';
import { GaugeConfig, isSensorName, sensors } from './sensors/index.ts';

const Path = Type.String({ minLength: 1 });

const Sampling = Type.Object(
  {
    intervalS: Type.Integer({ minimum: 1, maximum: 3600, description: 'Seconds between two readings, by the clock' }),
    pings: Type.Integer({ minimum: 1, maximum: 20, description: 'Samples in a reading; their median is published' }),
    trigger: Type.Union([Type.Literal('interval'), Type.Literal('burst')], {
      description: 'interval: at each multiple of intervalS; burst: whenever the sensor speaks (one that is woken)',
    }),
  },
  { additionalProperties: false },
);

export const UplinkConfig = Type.Object(
  {
    url: Type.String({ pattern: '^mqtts://[^/\\s]+$', description: 'mqtts://host:port' }),
    ca: Path,
    cert: Path,
    key: Path,
    retryMostS: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 3600, description: 'Longest wait between two attempts to connect' }),
    ),
  },
  { additionalProperties: false },
);
export type UplinkConfig = Static<typeof UplinkConfig>;

const shared = {
  station: StationId,
  data: Path,
  sampling: Sampling,
  uplink: Type.Optional(Type.Union([UplinkConfig, Type.Null()])),
};

export const AgentConfig = Type.Object(
  { ...shared, gauges: Type.Array(GaugeConfig, { minItems: 1, maxItems: 16 }) },
  { additionalProperties: false, $id: 'AgentConfig' },
);
export type AgentConfig = Static<typeof AgentConfig>;

export type AgentSettings = { readonly config: AgentConfig; readonly clock: Clock; readonly logLevel: string };

export type Faults = { readonly ok: false; readonly faults: readonly string[] };

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

// The gauges are judged one by one with their sensor's own schema: a union's faults name nothing.
const frame = Compile(
  Type.Object(
    { ...shared, gauges: Type.Array(Type.Unknown(), { minItems: 1, maxItems: 16 }) },
    { additionalProperties: false },
  ),
);
const gaugeSchemas = new Map<string, ReturnType<typeof Compile<TSchema>>>(
  Object.values(sensors).map(({ name, configSchema }) => [name, Compile(configSchema as TSchema)]),
);

/** Reads the settings; pure. Every fault is one sentence that names its field. */
export function loadConfig(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): Parsed<AgentSettings> | Faults {
  const document = parseDocument(text);
  if (document.errors.length > 0)
    return { ok: false, faults: document.errors.map(({ message }) => `not YAML: ${message.split('\n')[0]}`) };
  const content = contentOf(document);
  if (!content.ok) return { ok: false, faults: [`not YAML: ${content.reason}`] };
  const input: unknown = withDefaults(content.value);
  const clock = env.SIAGA_CLOCK ? clockFromText(env.SIAGA_CLOCK) : systemClock();
  const logLevel = env.SIAGA_LOG ?? 'info';
  const faults = [
    ...configFaults(input),
    ...(clock ? [] : ['SIAGA_CLOCK: must be realAtMs/originMs/speed']),
    ...(logLevels.includes(logLevel) ? [] : [`SIAGA_LOG: must be one of ${logLevels.join(', ')}`]),
  ];
  if (faults.length > 0 || !clock) return { ok: false, faults };
  return parsed({ config: input as AgentConfig, clock, logLevel });
}

/** The settings with their relative paths taken from `folder`: where the file lies, not where the agent was started. */
export function resolvePaths(config: AgentConfig, folder: string): AgentConfig {
  const from = (path: string) => (isAbsolute(path) ? path : join(folder, path));
  const { uplink } = config;
  return {
    ...config,
    data: from(config.data),
    gauges: config.gauges.map((gauge) => ({ ...gauge, port: from(gauge.port) })),
    ...(uplink ? { uplink: { ...uplink, ca: from(uplink.ca), cert: from(uplink.cert), key: from(uplink.key) } } : {}),
  };
}

/** An alias may name nothing, or unfold without end. */
function contentOf(document: ReturnType<typeof parseDocument>): Parsed<unknown> {
  try {
    return parsed(document.toJS());
  } catch (error) {
    return refused(messageOf(error));
  }
}

function withDefaults(input: unknown): unknown {
  if (!isRecord(input)) return input;
  const sampling = isRecord(input.sampling ?? {}) ? (input.sampling ?? {}) : input.sampling;
  const defaults = { intervalS: 60, pings: 7, trigger: 'interval' };
  return { ...input, sampling: isRecord(sampling) ? { ...defaults, ...sampling } : sampling };
}

function configFaults(input: unknown): string[] {
  if (!isRecord(input)) return ['the file must hold settings: station, data, sampling, gauges, uplink'];
  const gauges = Array.isArray(input.gauges) ? input.gauges : [];
  return [
    ...faultsOf(frame, input, ''),
    ...gauges.flatMap((gauge, i) => gaugeFaults(gauge, `gauges.${i}`)),
    ...doubles(gauges, 'gauge'),
    ...doubles(gauges, 'port'),
    ...urlFaults(input.uplink),
  ];
}

/** A port beyond 65535, say, is no fault of the pattern. */
function urlFaults(uplink: unknown): string[] {
  const url = isRecord(uplink) ? uplink.url : undefined;
  const odd = typeof url === 'string' && url.startsWith('mqtts://') && !URL.canParse(url);
  return odd ? ['uplink.url: host or port cannot be right'] : [];
}

function gaugeFaults(gauge: unknown, path: string): string[] {
  if (!isRecord(gauge)) return [`${path}: must be the settings of a gauge`];
  const known = Object.keys(sensors).join(', ');
  const schema = isSensorName(gauge.sensor) ? gaugeSchemas.get(gauge.sensor) : undefined;
  if (!schema) return [`${path}.sensor: ${JSON.stringify(gauge.sensor)} is none of ${known}`];
  const span = isRecord(gauge.userSpan) ? gauge.userSpan : {};
  const order = Number(span.minMm) >= Number(span.maxMm) ? [`${path}.userSpan: minMm must be below maxMm`] : [];
  return [...faultsOf(schema, gauge, `${path}.`), ...order];
}

function doubles(gauges: readonly unknown[], field: 'gauge' | 'port'): string[] {
  const seen = gauges.map((gauge) => (isRecord(gauge) ? gauge[field] : undefined));
  return seen.flatMap((value, i) =>
    value !== undefined && seen.indexOf(value) < i
      ? [`gauges.${i}.${field}: ${JSON.stringify(value)} is used twice`]
      : [],
  );
}

type Validator = {
  Check(value: unknown): boolean;
  Errors(value: unknown): { instancePath: string; message: string; params?: object }[];
};

function faultsOf(validator: Validator, input: unknown, prefix: string): string[] {
  if (validator.Check(input)) return [];
  const errors = validator.Errors(input).map(({ instancePath, message, params = {} }) => {
    const field = `${prefix}${instancePath.slice(1).replaceAll('/', '.')}`.replace(/\.$/, '');
    return { field: field || 'the file', message, params };
  });
  const choicesOf = (field: string) =>
    errors.flatMap((error) =>
      error.field === field && 'allowedValue' in error.params ? [error.params.allowedValue] : [],
    );
  return [
    ...new Set(
      errors.flatMap(({ field, message, params }) =>
        wordsFor(field, message, params, choicesOf(field)).map((words) => `${field}: ${words}`),
      ),
    ),
  ];
}

/** What a pattern asks for, by the last part of a field's name. */
const patternWords: Readonly<Record<string, string>> = {
  url: 'must be mqtts://host:port',
  station: 'must be lower-case letters, digits and hyphens, at least two of them',
  gauge: 'must be lower-case letters, digits and hyphens',
};

/** A fault in words for the person who wrote the file; none for what another fault of the same field says better. */
function wordsFor(field: string, message: string, params: object, choices: readonly unknown[]): string[] {
  if (['schema is false', 'must match a schema in anyOf'].includes(message)) return [];
  if (message === 'must be null') return [];
  if ('allowedValue' in params) return [`must be ${choices.join(' or ')}`];
  const words = patternWords[field.split('.').at(-1) ?? ''];
  if (message.startsWith('must match pattern') && words) return [words];
  const unknown = (params as { additionalProperties?: string[] }).additionalProperties;
  return unknown ? unknown.map((name) => `has no setting '${name}'`) : [message];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

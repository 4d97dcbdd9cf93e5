/**
 * The agent's settings: one YAML file, every field bounded, every fault listed at once. Secrets are named
 * by path and have no default.
 */
import { isAbsolute, join } from 'node:path';
import { type Clock, clockFromText, type Parsed, parsed, StationId, systemClock } from '@siaga/protocol';
import { type Static, type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { parseDocument } from 'yaml';
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
  const input: unknown = withDefaults(document.toJS());
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
  ];
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
  const faults = validator.Errors(input).map(({ instancePath, message, params }) => {
    const field = instancePath.slice(1).replaceAll('/', '.');
    const names = Object.values(params ?? {})
      .flat()
      .filter((value) => typeof value === 'string');
    const detail = /propert/.test(message) && names.length > 0 ? `${message} (${names.join(', ')})` : message;
    return `${`${prefix}${field}`.replace(/\.$/, '')}: ${detail}`;
  });
  return [...new Set(faults)];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Settings from the environment: `SIAGA_AGENT_UPLINK_URL` for `uplink.url`, `SIAGA_AGENT_SAMPLING_INTERVAL_S`
 * for `sampling.intervalS`. Single values only, judged by the same schema as the file. Pure.
 */
import type { TSchema } from 'typebox';
import { choicesOf, isRecord, type Node } from './judge.ts';
import { nearest } from './near.ts';

const environmentPrefix = 'SIAGA_AGENT_';

/** A single value of the settings and the variable that sets it. */
export type EnvironmentField = { readonly name: string; readonly path: readonly string[]; readonly node: Node };

export type Overridden = {
  readonly input: unknown;
  /** The variable by the field that it set: `uplink.url` → `SIAGA_AGENT_UPLINK_URL`. */
  readonly by: ReadonlyMap<string, string>;
  /** Variables with our prefix that set nothing. */
  readonly warnings: readonly string[];
};

export type Environment = Readonly<Record<string, string | undefined>>;

/** Every single value of the settings that the environment may set; lists are the file's alone. */
export function environmentFields(schema: TSchema): EnvironmentField[] {
  const seen = new Map<string, EnvironmentField>();
  const walk = (node: Node, path: readonly string[]): void => {
    if (node.properties) for (const [name, child] of Object.entries(node.properties)) walk(child, [...path, name]);
    else if (node.anyOf && choicesOf(node).length === 0) for (const variant of node.anyOf) walk(variant, path);
    else if (isSingle(node)) {
      const name = environmentPrefix + path.map(screaming).join('_');
      const before = seen.get(name)?.node;
      seen.set(name, { name, path, node: before ? { anyOf: [before, node] } : node });
    }
  };
  walk(schema as Node, []);
  return [...seen.values()];
}

/** The file's settings with those of the environment laid over them. */
export function overridden(schema: TSchema, input: unknown, env: Environment): Overridden {
  const fields = environmentFields(schema);
  const by = new Map<string, string>();
  let result = input;
  for (const { name, path, node } of fields) {
    const text = env[name];
    if (text === undefined || (!isRecord(result) && result !== null && result !== undefined)) continue;
    result = withValue(result, path, typed(text, node));
    by.set(path.join('.'), name);
  }
  const known = fields.map(({ name }) => name);
  const unknown = Object.keys(env).filter((name) => name.startsWith(environmentPrefix) && !known.includes(name));
  return { input: result, by, warnings: unknown.map((name) => unknownWords(name, known)) };
}

function unknownWords(name: string, known: readonly string[]): string {
  if (name.startsWith(`${environmentPrefix}GAUGES_`)) return `${name}: sets nothing; gauges stand in the file alone`;
  const near = nearest(name, known);
  return `${name}: sets nothing${near ? `; did you mean ${near}?` : ''}`;
}

/** `intervalS` → `INTERVAL_S`. */
function screaming(name: string): string {
  return name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
}

function isSingle(node: Node): boolean {
  return choicesOf(node).length > 0 || ['string', 'integer', 'number', 'boolean'].includes(node.type ?? '');
}

/** The text as the field's type; as it stands where it is none, for the schema to refuse. */
function typed(text: string, node: Node): unknown {
  const choice = choicesOf(node).find((value) => String(value) === text);
  if (choice !== undefined) return choice;
  const types = [node, ...(node.anyOf ?? [])].map(({ type }) => type);
  const isNumber = types.includes('integer') || types.includes('number');
  if (isNumber && text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
  if (types.includes('boolean') && ['true', 'false'].includes(text)) return text === 'true';
  return text;
}

/** The settings with the field at that path set. */
export function withValue(input: unknown, [name, ...rest]: readonly string[], value: unknown): unknown {
  if (name === undefined) return value;
  const record = isRecord(input) ? input : {};
  return { ...record, [name]: withValue(record[name], rest, value) };
}

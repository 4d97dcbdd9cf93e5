/**
 * Judges settings by their schema and fills in its defaults. The schema library's own faults speak of
 * `anyOf` and patterns; a person needs the field, what it may be, and what was written. Pure.
 *
 * Of a union of objects the one is meant whose literal (`sensor`, `kind`) the settings name.
 */
import type { TSchema } from 'typebox';
import { Check } from 'typebox/schema';
import { nearest } from './near.ts';

export type Judged = { readonly value: unknown; readonly faults: readonly string[] };

/** What we read of a schema: JSON Schema's own words. */
export type Node = {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
  readonly items?: Node;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly patternErrorMessage?: string;
  readonly default?: unknown;
  readonly description?: string;
};

export function judge(schema: TSchema, input: unknown, path = ''): Judged {
  return judgeNode(schema as Node, input, path);
}

function judgeNode(node: Node, input: unknown, path: string): Judged {
  if (node.anyOf) return judgeUnion(node, node.anyOf, input, path);
  if (node.type === 'object' && node.properties) return judgeObject(node, node.properties, input, path);
  if (node.type === 'array' && node.items) return judgeList(node, node.items, input, path);
  return judgeLeaf(node, input, path);
}

function judgeLeaf(node: Node, input: unknown, path: string): Judged {
  const good = Check(node as object, input);
  return { value: input, faults: good ? [] : [`${path}: ${wordsFor(node)}${butWas(input)}`] };
}

function judgeObject(node: Node, properties: Readonly<Record<string, Node>>, input: unknown, path: string): Judged {
  const here = path || 'the file';
  if (!isRecord(input)) {
    const fields = Object.keys(properties).join(', ');
    return { value: input, faults: [`${here}: must hold settings (${fields})${butWas(input)}`] };
  }
  const faults: string[] = [];
  const value: Record<string, unknown> = {};
  for (const [name, child] of Object.entries(properties)) {
    const field = path ? `${path}.${name}` : name;
    const given = input[name] === undefined ? structuredClone(child.default) : input[name];
    if (given === undefined) {
      if (node.required?.includes(name))
        faults.push(`${field}: is missing${child.description ? ` (${child.description})` : ''}`);
      continue;
    }
    const judged = judgeNode(child, given, field);
    value[name] = judged.value;
    faults.push(...judged.faults);
  }
  for (const name of Object.keys(input)) {
    if (Object.hasOwn(properties, name)) continue;
    if (node.additionalProperties === false)
      faults.push(`${here}: has no setting '${name}'${didYouMean(name, properties)}`);
    else value[name] = input[name];
  }
  return { value, faults };
}

function judgeList(node: Node, items: Node, input: unknown, path: string): Judged {
  if (!Array.isArray(input)) return { value: input, faults: [`${path}: must be a list${butWas(input)}`] };
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = node;
  const count =
    input.length < minItems || input.length > maxItems
      ? [`${path}: must have ${minItems} to ${maxItems} entries, not ${input.length}`]
      : [];
  const entries = input.map((entry, i) => judgeNode(items, entry, `${path}.${i}`));
  return { value: entries.map(({ value }) => value), faults: [...count, ...entries.flatMap(({ faults }) => faults)] };
}

function judgeUnion(node: Node, variants: readonly Node[], input: unknown, path: string): Judged {
  const objects = variants.filter(({ properties }) => properties);
  if (objects.length === 0 || (input === null && variants.some(({ type }) => type === 'null')))
    return judgeLeaf(node, input, path);
  const [only] = objects;
  if (only && objects.length === 1) return judgeNode(only, input, path);
  const tag = tagOf(objects);
  if (tag === null || !isRecord(input))
    return isRecord(input) ? judgeLeaf(node, input, path) : judgeNode(only as Node, input, path);
  const named =
    input[tag] === undefined
      ? objects.find((variant) => variant.properties?.[tag]?.default !== undefined)
      : variantOf(objects, tag, input[tag]);
  if (named) return judgeNode(named, input, path);
  const known = objects.map((variant) => variant.properties?.[tag]?.const);
  const words =
    input[tag] === undefined
      ? `is missing: one of ${known.join(', ')}`
      : `${JSON.stringify(input[tag])} is none of ${known.join(', ')}`;
  const near = typeof input[tag] === 'string' ? nearest(input[tag], known.map(String)) : undefined;
  const meant = near === undefined ? undefined : variantOf(objects, tag, near);
  // The rest is judged as what is meant: every fault is told at once.
  const others = meant ? judgeNode(meant, { ...input, [tag]: near }, path).faults : [];
  const hint = near === undefined ? '' : `; did you mean '${near}'?`;
  return { value: input, faults: [`${path}.${tag}: ${words}${hint}`, ...others] };
}

/** The field whose literal tells the variants apart; null where there is none. */
export function tagOf(variants: readonly Node[]): string | null {
  const names = Object.keys(variants[0]?.properties ?? {});
  return names.find((name) => variants.every((variant) => variant.properties?.[name]?.const !== undefined)) ?? null;
}

function variantOf(variants: readonly Node[], tag: string, named: unknown): Node | undefined {
  return variants.find((variant) => variant.properties?.[tag]?.const === named);
}

/** The literals among which a field chooses; empty when it is no choice. */
export function choicesOf(node: Node): readonly unknown[] {
  if (node.const !== undefined) return [node.const];
  if (node.enum) return node.enum;
  const all = node.anyOf?.map(choicesOf) ?? [];
  return all.every((choices) => choices.length > 0) ? all.flat() : [];
}

/** What a field may be, for a person: `must be a whole number from 1 to 3600`. */
function wordsFor(node: Node): string {
  const choices = choicesOf(node);
  if (choices.length > 0) return `must be ${choices.join(' or ')}`;
  if (node.anyOf)
    return node.anyOf
      .filter(({ type }) => type !== 'null')
      .map(wordsFor)
      .join(', or ');
  if (node.type === 'integer' || node.type === 'number')
    return `must be a ${node.type === 'integer' ? 'whole ' : ''}number${boundsOf(node)}`;
  if (node.type === 'boolean') return 'must be true or false';
  if (node.pattern !== undefined) return node.patternErrorMessage ?? `must look like ${node.pattern}`;
  return node.type === 'string' ? 'must be text' : 'does not fit';
}

/** ` from 1 to 3600`, or as much of it as there is. */
export function boundsOf({ minimum, maximum }: Node): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return ` of at least ${minimum}`;
  return maximum === undefined ? '' : ` of at most ${maximum}`;
}

function butWas(input: unknown): string {
  if (input === null || input === undefined) return ', and nothing stands there';
  const text = JSON.stringify(input);
  return `, not ${text.length > 40 ? `${text.slice(0, 40)}…` : text}`;
}

function didYouMean(name: string, properties: object): string {
  const near = nearest(name, Object.keys(properties));
  return near ? `; did you mean '${near}'?` : '';
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

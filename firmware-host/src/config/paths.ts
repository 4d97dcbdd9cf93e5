/** Relative paths in the settings, taken from the folder of their file. Pure. */
import { isAbsolute, join } from 'node:path';
import type { TSchema } from 'typebox';
import { isRecord, type Node, tagOf } from './judge.ts';
import { relativeToFile } from './section.ts';

export function withPathsFrom<T>(schema: TSchema, settings: T, folder: string): T {
  return resolved(schema as Node, settings, folder) as T;
}

function resolved(node: Node, value: unknown, folder: string): unknown {
  const { properties, items, anyOf } = node;
  if (relativeToFile in node && typeof value === 'string') return isAbsolute(value) ? value : join(folder, value);
  if (items && Array.isArray(value)) return value.map((entry) => resolved(items, entry, folder));
  if (anyOf && isRecord(value)) return resolved(variantFor(anyOf, value), value, folder);
  if (!properties || !isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, child]) => [name, resolved(properties[name] ?? {}, child, folder)]),
  );
}

function variantFor(variants: readonly Node[], value: Record<string, unknown>): Node {
  const objects = variants.filter(({ properties }) => properties);
  const tag = tagOf(objects);
  return objects.find(({ properties }) => tag === null || properties?.[tag]?.const === value[tag]) ?? {};
}

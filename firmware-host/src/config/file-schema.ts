/** The JSON Schema of the file of settings, for editors: what has a default need not be written. Pure. */
import { AgentConfig } from '../config.ts';
import { isRecord } from './judge.ts';

export function fileSchema(): object {
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', ...(relaxed(AgentConfig) as object) };
}

function relaxed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(relaxed);
  if (!isRecord(node)) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, relaxed(value)]));
  const { required, properties } = node;
  if (!Array.isArray(required) || !isRecord(properties)) return copy;
  const needed = required.filter((name: string) => {
    const property = properties[name];
    return !(isRecord(property) && 'default' in property);
  });
  return { ...copy, required: needed };
}

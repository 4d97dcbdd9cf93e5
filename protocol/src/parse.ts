import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { type Parsed, parsed, refused } from './result.ts';

/** Refusals quote untrusted input; they end up in logs and receipts, so they stay short. */
const maxReasonLength = 200;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Makes the parser of one schema. It never throws: whatever comes in is either the schema's type or a
 * reason that names the first field at fault.
 */
export function parserOf<S extends TSchema>(schema: S): (input: unknown) => Parsed<Static<S>> {
  // Compiled at its first use: a device reads a handful of these schemas, and all of them would cost it 20 MB.
  let compiled: ReturnType<typeof Compile<S>> | undefined;
  return (input) => {
    compiled ??= Compile(schema);
    if (compiled.Check(input)) return parsed(input as Static<S>);
    return refused(firstFault(compiled.Errors(input)));
  };
}

/** Decodes bytes as UTF-8 JSON and parses them with `parse`. Never throws. */
export function decodeJson<T>(bytes: Uint8Array, parse: (input: unknown) => Parsed<T>): Parsed<T> {
  let input: unknown;
  try {
    input = JSON.parse(utf8.decode(bytes));
  } catch {
    return refused('not UTF-8 JSON');
  }
  return parse(input);
}

const encoder = new TextEncoder();

/** Encodes a value as compact UTF-8 JSON. */
export function encodeJson(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

type Fault = { instancePath: string; message: string };

function firstFault(faults: readonly Fault[]): string {
  const fault = faults[0];
  if (fault === undefined) return 'does not match its schema';
  const field = fault.instancePath.slice(1).replaceAll('/', '.') || 'message';
  const message = fault.message === 'schema is false' ? 'is not a known field' : fault.message;
  return `${field}: ${message}`.slice(0, maxReasonLength);
}

import type { TSchema } from 'typebox';

/**
 * Checks values against the protocol's schemas by reading them, without generated code: the build puts
 * this in the place of `typebox/compile`, whose use of eval the page's Content-Security-Policy forbids.
 * It knows the keywords the protocol uses, and throws on others, so that none is skipped silently.
 */
export function Compile(schema: TSchema): {
  Check(input: unknown): boolean;
  Errors(input: unknown): { instancePath: string; message: string }[];
} {
  return {
    Check: (input) => firstFault(schema as Schema, input, '') === undefined,
    Errors: (input) => {
      const fault = firstFault(schema as Schema, input, '');
      return fault === undefined ? [] : [fault];
    },
  };
}

type Schema = Readonly<Record<string, unknown>>;
type Fault = { instancePath: string; message: string };
type Check = (expected: unknown, input: unknown, path: string, schema: Schema) => Fault | undefined;

const ignored = new Set(['$id', 'description', 'title', 'default', 'examples', 'required', 'additionalItems']);

const typeTests: Readonly<Record<string, (input: unknown) => boolean>> = {
  object: isRecord,
  array: Array.isArray,
  string: (input) => typeof input === 'string',
  number: (input) => Number.isFinite(input),
  integer: (input) => Number.isInteger(input),
  boolean: (input) => typeof input === 'boolean',
  null: (input) => input === null,
};

const formats: Readonly<Record<string, (input: string) => boolean>> = {
  'date-time': (input) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(input) && !Number.isNaN(Date.parse(input)),
  date: (input) => /^\d{4}-\d\d-\d\d$/.test(input),
};

const patterns = new Map<string, RegExp>();

const checks: Readonly<Record<string, Check>> = {
  type: (expected, input, path) => demand(typeTests[String(expected)]?.(input) === true, path, `must be ${expected}`),
  const: (expected, input, path) => demand(input === expected, path, `must be ${JSON.stringify(expected)}`),
  enum: (expected, input, path) =>
    demand((expected as unknown[]).includes(input), path, `is none of ${(expected as unknown[]).join(', ')}`),
  anyOf: (expected, input, path) =>
    demand(
      (expected as Schema[]).some((option) => firstFault(option, input, path) === undefined),
      path,
      'matches none of the allowed forms',
    ),
  properties: (expected, input, path, schema) => {
    if (!isRecord(input)) return undefined;
    const required = new Set((schema.required as string[] | undefined) ?? []);
    for (const [name, property] of Object.entries(expected as Record<string, Schema>)) {
      const value = input[name];
      if (value === undefined && !Object.hasOwn(input, name)) {
        if (required.has(name)) return { instancePath: `${path}/${name}`, message: 'is missing' };
        continue;
      }
      const fault = firstFault(property, value, `${path}/${name}`);
      if (fault) return fault;
    }
    return undefined;
  },
  /** Of records: a name that no pattern knows is allowed, as JSON Schema has it. */
  patternProperties: (expected, input, path) => {
    if (!isRecord(input)) return undefined;
    const options = Object.entries(expected as Record<string, Schema>);
    for (const [name, value] of Object.entries(input)) {
      const option = options.find(([pattern]) => regExp(pattern).test(name))?.[1];
      const fault = option && firstFault(option, value, `${path}/${name}`);
      if (fault) return fault;
    }
    return undefined;
  },
  additionalProperties: (expected, input, path, schema) => {
    if (expected !== false || !isRecord(input)) return undefined;
    const known = schema.properties as Schema;
    const extra = Object.keys(input).find((name) => !Object.hasOwn(known, name));
    return extra === undefined ? undefined : { instancePath: `${path}/${extra}`, message: 'is not a known field' };
  },
  items: (expected, input, path) => {
    if (!Array.isArray(input)) return undefined;
    for (const [index, value] of input.entries()) {
      const item = Array.isArray(expected) ? expected[index] : expected;
      if (item === undefined) return { instancePath: `${path}/${index}`, message: 'is one too many' };
      const fault = firstFault(item as Schema, value, `${path}/${index}`);
      if (fault) return fault;
    }
    return undefined;
  },
  minItems: (expected, input, path) =>
    demand(!Array.isArray(input) || input.length >= Number(expected), path, `has fewer than ${expected} items`),
  maxItems: (expected, input, path) =>
    demand(!Array.isArray(input) || input.length <= Number(expected), path, `has more than ${expected} items`),
  minimum: (expected, input, path) => demand(Number(input) >= Number(expected), path, `is below ${expected}`),
  maximum: (expected, input, path) => demand(Number(input) <= Number(expected), path, `is above ${expected}`),
  minLength: (expected, input, path) => demand(String(input).length >= Number(expected), path, 'is too short'),
  maxLength: (expected, input, path) => demand(String(input).length <= Number(expected), path, 'is too long'),
  pattern: (expected, input, path) => demand(regExp(String(expected)).test(String(input)), path, 'has a wrong form'),
  format: (expected, input, path) =>
    demand(formats[String(expected)]?.(String(input)) === true, path, `is no ${expected}`),
};

function firstFault(schema: Schema, input: unknown, path: string): Fault | undefined {
  for (const [keyword, expected] of Object.entries(schema)) {
    if (keyword.startsWith('~') || ignored.has(keyword)) continue;
    const check = checks[keyword];
    if (check === undefined) throw new Error(`schema keyword "${keyword}" is not known to the page's checker`);
    const fault = check(expected, input, path, schema);
    if (fault) return fault;
  }
  return undefined;
}

function demand(holds: boolean, path: string, message: string): Fault | undefined {
  return holds ? undefined : { instancePath: path, message };
}

function isRecord(input: unknown): input is Record<string, unknown> {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}

function regExp(source: string): RegExp {
  const known = patterns.get(source) ?? new RegExp(source, 'u');
  patterns.set(source, known);
  return known;
}

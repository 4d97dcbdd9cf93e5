import { Ajv, type Options } from 'ajv';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import type { FastifySchemaCompiler } from 'fastify';

const wellFormed = fullFormats['date-time'] as { readonly validate: (text: string) => boolean };

/** 23:59:60 is a date-time too, but no count of milliseconds: what is reckoned with must be one. */
function isTime(text: string): boolean {
  return wellFormed.validate(text) && !Number.isNaN(Date.parse(text));
}

// A parameter that is not known is told, not silently left out; a default stands in for what is missing.
const common: Options = {
  removeAdditional: false,
  useDefaults: true,
  allErrors: false,
  strict: false,
  // Routes share schemas by name.
  addUsedSchema: false,
  formats: { ...fullFormats, 'date-time': isTime },
};

/**
 * Checks what comes in. An address carries text only, so its numbers are read from it; a body says what it means, and
 * is taken by its word: turning null into an empty text, or into a zero, would withdraw a status that was declared.
 */
export function validators(): FastifySchemaCompiler<object> {
  const texts = new Ajv({ ...common, coerceTypes: 'array' });
  const bodies = new Ajv({ ...common, coerceTypes: false });
  return ({ schema, httpPart }) => (httpPart === 'body' ? bodies : texts).compile(schema);
}

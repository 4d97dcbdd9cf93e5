/**
 * What a room declares of its settings. Everything a person may write lives in the schema: bounds, units in
 * the name, `description`, and `default` where the field may be left out. `faults` says what no schema can.
 */
import { type TSchema, type TSchemaOptions, Type } from 'typebox';

export type ConfigSection = {
  /**
   * `Type.Optional(…)` where the file may leave the section out; a `default` of `{}` where its fields' own
   * defaults then hold. `patternErrorMessage` beside a `pattern` is what a person reads instead of it.
   */
  readonly schema: TSchema;
  /**
   * Faults between fields, and with other sections: `<field>: <words>`, fields from the file's top. `whole` has
   * the sections that their schema let pass, no others. Pure.
   */
  readonly faults?: (section: never, whole: never) => readonly string[];
  /** Faults that are worth telling even where the schema refuses the section: of whatever stands there. Pure. */
  readonly roughFaults?: (section: unknown) => readonly string[];
  /** For a list: faults of one entry that its schema let pass; fields from the entry. Pure. */
  readonly entryFaults?: (entry: never) => readonly string[];
};
/** A path in the settings; a relative one is taken from the folder of the file. */
export function FilePath(options: TSchemaOptions = {}) {
  return Type.String({ minLength: 1, ...options, [relativeToFile]: true });
}

/** Marks a string of the schema as a path that `resolvePaths` resolves. */
export const relativeToFile = 'x-relative-to-file';

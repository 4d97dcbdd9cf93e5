/** One thing that an act changed; `was` is undefined where there was nothing before. */
export type AuditFact = { readonly name: string; readonly was?: string; readonly is: string };

/**
 * What an audit line says beside its header: the reason, and what differs between before and after. Undefined where the
 * details were erased or are of another form.
 */
export function auditFacts(details: unknown): { reason: string | undefined; facts: AuditFact[] } | undefined {
  const record = recordOf(details);
  if (record === undefined) return undefined;
  const before = fieldsOf(record.before);
  const after = fieldsOf(record.after);
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return {
    reason: typeof record.reason === 'string' ? record.reason : undefined,
    facts: names
      .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
      .map((name) => factOf(name, before[name], after[name])),
  };
}

function factOf(name: string, was: unknown, is: unknown): AuditFact {
  // Of two lists only what is in one of them is of interest.
  if (Array.isArray(was) && Array.isArray(is))
    return { name, was: textOf(without(was, is)), is: textOf(without(is, was)) };
  return { name, ...(was === undefined || was === null ? {} : { was: textOf(was) }), is: textOf(is) };
}

function without(list: readonly unknown[], other: readonly unknown[]): unknown[] {
  const known = new Set(other.map((item) => JSON.stringify(item)));
  return list.filter((item) => !known.has(JSON.stringify(item)));
}

/** What stands before or after as named values: what is no object has no name of its own. */
function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return recordOf(value) ?? (value === undefined || value === null ? {} : { value });
}

function recordOf(input: unknown): Record<string, unknown> | undefined {
  return typeof input === 'object' && input !== null && !Array.isArray(input)
    ? (input as Record<string, unknown>)
    : undefined;
}

/** Values as one reads them: no brackets, no quotes, deep things in short. */
function textOf(value: unknown): string {
  if (value === undefined || value === null || value === '') return '–';
  if (Array.isArray(value)) return value.length === 0 ? '–' : value.map(textOf).join('; ');
  const record = recordOf(value);
  if (record === undefined) return String(value);
  return Object.entries(record)
    .map(([name, part]) => `${name} ${recordOf(part) || Array.isArray(part) ? JSON.stringify(part) : textOf(part)}`)
    .join(', ');
}

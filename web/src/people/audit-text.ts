/** One thing that an act changed, or what is said of it: `was` undefined where there was nothing before. */
export type AuditFact = { readonly name: string; readonly was?: string; readonly is: string };

/** What an audit line says beside its header: the reason, and what differs between before and after. */
export function auditFacts(details: unknown): { reason: string | undefined; facts: AuditFact[] } | undefined {
  const record = recordOf(details);
  if (record === undefined) return undefined;
  const before = recordOf(record.before) ?? wrapped(record.before);
  const after = recordOf(record.after) ?? wrapped(record.after);
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const facts = names
    .filter((name) => textOf(before[name]) !== textOf(after[name]))
    .map((name) => ({
      name,
      ...(before[name] === undefined ? {} : { was: textOf(before[name]) }),
      is: textOf(after[name]),
    }));
  return { reason: typeof record.reason === 'string' ? record.reason : undefined, facts };
}

/** Details come as an object or as its JSON text; null is what was erased. */
function recordOf(input: unknown): Record<string, unknown> | undefined {
  if (typeof input === 'string') {
    try {
      return recordOf(JSON.parse(input) as unknown);
    } catch {
      return undefined;
    }
  }
  return typeof input === 'object' && input !== null && !Array.isArray(input)
    ? (input as Record<string, unknown>)
    : undefined;
}

const wrapped = (value: unknown): Record<string, unknown> => (value === undefined || value === null ? {} : { value });

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

import { overridden } from '../config/environment.ts';
import { isRecord } from '../config/judge.ts';
import { AgentConfig, type AgentSettings } from '../config.ts';
import { readSettings } from './settings-file.ts';

type Field = { readonly field: string; readonly value: unknown; readonly from: string };

/** Prints; gives the exit code. */
export async function checkConfig({ config: path, json }: { config?: string; json?: boolean }): Promise<number> {
  const file = await readSettings(path, process.env);
  const { settings, faults } = file;
  const { warnings } = overridden(AgentConfig, {}, process.env);
  const fields = settings ? fieldsOf(settings) : [];
  if (json) process.stdout.write(`${JSON.stringify({ path: file.path, faults, warnings, fields })}\n`);
  else {
    for (const fault of faults) process.stderr.write(`${fault}\n`);
    if (settings) process.stdout.write(`${file.path}: sound\n${tableOf(fields).join('\n')}\n`);
    for (const warning of warnings) process.stderr.write(`${warning}\n`);
  }
  if (settings === null) return 2;
  return warnings.length > 0 ? 1 : 0;
}

/** Each single value in force, in the order of the settings. */
function fieldsOf({ config, originOf }: AgentSettings): Field[] {
  const walk = (value: unknown, field: string): Field[] => {
    if (Array.isArray(value)) return value.flatMap((entry, i) => walk(entry, `${field}.${i}`));
    if (isRecord(value))
      return Object.entries(value).flatMap(([name, child]) => walk(child, field ? `${field}.${name}` : name));
    return [{ field, value, from: originOf(field) }];
  };
  return walk(config, '');
}

function tableOf(fields: readonly Field[]): string[] {
  const width = Math.max(...fields.map(({ field }) => field.length));
  return fields.map(({ field, value, from }) => {
    const line = `  ${field.padEnd(width)}  ${typeof value === 'string' ? value : JSON.stringify(value)}`;
    return from === 'file' ? line : `${line}  (${from})`;
  });
}

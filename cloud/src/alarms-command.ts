import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { parse } from 'yaml';
import type { DryRunOptions } from './alarms/dry-run.ts';
import { reportDryRun, reportLines } from './alarms/dry-run-report.ts';
import type { AlarmSettings } from './alarms/settings.ts';
import { platformError } from './errors.ts';
import { type Catalogue, describeFaults } from './fleet/catalogue.ts';
import { alarmSettingsFaults } from './fleet/catalogue-faults.ts';

export type AlarmsShell = Pick<DryRunOptions, 'readings' | 'scratch'> & {
  readonly catalogue: Catalogue;
  close(): void;
};

/** `siaga alarms dry-run`: reads the store and changes nothing. Works while the platform runs. */
export function addAlarmsCommands(
  program: Command,
  open: () => Promise<AlarmsShell>,
  say: (line: string) => void,
): void {
  program
    .command('alarms')
    .description('the alarm rules')
    .command('dry-run')
    .description('what the rules would have done with the stored readings')
    .requiredOption('--from <time>', 'e.g. 2026-01-01T00:00:00Z')
    .requiredOption('--to <time>')
    .option('--rules <file>', 'YAML with another `alarms:` section, to compare with the one in force')
    .option('--json', 'one JSON object, as the API answers')
    .action(async ({ from, to, rules, json }: { from: string; to: string; rules?: string; json?: true }) => {
      const [fromMs, toMs] = [timeOf('--from', from), timeOf('--to', to)];
      if (fromMs >= toMs) throw platformError('config-invalid', '--from must lie before --to.');
      const { catalogue, readings, scratch, close } = await open();
      try {
        const proposal = rules === undefined ? null : proposalIn(rules, catalogue);
        const report = await reportDryRun({ catalogue, readings, scratch, fromMs, toMs }, proposal);
        if (json) say(JSON.stringify(report));
        else for (const line of reportLines(report)) say(line);
      } finally {
        close();
      }
    });
}

function timeOf(option: string, text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms))
    throw platformError('config-invalid', `${option}: ${text} is no time; e.g. 2026-01-01T00:00:00Z`);
  return ms;
}

/** The `alarms` section of a file: of a whole catalogue, or of one that holds nothing else. */
function proposalIn(file: string, catalogue: Catalogue): AlarmSettings {
  let content: unknown;
  try {
    content = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw platformError('catalogue-invalid', `${file} cannot be read: ${(error as Error).message}`, error);
  }
  const { alarms } = Object(content) as { alarms?: unknown };
  if (alarms === undefined) throw platformError('catalogue-invalid', `${file}: holds no section \`alarms\``);
  const faults = alarmSettingsFaults(alarms, catalogue);
  if (faults.length > 0) throw platformError('catalogue-invalid', `${file}:\n${describeFaults(faults)}`);
  return alarms as AlarmSettings;
}

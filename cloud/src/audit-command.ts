import type { Command } from 'commander';
import { verifyAudit } from './audit-verify.ts';
import { platformError } from './errors.ts';
import type { AuditLog } from './ports.ts';

export type AuditShell = { readonly audit: AuditLog; close(): void };

export type AuditCommandOptions = {
  /** The audit of the store at `url`, or of the configured one. */
  readonly open: (url: string | undefined, options: { readonly readOnly: boolean }) => Promise<AuditShell>;
  readonly nowMs: () => number;
  readonly say: (line: string) => void;
};

/** `siaga audit verify | erase`. */
export function addAuditCommands(program: Command, { open, nowMs, say }: AuditCommandOptions): void {
  const command = program.command('audit').description('the record of every act');

  command
    .command('verify')
    .description('find and locate tampering; exit code 1 when there is any. Works while the platform runs')
    .option('--store <url>', 'sqlite:FILE, such as a copy; by default the configured one')
    .option('--expect <no:hash>', 'a head that was noted before: finds what was cut off or written anew since')
    .action(async ({ store, expect }: { store?: string; expect?: string }) => {
      const head = expect === undefined ? undefined : headOf(expect);
      const { audit, close } = await open(store, { readOnly: true });
      try {
        const verdict = await verifyAudit(audit, head);
        for (const { no, what } of verdict.faults) say(`line ${no} ${what}`);
        const erased = verdict.erased === 0 ? '' : `, details of ${verdict.erased} erased`;
        const faults = verdict.faults.length === 0 ? 'no faults' : `${verdict.faults.length} faults`;
        say(`${verdict.lines} lines${erased}: ${faults}`);
        if (verdict.faults.length > 0) process.exitCode = 1;
        else say(`note this elsewhere, for the next --expect: ${verdict.head.no}:${verdict.head.hash}`);
      } finally {
        close();
      }
    });

  command
    .command('erase')
    .description('erase reason, before and after of lines; that they were erased stays, and the chain holds')
    .argument('<no...>', 'numbers of lines')
    .requiredOption('--reason <text>', 'why; it stays in the audit')
    .action(async (texts: string[], { reason }: { reason: string }) => {
      const nos = texts.map(Number);
      if (nos.some((no) => !Number.isSafeInteger(no) || no < 1))
        throw platformError('audit-line-invalid', `${texts.join(' ')}: give numbers of lines, from 1.`);
      const { audit, close } = await open(undefined, { readOnly: false });
      try {
        const last = await audit.head();
        const beyond = nos.find((no) => no > last.no);
        if (beyond !== undefined)
          throw platformError('audit-line-invalid', `There is no line ${beyond}: the last one is ${last.no}.`);
        await audit.erase(nos, { actor: 'shell', reason, nowMs: nowMs() });
        say(`erased the details of ${nos.length} lines`);
      } finally {
        close();
      }
    });
}

function headOf(text: string): { no: number; hash: string } {
  const match = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text);
  if (match === null) throw platformError('audit-line-invalid', `--expect: ${text} is not like 120:5f1c… (64 digits).`);
  return { no: Number(match[1]), hash: match[2] as string };
}

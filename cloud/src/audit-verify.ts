/** Walks the audit's chain and says where it was tampered with: each fault with the number of its line. */
import { chainStart, erasedAct, hashOf, sha256 } from './audit-chain.ts';
import type { AuditLine, AuditLog } from './ports.ts';

export type AuditFault = { readonly no: number; readonly what: string };

export type AuditVerdict = {
  readonly lines: number;
  readonly erased: number;
  /** Of the last line there is: to be noted elsewhere, and expected next time. */
  readonly head: { readonly no: number; readonly hash: string };
  /** In order of number. Every one that can be told apart. */
  readonly faults: readonly AuditFault[];
};

const page = 1000;
/** How far a line is looked for from where it stands. */
const reach = 50;

/**
 * `expect`: a head that was noted before; without it, lines cut off at the end leave no trace, and whoever could write
 * the whole chain anew would not be found out.
 */
export async function verifyAudit(
  audit: Pick<AuditLog, 'since'>,
  expect?: { readonly no: number; readonly hash: string },
): Promise<AuditVerdict> {
  const faults: AuditFault[] = [];
  const blank = new Set<number>();
  const wiped = new Set<number>();
  let head = { no: 0, hash: chainStart };
  let lines = 0;
  let shift = 0;
  /** What the next line may say that it follows: the last one's hash as it is written, and as it ought to be; null: anything. */
  let follows: readonly string[] | null = [chainStart];

  function look(line: AuditLine): void {
    const { no, previous, hash, digest, details, act, subject } = line;
    if (no > head.no + 1) faults.push({ no: head.no + 1, what: missing(head.no + 1, no - 1) });
    if (no < 1) faults.push({ no, what: 'has a number that no line has: it was put in' });
    const real = hashOf(line);
    const moved = real === hash ? undefined : movedFrom(line, shift);
    if (moved !== undefined) {
      shift = moved - no;
      faults.push({ no, what: `was line ${moved}: lines were put in, taken out or changed places` });
    } else if (real !== hash) faults.push({ no, what: 'was altered: it does not have its hash any more' });
    else if (no === head.no + 1 && follows?.includes(previous) === false)
      faults.push({ no, what: `does not follow line ${no - 1}: that one was altered or put in, and sealed again` });
    if (details === null) blank.add(no);
    else if (real === hash && sha256(details) !== digest)
      faults.push({ no, what: 'has other details than were digested: they were altered' });
    if (act === erasedAct) for (const text of subject.split(',')) wiped.add(Number(text));
    if (expect?.no === no && expect.hash !== hash)
      faults.push({ no, what: 'is not the line that was noted: it, or one before it, was written anew' });
    // After a line that is not where it was, nothing can be said of the joint.
    follows = moved === undefined ? [hash, real] : null;
    head = { no, hash };
    lines += 1;
  }

  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    const some = await audit.since(after, page);
    for (const line of some) look(line);
    const last = some.at(-1);
    if (last === undefined || some.length < page) break;
    after = last.no;
  }
  for (const no of blank)
    if (!wiped.has(no)) faults.push({ no, what: 'has lost its details, and no line says that they were erased' });
  if (expect !== undefined && expect.no > head.no)
    faults.push({ no: head.no + 1, what: missing(head.no + 1, expect.no) });
  return { lines, erased: blank.size, head, faults: faults.sort((a, b) => a.no - b.no) };
}

function missing(from: number, to: number): string {
  return from === to ? 'is missing' : `to line ${to} are missing: ${to - from + 1} lines`;
}

/** The number under which a line would have its hash; first where the line before it was found. */
function movedFrom(line: AuditLine, shift: number): number | undefined {
  const near = Array.from({ length: reach }, (_, i) => [i + 1, -i - 1]).flat();
  const away = [shift, ...near].find((by) => by !== 0 && hashOf({ ...line, no: line.no + by }) === line.hash);
  return away === undefined ? undefined : line.no + away;
}

/** What a test says of a reading, and how several are told as one. */
import type { Flag, QcTest } from '@siaga/protocol';

export type Finding = { readonly flag: Flag; readonly test: QcTest };

/** Passed every test that could be made. */
const passed: Finding = { flag: 1, test: 'none' };

/** What is missing is not judged; else a failure before a doubt, and the first of equals. */
const gravity: Readonly<Record<Flag, number>> = { 9: 4, 4: 3, 3: 2, 2: 1, 1: 0 };

/** The worst flag wins, and names its test. A test without an objection gives null. */
export function worst(findings: readonly (Finding | null)[]): Finding {
  return findings.reduce<Finding>(
    (gravest, finding) => (finding && gravity[finding.flag] > gravity[gravest.flag] ? finding : gravest),
    passed,
  );
}

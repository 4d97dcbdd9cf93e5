/** Findings as a technician reads them: 80 columns, the verdict first, how to mend it below. Pure. */
import { type Paint, wrapped } from '../terminal.ts';
import type { Finding, Verdict } from './check.ts';

const width = 80;
const nameWidth = 12;
const indent = ' '.repeat(4 + 2 + nameWidth + 1);
const colours = { pass: 'green', warn: 'yellow', fail: 'red' } as const;

export function reportText(check: string, { verdict, says, mend, shows = [] }: Finding, paint: Paint): string[] {
  const [first = '', ...rest] = wrapped(says, width - indent.length);
  const mending = mend === undefined ? [] : wrapped(mend, width - indent.length - 3);
  return [
    `${paint(colours[verdict], verdict.toUpperCase())}  ${check.padEnd(nameWidth)} ${first}`,
    ...rest.map((line) => indent + line),
    ...shows.map((line) => paint('dim', `${indent}${line}`)),
    ...mending.map((line, i) => `${indent}${i === 0 ? '-> ' : '   '}${line}`),
  ];
}

export function summary(findings: readonly Finding[], paint: Paint): string {
  const count = (wanted: Verdict) => findings.filter(({ verdict }) => verdict === wanted).length;
  const [fails, warns] = [count('fail'), count('warn')];
  const words = `${count('pass')} PASS, ${warns} WARN, ${fails} FAIL`;
  return paint(fails > 0 ? 'red' : warns > 0 ? 'yellow' : 'green', words);
}

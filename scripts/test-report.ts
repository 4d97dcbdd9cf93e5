import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/** What `npm test` counts of a Vitest run. */
export type TestReport = { passed: number; failed: number; skipped: { name: string; why: string }[] };

/** A Vitest reporter that leaves its counts in the file named by SIAGA_TEST_REPORT. */
export default class CountingReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const report: TestReport = { passed: 0, failed: unhandledErrors.length, skipped: [] };
    for (const module of modules) {
      if (module.errors().length > 0) report.failed++;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') report.passed++;
        else if (result.state === 'skipped')
          report.skipped.push({ name: test.fullName, why: result.note ?? 'no reason given' });
        else report.failed++;
      }
      for (const suite of module.children.allSuites()) if (suite.errors().length > 0) report.failed++;
    }
    const file = process.env.SIAGA_TEST_REPORT;
    if (file) writeFileSync(file, JSON.stringify(report));
  }
}

import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { until } from '../testing/builders.ts';
import { logLinesTo } from './log-lines.ts';

it('goes on at a disk that is full', () => {
  const fd = openSync('/dev/full', 'w');
  const log = logLinesTo(fd);
  for (let i = 0; i < 1_000; i++) log.write(`${'x'.repeat(999)}\n`);
  log.flush();
  expect(log.dropped()).toBeGreaterThan(500);
});

it('goes on while nobody reads, keeps the order, and tells what it dropped', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'siaga-log-'));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  // Opened for both, a pipe waits for nobody to open its other end.
  const fd = openSync(path, constants.O_RDWR);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const log = logLinesTo(fd);
  try {
    for (let i = 0; i < 1_000; i++) {
      log.write(`${JSON.stringify({ i, fill: 'x'.repeat(1_000) })}\n`);
      if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(log.dropped()).toBeGreaterThan(500);
    let text = '';
    const chunk = Buffer.alloc(65_536);
    await until('all is read', () => {
      try {
        text += chunk.toString('utf8', 0, readSync(reader, chunk));
      } catch {
        // Nothing there at the moment.
      }
      return text.includes('dropped');
    });
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const numbers = lines.flatMap(({ i }) => (i === undefined ? [] : [i]));
    expect(numbers).toEqual(numbers.map((_, i) => i));
    expect(lines.at(-1)).toMatchObject({ level: 40, lines: log.dropped() });
    expect(numbers.length + log.dropped()).toBe(1_000);
  } finally {
    closeSync(reader);
    closeSync(fd);
    rmSync(folder, { recursive: true });
  }
});

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clockToText } from '@siaga/protocol';
import { afterAll, describe, expect, it } from 'vitest';
import { until } from './testing/builders.ts';
import { encodeHrxlFrame } from './testing/encoders.ts';
import { openPty } from './testing/pty.ts';

const root = mkdtempSync(join(tmpdir(), 'siaga-main-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function run(args: string[], env = {}) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const out = { stdout: '', stderr: '', code: null as number | null };
  child.stdout.on('data', (chunk) => {
    out.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    out.stderr += chunk;
  });
  const ended = new Promise<typeof out>((resolve) => child.once('close', (code) => resolve({ ...out, code })));
  return { child, out, ended };
}
const write = (name: string, text: string) => {
  writeFileSync(join(root, name), text);
  return join(root, name);
};

describe('siaga-agent run', () => {
  it('lists every fault of its settings and ends with 2', async () => {
    const config = write('bad.yaml', 'station: X\ngauges: []\n');
    const { code, stderr, stdout } = await run(['run', '--config', config]).ended;
    expect(code).toBe(2);
    expect(stdout).toBe('');
    for (const field of ['station', 'data', 'gauges'])
      expect(stderr).toMatch(new RegExp(`^${config}: .*${field}`, 'm'));
    expect(stderr).not.toContain('    at ');
  });
  it('says in one sentence that the file is missing', async () => {
    const { code, stderr } = await run(['run', '--config', join(root, 'none.yaml')]).ended;
    expect(code).toBe(2);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
  it('says in one sentence that its data folder cannot be used', async () => {
    const file = write('file', '');
    const config = write(
      'nodata.yaml',
      `{ station: depok, data: ${file}/x, gauges: [{ gauge: main, port: /dev/null, sensor: dfrobot-a02yyuw }] }`,
    );
    const { code, stderr } = await run(['run', '--config', config]).ended;
    expect(code).toBe(2);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
  it('reads a tty, logs each durable reading in the given clock’s time, and ends with 0 on SIGTERM', async () => {
    const pty = await openPty();
    const config = write(
      'good.yaml',
      `{ station: depok, data: ./data, sampling: { trigger: burst, pings: 3 }, gauges: [{ gauge: main, port: ${pty.path}, sensor: maxbotix-hrxl-wr, maxMm: 5000 }] }`,
    );
    const origin = Date.UTC(2014, 0, 30);
    const { child, out, ended } = run(['run', '--config', config], {
      SIAGA_LOG: 'debug',
      SIAGA_CLOCK: clockToText(Date.now(), origin, 60),
    });
    await until('open', () => out.stdout.includes('"link":"open"'));
    for (const distanceMm of [1500, 1501, 1502]) await pty.write(encodeHrxlFrame(distanceMm));
    await until('stored', () => out.stdout.includes('"msg":"stored"'));
    child.kill('SIGTERM');
    const { code, stdout } = await ended;
    await pty.close();
    expect(code).toBe(0);
    const stored = stdout.split('\n').find((line) => line.includes('"msg":"stored"')) as string;
    const { stream, seq, observedAtMs, distanceMm } = JSON.parse(stored);
    expect({ seq, distanceMm }).toEqual({ seq: 1, distanceMm: 1501 });
    expect(stream).toMatch(/^[a-z2-7]{16}$/);
    expect(observedAtMs).toBeGreaterThanOrEqual(origin);
    expect(observedAtMs).toBeLessThan(origin + 3_600_000);
  });
});

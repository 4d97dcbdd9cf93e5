/** The commands as a person runs them: processes, their output and exit codes. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../testing/builders.ts';
import { encoders } from '../testing/encoders.ts';
import { openPty, type Pty } from '../testing/pty.ts';

let root: string;
let pty: Pty;
let speaking: NodeJS.Timeout;
let config: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'siaga-cli-'));
  pty = await openPty();
  speaking = setInterval(() => pty.write(encoders['maxbotix-hrxl-wr'](1_500)).catch(() => undefined), 50);
  config = join(root, 'siaga-agent.yaml');
  writeFileSync(
    config,
    `{ station: depok, data: ./data, sampling: { intervalS: 1, pings: 3 }, gauges: [{ gauge: main, port: ${pty.path}, sensor: maxbotix-hrxl-wr, maxMm: 5000 }] }`,
  );
});
afterAll(async () => {
  clearInterval(speaking);
  await pty.close();
  rmSync(root, { recursive: true, force: true });
});

function run(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../main.ts'), ...args], {
    env: { ...process.env, ...env },
  });
  const out = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    out.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    out.stderr += chunk;
  });
  const ended = new Promise<typeof out & { code: number | null }>((resolve) =>
    child.once('close', (code) => resolve({ ...out, code })),
  );
  return { child, out, ended };
}

it('tail and doctor open the line themselves, then ask the agent; status tells of it', async () => {
  const alone = await run(['tail', '--config', config, '--seconds', '2.5', '--json']).ended;
  expect(alone.code).toBe(0);
  const events = alone.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.filter(({ event }) => event === 'heard').length).toBeGreaterThan(10);
  expect(events.find(({ event }) => event === 'reading')).toMatchObject({ gauge: 'main', distanceMm: 1_500, seq: 0 });
  const none = await run(['status', '--config', config]).ended;
  expect(none).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('no agent runs') });

  const agent = run(['run', '--config', config]);
  try {
    await until('started', () => agent.out.stdout.includes('"started"'));
    const tail = await run(['tail', '--config', config, '--seconds', '2.5']).ended;
    expect(tail.stderr).toContain('from the running agent');
    expect(tail.stdout).toMatch(/52 31 35 30 30 0d {2}R1500\. {2}1500 mm/);
    expect(tail.stdout).toMatch(/READING 1500 mm, .*flag \d \(.*number \d+/);
    const status = await run(['status', '--config', config]).ended;
    expect(status.code).toBe(0);
    expect(status.stdout).toMatch(/^depok {2}version .*process \d+/);
    expect(status.stdout).toMatch(/gauge main {2}maxbotix-hrxl-wr at .*: open/);
    const doctor = await run(['doctor', '--config', config, '--seconds', '1', '--offline', '--json']).ended;
    const { verdict, findings } = JSON.parse(doctor.stdout);
    expect(doctor.code).toBe({ pass: 0, warn: 1, fail: 2 }[verdict as 'pass' | 'warn' | 'fail']);
    const of = (name: string) => findings.filter(({ check }: { check: string }) => check === name);
    expect(of('agent')[0]).toMatchObject({ verdict: 'pass' });
    expect(of('sensor')[0]).toMatchObject({ verdict: 'pass' });
    expect(of('broker')).toEqual([]);
  } finally {
    agent.child.kill('SIGTERM');
    expect((await agent.ended).code).toBe(0);
  }
}, 40_000);

it('doctor fits a narrow screen, and has no colours in a file', async () => {
  const { stdout, code } = await run(['doctor', '--config', join(root, 'none.yaml'), '--offline', '--seconds', '0.1'])
    .ended;
  expect(code).toBe(2);
  expect(stdout).toMatch(/^FAIL {2}settings {5}cannot read the settings/);
  expect(stdout).not.toContain('\u001b');
  for (const line of stdout.split('\n')) if (!line.includes(root)) expect(line.length).toBeLessThanOrEqual(80);
});

it('config check shows what is in force and from where; faults and strange variables have their codes', async () => {
  const sound = await run(['config', 'check', '--config', config], { SIAGA_AGENT_SAMPLING_PINGS: '5' }).ended;
  expect(sound.code).toBe(0);
  expect(sound.stdout).toMatch(/sampling\.pings +5 {2}\(env SIAGA_AGENT_SAMPLING_PINGS\)/);
  expect(sound.stdout).toMatch(/sampling\.trigger +interval {2}\(default\)/);
  const strange = await run(['config', 'check', '--config', config], { SIAGA_AGENT_STATON: 'x' }).ended;
  expect(strange).toMatchObject({ code: 1, stderr: expect.stringContaining('did you mean SIAGA_AGENT_STATION?') });
  const faulty = await run(['config', 'check', '--config', config], {
    SIAGA_AGENT_STATION: 'X',
    SIAGA_AGENT_SAMPLING_PINGS: '0',
  }).ended;
  expect(faulty.code).toBe(2);
  expect(faulty.stderr.trim().split('\n')).toHaveLength(2);
});

it('what is typed wrong is no WARN, and says how it is right', async () => {
  const misspelt = await run(['doctor', '--secnds', '3']).ended;
  expect(misspelt).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean --seconds?') });
  expect(await run(['maintenance', '5x']).ended).toMatchObject({ code: 2 });
  const folder = await run(['status', '--config', root]).ended;
  expect(folder).toMatchObject({ code: 2, stderr: expect.stringContaining('is a folder; name the file: --config') });
  expect((await run(['tail', '--config', config, '--seconds', '1e9']).ended).stderr).toMatch(/--seconds: .* at most/);
}, 20_000);

it.each([
  ['a reader that has seen enough', ['config', 'reference'], '| true', 141, /^$/],
  ['a disk that is full', ['config', 'schema'], '> /dev/full', 2, /^the output cannot be written: ENOSPC/],
] as const)('ends plainly at %s', async (_, args, where, code, words) => {
  const shell = `"$0" "$@" ${where}; exit "\${PIPESTATUS[0]}"`;
  const child = spawn('bash', ['-c', shell, process.execPath, join(import.meta.dirname, '../main.ts'), ...args]);
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  child.stdout.resume();
  const ended = await new Promise((resolve) => child.once('close', resolve));
  expect(stderr).toMatch(words);
  expect(ended).toBe(code);
});

it('every command explains itself', async () => {
  const { stdout } = await run(['--help']).ended;
  for (const name of ['run', 'doctor', 'tail', 'status', 'config', 'provision'])
    expect(stdout).toMatch(new RegExp(`^  ${name}`, 'm'));
  const doctor = await run(['doctor', '--help']).ended;
  expect(doctor.stdout).toContain('Exit code: 0 all PASS');
});

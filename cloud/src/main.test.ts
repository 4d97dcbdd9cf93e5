import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { catalogueText } from './fleet/testing.ts';
import { openSqlite } from './store/sqlite/index.ts';
import { runSql } from './store/sqlite/testing-sql.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

let dir: string;
let running: Set<ReturnType<typeof spawn>>;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'siaga-main-'));
  running = new Set();
});
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(dir, { recursive: true });
});

type Ended = { code: number | null; out: string; err: string };

/** Runs `siaga`; `onLine` is given each line on stdout as it comes. */
function siaga(
  args: string[],
  env: Record<string, string> = {},
  onLine: (line: string, child: ReturnType<typeof spawn>) => void = () => {},
): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], { cwd: dir, env: { PATH: process.env.PATH ?? '', ...env } });
  running.add(child);
  const said = { out: '', err: '' };
  let line = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said.out += chunk;
    line += chunk;
    const lines = line.split('\n');
    line = lines.pop() ?? '';
    for (const whole of lines) onLine(whole, child);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said.err += chunk;
  });
  return new Promise((resolve) => {
    child.on('close', (code) => {
      running.delete(child);
      resolve({ code, ...said });
    });
  });
}

test('from nothing to a running platform by the commands that the messages name; signals end it with 0', async () => {
  const env = { SIAGA_HTTP_PORT: '0', SIAGA_MQTT_PORT: '0', SIAGA_DATA: join(dir, 'data') };
  writeFileSync(join(dir, 'siaga.yaml'), catalogueText);
  const pki = join(dir, 'data', 'pki');

  const without = await siaga(['serve'], env);
  expect(without).toMatchObject({ code: 2, out: '' });
  expect(without.err).toContain(`siaga pki init --dir ${pki}`);
  expect(without.err.trim().split('\n')).toHaveLength(1);

  expect((await siaga(['pki', 'init', '--dir', pki])).out).toMatch(/^issued .*ca\.crt\n$/);
  expect((await siaga(['pki', 'server', '--dir', pki, '--name', 'a.example', '--name', 'b.example'])).code).toBe(0);
  expect((await siaga(['pki', 'device', '--dir', pki, 'katulampa', 'depok'])).out.trim().split('\n')).toHaveLength(2);

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const ended = await siaga(['serve'], env, (line, child) => {
      const { msg, httpUrl, mqttUrl } = JSON.parse(line) as Record<string, string>;
      if (msg !== 'listening') return;
      expect(httpUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
      expect(mqttUrl).toMatch(/^mqtts:\/\/127\.0\.0\.1:\d+$/);
      child.kill(signal);
    });
    expect(ended).toMatchObject({ code: 0, err: '' });
    expect(ended.out).toContain('"stopped"');
  }
});

test('bad settings and a broken catalogue are told in full, with exit code 2 and without a stack', async () => {
  const settings = await siaga(['serve'], { SIAGA_HTTP_PORT: 'x', SIAGA_LOG: 'y' });
  expect(settings.code).toBe(2);
  expect(
    settings.err
      .trim()
      .split('\n')
      .map((line) => line.split(':')[0]),
  ).toEqual(['SIAGA_HTTP_PORT', 'SIAGA_LOG']);

  writeFileSync(
    join(dir, 'broken.yaml'),
    catalogueText.replace('kind: river', 'kind: lake').replace('lat: -6.6331', 'lat: 95'),
  );
  const broken = await siaga(['catalogue', 'check', 'broken.yaml']);
  expect(broken.code).toBe(2);
  expect(broken.err).toMatch(/kind/);
  expect(broken.err).toMatch(/lat/);
  expect(broken.err).not.toMatch(/\n\s+at /);

  writeFileSync(join(dir, 'whole.yaml'), catalogueText);
  expect(await siaga(['catalogue', 'check', 'whole.yaml'])).toMatchObject({
    code: 0,
    out: 'whole.yaml: 2 stations, 1 reaches, no faults\n',
  });
});

test('the audit is verified beside whoever runs the store: exit code 1 names the line that was altered', async () => {
  const file = join(dir, 'siaga.db');
  const stores = openSqlite(`sqlite:${file}`);
  const audit = [1, 2, 3].map((i) => ({ actor: 'ani', act: 'log.add', subject: `s${i}` }));
  await stores.state.commit({ nowMs: 1000, audit });
  const verify = () => siaga(['audit', 'verify', '--store', `sqlite:${file}`]);
  expect(await verify()).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^3 lines: no faults\nnote .* 3:[0-9a-f]{64}\n$/),
  });
  runSql(file, "DROP TRIGGER audit_stands; UPDATE audit SET actor = 'eve' WHERE no = 2");
  expect(await verify()).toMatchObject({
    code: 1,
    out: expect.stringMatching(/^line 2 was altered.*\n3 lines: 1 faults\n$/),
  });
  await stores.state.commit({ nowMs: 2000, audit });
  await stores.close();
});

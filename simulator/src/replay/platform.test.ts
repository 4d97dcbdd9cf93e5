import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startPlatform } from './platform.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'siaga-platform-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Starts a program of ours in the platform's place. */
function started(source: string) {
  const program = join(folder, 'program.mjs');
  writeFileSync(program, source);
  return startPlatform({
    dataDir: folder,
    pkiDir: folder,
    catalogue: join(folder, 'siaga.yaml'),
    clock: '0/0/1',
    httpPort: 0,
    program,
  });
}

test('it is up when it says that it listens, and ends when asked', async () => {
  const platform = await started(`
    console.log('not a log line "listening"');
    console.log(JSON.stringify({ msg: 'starting' }));
    const { SIAGA_CLOCK: clock, SIAGA_HTTP_PORT: port } = process.env;
    console.log(JSON.stringify({ msg: 'listening', httpUrl: 'http://x/' + port, mqttUrl: clock }));
    setInterval(() => {}, 1000);
  `);
  expect(platform).toMatchObject({ httpUrl: 'http://x/0', mqttUrl: '0/0/1' });
  await platform.stop();
  await platform.stop();
});

test('what it said before it ended is told', async () => {
  await expect(started("console.error('the port is taken'); process.exitCode = 2;")).rejects.toThrow(
    'the port is taken',
  );
});

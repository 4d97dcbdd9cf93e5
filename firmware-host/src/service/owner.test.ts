import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

const script = `
  const { becomeOwnerOf } = await import(process.argv[1]);
  const { writeFileSync } = await import('node:fs');
  await becomeOwnerOf(process.argv[2]);
  writeFileSync(process.argv[2] + '/made', 'x');
  console.log(JSON.stringify([process.getuid(), process.getgid(), process.getgroups()]));`;

it("what root makes in the agent's folder is the agent's", () => {
  const folder = mkdtempSync(join(tmpdir(), 'siaga-owner-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [uid, gid] = process.getuid?.() === 0 ? [65_533, 65_532] : [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  chownSync(folder, uid, gid);
  const module = join(import.meta.dirname, 'owner.ts');
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', script, module, folder], {
    encoding: 'utf8',
  });
  expect(JSON.parse(said).slice(0, 2)).toEqual([uid, gid]);
  if (process.getuid?.() === 0) expect(JSON.parse(said)[2]).toEqual([gid]);
  expect(statSync(join(folder, 'made'))).toMatchObject({ uid, gid });
});

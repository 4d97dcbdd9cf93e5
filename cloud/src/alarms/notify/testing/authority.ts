/** A test authority with a server's certificate for this machine, as PEM and as a file to trust. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Issued, issueCa, issueServer } from '../../../fleet/pki/issue.ts';

export type TestAuthority = {
  readonly server: Issued;
  readonly caFile: string;
  readonly folder: string;
  remove(): void;
};

export async function testAuthority(): Promise<TestAuthority> {
  const ca = await issueCa('Test authority', Date.now());
  const folder = mkdtempSync(join(tmpdir(), 'siaga-notify-'));
  const caFile = join(folder, 'ca.crt');
  writeFileSync(caFile, ca.certPem);
  return {
    server: await issueServer(ca, ['localhost', '127.0.0.1'], Date.now()),
    caFile,
    folder,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Outcome } from './folder.ts';

/** The certificate library takes a while to load, and most commands do not need it. */
const pkiTools = () => import('./folder.ts');

type Say = (line: string) => void;

/** `siaga pki init | server | device`: makes certificates, and leaves alone what is there and good. */
export function addPkiCommands(program: Command, say: Say): void {
  const pki = program.command('pki').description('make certificates: an authority, the server, devices');
  const dir = ['--dir <folder>', 'where certificates are kept'] as const;
  const tell = ({ path, done }: Outcome) => say(`${done.padEnd(7)} ${path}`);

  pki
    .command('init')
    .description('make the authority that signs all others; keep its key safe')
    .requiredOption(...dir)
    .action(async (options: { dir: string }) => {
      const { initPki } = await pkiTools();
      tell(await initPki(resolve(options.dir)));
    });

  pki
    .command('server')
    .description('issue the server’s certificate for localhost and any names; renews it when run near its end')
    .requiredOption(...dir)
    .option('--name <name>', 'a DNS name or IP address that devices use (may be repeated)', collect, [])
    .action(async (options: { dir: string; name: string[] }) => {
      const { issueServerIn } = await pkiTools();
      tell(await issueServerIn(resolve(options.dir), options.name));
    });

  pki
    .command('device')
    .description('issue certificates for stations; renews those near their end')
    .requiredOption(...dir)
    .argument('<station...>', 'station ids')
    .action(async (stations: string[], options: { dir: string }) => {
      const { issueDeviceIn } = await pkiTools();
      for (const station of stations) tell(await issueDeviceIn(resolve(options.dir), station));
    });
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { platformError } from '../../errors.ts';
import type { Outcome } from './folder.ts';

/** The certificate library takes a while to load, and most commands do not need it. */
const pkiTools = () => import('./folder.ts');

type Say = (line: string) => void;
type Dir = { readonly dir: string };

/** `siaga pki …`: makes, renews, revokes and lists certificates. What is there and good it leaves alone. */
export function addPkiCommands(program: Command, say: Say): void {
  const pki = program.command('pki').description('certificates: make, renew, revoke, list');
  const dir = ['--dir <folder>', 'where certificates are kept', process.env.SIAGA_PKI || undefined] as const;
  const tell = ({ path, done }: Outcome) => say(`${done.padEnd(7)} ${path}`);
  const command = (name: string, description: string) =>
    pki
      .command(name)
      .description(description)
      .requiredOption(...dir);

  command('init', 'make the authority that signs all others; keep its key safe').action(async (options: Dir) => {
    const { initPki } = await pkiTools();
    tell(await initPki(resolve(options.dir)));
  });

  command('server', 'issue the server’s certificate for localhost and any names; renews it when run near its end')
    .option('--name <name>', 'a DNS name or IP address that devices use (may be repeated)', collect, [])
    .action(async (options: Dir & { name: string[] }) => {
      const { issueServerIn } = await pkiTools();
      tell(await issueServerIn(resolve(options.dir), options.name));
    });

  command('device', 'issue certificates for stations; renews those near their end')
    .argument('<station...>', 'station ids')
    .action(async (stations: string[], options: Dir) => {
      const { issueDeviceIn } = await pkiTools();
      const folder = resolve(options.dir);
      const registry = await (await import('./registry.ts')).openRegistry(folder);
      for (const station of stations) tell(await issueDeviceIn(folder, station, Date.now(), { registry }));
    });

  command(
    'renew',
    'issue anew, whatever is left of the old: `server`, or stations whose certificate lies in this folder',
  )
    .argument('<name...>', '`server`, or station ids')
    .action(async (names: string[], options: Dir) => {
      const { renewServerIn, issueDeviceIn } = await pkiTools();
      const folder = resolve(options.dir);
      const registry = await (await import('./registry.ts')).openRegistry(folder);
      for (const name of names)
        if (name !== 'server') tell(await issueDeviceIn(folder, name, Date.now(), { always: true, registry }));
        else tell((await renewServerIn(folder, Date.now(), { always: true })) ?? noServer(folder));
    });

  command('claim', 'issue a certificate that devices ask for theirs with; it can do nothing else')
    .argument('<name>', 'for whom: a depot, a batch')
    .option('--days <days>', 'how long it is good for', days)
    .action(async (name: string, options: Dir & { days?: number }) => {
      const { issueClaimIn } = await pkiTools();
      tell(await issueClaimIn(resolve(options.dir), name, options.days));
    });

  command('allow', 'let stations ask for one certificate each by a claim: a new device, or after a card swap')
    .argument('<station...>', 'station ids')
    .option('--hardware <serial>', 'only the machine with this serial number')
    .option('--days <days>', 'how long it may ask', days)
    .action(async (stations: string[], options: Dir & { hardware?: string; days?: number }) => {
      const { allowIn } = await import('./operator.ts');
      for (const station of stations)
        say(await allowIn(resolve(options.dir), station, options.hardware ?? null, options.days));
    });

  command('revoke', 'refuse certificates from now on, and cut their connections within seconds; there is no way back')
    .argument('<what>', 'a station, a claim (claim:NAME) or a serial number')
    .option('--reason <reason>', 'stolen, retired, superseded or unspecified', 'unspecified')
    .action(async (what: string, options: Dir & { reason: string }) => {
      const { revokeAndList } = await import('./operator.ts');
      for (const line of await revokeAndList(resolve(options.dir), what, options.reason)) say(line);
    });

  command('list', 'every station and claim with its newest certificate')
    .option('--all', 'every certificate ever issued')
    .option('--json', 'for programs')
    .action(async (options: Dir & { all?: boolean; json?: boolean }) => {
      const { listIn } = await import('./operator.ts');
      for (const line of await listIn(resolve(options.dir), options)) say(line);
    });

  command('crl', 'make the revocation list anew, for brokers and tools beside the platform').action(
    async (options: Dir) => {
      const { crlIn } = await import('./operator.ts');
      say(await crlIn(resolve(options.dir)));
    },
  );
}

function noServer(dir: string): never {
  throw platformError(
    'certificates-missing',
    `No server certificate of this authority in ${dir}: \`siaga pki server\` makes one.`,
  );
}

function days(text: string): number {
  const number = Number(text);
  if (/^\d{1,4}$/.test(text) && number > 0) return number;
  throw platformError('pki-name-invalid', `--days ${text}: give a whole number from 1 to 9999`);
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

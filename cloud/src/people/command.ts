import { type Role, roles } from '@siaga/protocol';
import { type Command, Option } from 'commander';
import { isPlatformError, platformError } from '../errors.ts';
import type { StateStore } from '../ports.ts';
import { type TokenRole, tokenRoles } from './tokens.ts';

/** What the commands work on: a store that may be in use, the clock and where links lead. */
export type PeopleShell = {
  readonly state: StateStore;
  readonly nowMs: () => number;
  readonly origin: string;
  close(): void;
};

/** Loaded when wanted: most commands do without. */
const room = () => import('./index.ts');

/**
 * `siaga people list | invite | disable | token | setup-link`: for whoever has the machine. They work while the platform
 * runs and while it does not, and each leaves a line in the audit, as `shell`.
 */
export function addPeopleCommands(
  program: Command,
  open: () => Promise<PeopleShell>,
  say: (line: string) => void,
): void {
  const people = program.command('people').description('accounts, by whoever has the machine');

  async function using(
    work: (tools: PeopleShell & { readonly room: Awaited<ReturnType<typeof room>> }) => Promise<void>,
  ) {
    const shell = await open();
    try {
      await work({ ...shell, room: await room() });
    } catch (error) {
      if (!isPlatformError(error) || error.code !== 'state-conflict') throw error;
      throw platformError('state-conflict', 'It was changed by someone else meanwhile: run the command again.', error);
    } finally {
      shell.close();
    }
  }

  people
    .command('list')
    .description('every account: login, role, state, name')
    .action(() =>
      using(async ({ room: { createPeople }, ...options }) => {
        for (const { login, role, state, name } of await createPeople(options).accounts.list())
          say([login.padEnd(16), role.padEnd(10), state.padEnd(8), name].join(' '));
      }),
    );

  people
    .command('invite')
    .description('print the link by which a person takes up an account; of an account there is, for another password')
    .argument('<login>')
    .addOption(new Option('--role <role>', 'of a new account').choices(roles))
    .option('--name <name>', 'of a new account; the person can change it')
    .action((login: string, wish: { role?: Role; name?: string }) =>
      using(async ({ room: { createPeople, isRefusal, shell, welcomeLink }, ...options }) => {
        const { accounts } = createPeople(options);
        const found = await accounts.byLogin(login);
        if (found === undefined && wish.role === undefined)
          throw platformError('person-invalid', `There is no account ${login}; to make one, give its --role.`);
        if (found !== undefined && wish.role !== undefined && wish.role !== found.body.role)
          throw platformError(
            'person-invalid',
            `${login} is ${found.body.role}; an admin changes roles in the console.`,
          );
        if (!/^[a-z0-9][a-z0-9._-]{1,39}$/.test(login))
          throw platformError(
            'person-invalid',
            `${JSON.stringify(login)} is no login: give 2 to 40 of a-z, 0-9, . _ -`,
          );
        const made =
          found === undefined
            ? await accounts.create(shell, { login, name: wish.name ?? login, role: wish.role ?? 'viewer' })
            : await accounts.invite(shell, found.id);
        if (isRefusal(made)) throw platformError('person-invalid', made.detail);
        say(welcomeLink(options.origin, made.token));
      }),
    );

  people
    .command('disable')
    .description('let a person sign in no more, and end their sessions')
    .argument('<login>')
    .action((login: string) =>
      using(async ({ room: { createPeople, isRefusal, shell }, ...options }) => {
        const { accounts } = createPeople(options);
        const found = await accounts.byLogin(login);
        if (found === undefined) throw platformError('person-invalid', `There is no account ${login}.`);
        // Even the last admin: whoever has the machine can make another one.
        const done = await accounts.update(shell, found.id, { version: found.version, state: 'disabled' }, true);
        if (isRefusal(done)) throw platformError('person-invalid', done.detail);
        say(`${login} is disabled`);
      }),
    );

  people
    .command('token')
    .description('print a token for a program or a wall: shown this once')
    .argument('<name>')
    .addOption(new Option('--role <role>').choices(tokenRoles).makeOptionMandatory())
    .action((name: string, { role }: { role: TokenRole }) =>
      using(async ({ room: { createPeople, shell }, ...options }) => {
        say((await createPeople(options).tokens.create(shell, { name, role })).token);
      }),
    );

  people
    .command('setup-link')
    .description('print a link, good for 24 hours and once, that makes a new admin')
    .action(() =>
      using(async ({ room: { createPeople, shell, welcomeLink }, ...options }) => {
        say(welcomeLink(options.origin, await createPeople(options).setup.mint(shell)));
      }),
    );
}

/** The first admin: without a default password, by a link that only who has the machine can read. */
import type { AuditDraft, StateStore } from '../ports.ts';
import type { Invites } from './invites.ts';
import { accounts, living } from './records.ts';

/** Who acts by the command line: whoever has the machine. */
export const shell = 'shell';

export type SetupOptions = { readonly state: StateStore; readonly nowMs: () => number; readonly invites: Invites };

export function createSetup({ state, nowMs, invites }: SetupOptions) {
  async function isOpen(): Promise<boolean> {
    const all = (await state.records(accounts)).map(living);
    return !all.some((account) => account?.body.role === 'admin' && account.body.state === 'active');
  }
  return {
    /** Whether there is no admin who can sign in. */
    isOpen,
    /** A new token, good for 24 h, that makes an admin; the first to be used ends the others. A start ends older ones. */
    async mint(actor: 'machine' | typeof shell): Promise<string> {
      const { token, puts } = await invites.minting('setup', null, actor === shell ? 'keep' : 'end');
      const audit: AuditDraft = { actor, act: 'account.setup-link', subject: 'setup' };
      await state.commit({ nowMs: nowMs(), puts, audit: [audit] });
      return token;
    },
  };
}

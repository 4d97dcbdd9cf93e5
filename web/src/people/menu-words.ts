import type { Role } from '@siaga/protocol';

/** The few words of the header's slot: it is painted with the first picture, the pages' words are not. */
export const menuWords = {
  signIn: 'Sign in',
  signOut: 'Sign out',
  signOutFailed: 'Signing out failed: the server did not answer. Try again.',
  menu: 'Pages and signing out',
  pages: 'Pages',
  drill: 'DRILL',
  inDrill: 'You take part in a drill.',
  roles: {
    viewer: 'Viewer',
    operator: 'Operator',
    supervisor: 'Supervisor',
    admin: 'Administrator',
    device: 'Wall screen',
    agency: 'Agency',
  } satisfies Record<Role, string>,
} as const;

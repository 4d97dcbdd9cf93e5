import type { Permission } from '@siaga/protocol';
import type { Component } from 'svelte';
import type { ZoneTimes } from '../../format/times.ts';
import type { Situation } from '../../situation/apply.ts';
import type { LiveSituation } from '../../situation/situation.svelte.ts';

/** What every page is given. It lies over the map and closes itself by `onclose`. */
export type PageProps = {
  /** What stands behind the page's name in the address: `#welcome=abc` gives `abc`, `#log` gives ''. */
  readonly of: string;
  readonly live: LiveSituation;
  readonly situation: Situation;
  readonly times: ZoneTimes;
  readonly timeZone: string;
  readonly onclose: () => void;
  /** Opens another page instead. */
  readonly onopen: (name: string, of?: string) => void;
};

export type Page = {
  /** Its name in the address: `#sign-in`, `#welcome=<token>`. */
  readonly name: string;
  /** Stands in the page's head and in the menu. */
  readonly title: string;
  /** `public`: for everyone; `staff`: for who is signed in; else for who has that permission. */
  readonly access: 'public' | 'staff' | Permission;
  /** Not listed in the menu: reached by a link or button only. */
  readonly unlisted?: boolean;
  /** Fetched when it is first opened, so that the first script stays small. */
  readonly load: () => Promise<{ readonly default: Component<PageProps> }>;
};

/** Pages beside the map. Another one is a file and its line here. */
export const pages: readonly Page[] = [
  {
    name: 'welcome',
    title: 'Welcome',
    access: 'public',
    unlisted: true,
    load: () => import('../../people/Welcome.svelte'),
  },
  {
    name: 'sign-in',
    title: 'Sign in',
    access: 'public',
    unlisted: true,
    load: () => import('../../people/SignIn.svelte'),
  },
  { name: 'log', title: 'Shift log', access: 'log:read', load: () => import('../../shift/Log.svelte') },
  { name: 'fleet', title: 'Fleet', access: 'fleet:read', load: () => import('../../fleet/Fleet.svelte') },
  { name: 'duty', title: 'Duty', access: 'duty:read', load: () => import('../../duty/Duty.svelte') },
  { name: 'channels', title: 'Channels', access: 'alarms:read', load: () => import('../../duty/Channels.svelte') },
  { name: 'kpis', title: 'Alarm figures', access: 'alarms:read', load: () => import('../../shift/Kpis.svelte') },
  { name: 'drills', title: 'Drills', access: 'drills:run', load: () => import('../../shift/Drills.svelte') },
  { name: 'me', title: 'My settings', access: 'self', load: () => import('../../people/Me.svelte') },
  { name: 'people', title: 'People', access: 'people:manage', load: () => import('../../people/People.svelte') },
  { name: 'audit', title: 'Audit', access: 'audit:read', load: () => import('../../people/Audit.svelte') },
];

/** Whether someone may open a page: for what is shown only, since the server decides for itself. */
export function mayOpen(page: Page, permissions: readonly string[] | undefined): boolean {
  if (page.access === 'public') return true;
  if (permissions === undefined) return false;
  return page.access === 'staff' || permissions.includes(page.access);
}

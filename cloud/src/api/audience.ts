import type { Change } from '@siaga/protocol';
import type { Caller } from './access.ts';

/** What the reader of a stream or snapshot may see of the changes. Equal keys see the same. */
export type Audience = {
  readonly key: string;
  sees(change: Change): Change;
  /** Asked at each heartbeat: a stream whose session has ended is ended too. */
  valid(): boolean;
};

const withheld = ({ seq, knownAt }: Change): Change => ({ seq, knownAt, kind: 'withheld' });

function isForStaff(change: Change): boolean {
  return change.kind === 'alarm' || change.kind === 'group' || change.kind === 'drill';
}

function drillOf(change: Change): string | null {
  if (change.kind === 'alarm') return change.alarm.drill;
  if (change.kind === 'group') return change.group.drill;
  return null;
}

export const publicAudience: Audience = {
  key: 'public',
  sees: (change) => (isForStaff(change) ? withheld(change) : change),
  valid: () => true,
};

/** Staff sees alarms; those of a drill only who takes part in it. */
export function audienceOf(caller: Caller | null): Audience {
  if (caller === null || !caller.permissions.has('alarms:read')) return publicAudience;
  return {
    key: `staff/${caller.drill ?? ''}`,
    sees: (change) => {
      const drill = drillOf(change);
      return drill === null || drill === caller.drill ? change : withheld(change);
    },
    valid: caller.valid,
  };
}

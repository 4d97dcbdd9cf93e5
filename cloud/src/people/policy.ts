import { type Permission, permissions, type Role } from '@siaga/protocol';

const viewer: readonly Permission[] = ['alarms:read', 'fleet:read', 'log:read', 'duty:read', 'people:names', 'self'];
const operator: readonly Permission[] = [...viewer, 'alarms:act', 'log:write', 'works:write'];
const supervisor: readonly Permission[] = [
  ...operator,
  'alarms:shelve-top',
  'alarms:configure',
  'status:write',
  'duty:write',
  'drills:run',
  'audit:read',
  'fleet:write',
];

/** Which role may do what: the one table that decides. A wall and an agency see no names and act on nothing. */
export const policy: Readonly<Record<Role, readonly Permission[]>> = {
  viewer,
  operator,
  supervisor,
  admin: permissions,
  device: ['alarms:read'],
  agency: ['alarms:read'],
};

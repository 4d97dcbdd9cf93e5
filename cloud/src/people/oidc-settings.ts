import { type Role, roles } from '@siaga/protocol';

/** How an identity provider signs people in. */
export type OidcSettings = {
  readonly issuer: string;
  readonly clientId: string;
  /** Null for a public client: PKCE alone. */
  readonly clientSecret: string | null;
  /** On the button. */
  readonly name: string;
  /** Where in the claims the groups are, dots between the parts: `realm_access.roles`. */
  readonly rolesClaim: string;
  /** What a group there is here. */
  readonly roleOf: ReadonlyMap<string, Role>;
  /** Whether who has a role but no account yet gets one. */
  readonly createsAccounts: boolean;
};

/** Reads `SIAGA_OIDC_…`; null where there is no provider. Faults are added to `faults`. */
export function oidcSettings(env: Readonly<Record<string, string | undefined>>, faults: string[]): OidcSettings | null {
  const text = (name: string) => env[`SIAGA_OIDC_${name}`]?.trim() ?? '';
  const issuer = text('ISSUER');
  if (issuer === '') return null;
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  const isLocal = url?.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url?.protocol !== 'https:' && !isLocal)
    faults.push(`SIAGA_OIDC_ISSUER: ${JSON.stringify(issuer)} must be an https address (http on this machine only)`);
  if (text('CLIENT_ID') === '') faults.push('SIAGA_OIDC_CLIENT_ID: is missing: the id that the provider gave to Siaga');
  const creates = text('CREATE') || 'yes';
  if (creates !== 'yes' && creates !== 'no')
    faults.push(`SIAGA_OIDC_CREATE: ${JSON.stringify(creates)}: give yes or no`);
  const roleOf = new Map<string, Role>();
  for (const pair of text('ROLES').split(',').filter(Boolean)) {
    const [group = '', name] = pair.split('=').map((part) => part.trim());
    const role = roles.find((each) => each === name);
    if (role === undefined)
      faults.push(`SIAGA_OIDC_ROLES: ${JSON.stringify(pair)} is not group=role with a role of ${roles.join(', ')}`);
    else roleOf.set(group, role);
  }
  if (roleOf.size === 0) faults.push('SIAGA_OIDC_ROLES: is missing: which groups have which role, e.g. duty=operator');
  return {
    issuer,
    clientId: text('CLIENT_ID'),
    clientSecret: text('CLIENT_SECRET') || null,
    name: text('NAME') || 'single sign-on',
    rolesClaim: text('ROLES_CLAIM') || 'groups',
    roleOf,
    createsAccounts: creates === 'yes',
  };
}

/** The role with the most rights among a person's groups. */
export function roleByClaims(
  { rolesClaim, roleOf }: OidcSettings,
  claims: Readonly<Record<string, unknown>>,
): Role | null {
  let value: unknown = claims;
  for (const part of rolesClaim.split('.'))
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[part] : undefined;
  const found = new Set([value].flat().flatMap((group) => roleOf.get(String(group)) ?? []));
  const byRank: readonly Role[] = ['admin', 'supervisor', 'operator', 'viewer', 'agency', 'device'];
  return byRank.find((role) => found.has(role)) ?? null;
}

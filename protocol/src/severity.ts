import { type Static, Type } from 'typebox';

/**
 * The severity ladder. What is stale, suspect, blind or unobserved stands beside it, never on it. The
 * local name of a band ("Siaga II") is its threshold's label.
 */
export const severities = ['normal', 'alert', 'warning', 'danger'] as const;
export const Severity = Type.Integer({
  minimum: 0,
  maximum: severities.length - 1,
  description: '0 normal, 1 alert, 2 warning, 3 danger',
});
export type Severity = Static<typeof Severity>;

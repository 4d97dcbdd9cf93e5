import type { Heard } from '../filter.ts';
import type { Finding } from './finding.ts';

/** Syntax (QARTOD test 2): bytes came, but no frames that can be believed. */
export function syntax({ kind }: Pick<Heard, 'kind'>): Finding | null {
  return kind === 'garbled' ? { flag: 4, test: 'syntax' } : null;
}

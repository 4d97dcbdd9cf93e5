import type { Heard } from '../filter.ts';
import type { Finding } from './finding.ts';

/**
 * Gap (QARTOD test 1): the reading is missing. Nothing was in range, the sensor is dead or the line silent; which
 * of them, `echo` tells. A station that is silent altogether only the cloud can see.
 */
export function gap({ kind }: Pick<Heard, 'kind'>): Finding | null {
  return kind === 'none' || kind === 'dead' || kind === 'silent' ? { flag: 9, test: 'gap' } : null;
}

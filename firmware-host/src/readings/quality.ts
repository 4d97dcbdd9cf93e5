/**
 * The first flags, set beside the sensor (QARTOD water level manual v2.1): gap (test 1), syntax (2) and
 * gross range (4). The edge flags, it never deletes; every other test needs more than one burst.
 */
import type { Flag, QcTest, Reading } from '@siaga/protocol';
import type { Heard } from './filter.ts';

export type Span = { readonly minMm: number; readonly maxMm: number };

export type Judged = Pick<Reading, 'distanceMm' | 'echo' | 'spreadMm' | 'flag' | 'test'>;

const missing = { distanceMm: null, spreadMm: null, flag: 9, test: 'gap' } as const;

/**
 * `userSpan`: distances expected at this place; beyond it a reading is suspect.
 * Blanking is of high interest, not an error: water that near reads the blanking distance, which is an upper limit.
 */
export function judge(heard: Heard, blankingMm: number, userSpan?: Span): Judged {
  switch (heard.kind) {
    case 'seen':
      return { ...seen(heard), ...within(heard.distanceMm, userSpan) };
    case 'impossible':
      return { ...seen(heard), flag: 4, test: 'gross-range' };
    case 'blanking':
      return { distanceMm: blankingMm, echo: 'blanking', spreadMm: null, flag: 3, test: 'gross-range' };
    case 'none':
      return { ...missing, echo: 'none' };
    case 'dead':
    case 'silent':
      return { ...missing, echo: 'dead' };
    case 'garbled':
      return { distanceMm: null, echo: 'none', spreadMm: null, flag: 4, test: 'syntax' };
  }
}

function seen({ distanceMm, spreadMm }: { distanceMm: number; spreadMm: number }) {
  return { distanceMm, echo: 'seen', spreadMm } as const;
}

function within(distanceMm: number, span?: Span): { flag: Flag; test: QcTest } {
  const expected = !span || (distanceMm >= span.minMm && distanceMm <= span.maxMm);
  return expected ? { flag: 1, test: 'none' } : { flag: 3, test: 'gross-range' };
}

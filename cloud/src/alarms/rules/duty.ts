import { Type } from 'typebox';
import { commonDefaults, platformFinding } from '../findings.ts';
import type { PlatformRule } from '../rule.ts';

const settings = Type.Object({});

/** With this part the dispatcher's sentences about people begin. */
export const dutyPart = 'duty';

/** Alarms do not reach those whose turn it is: the machine is well, people must mend it. */
export const duty: PlatformRule<typeof settings> = {
  name: 'duty',
  scope: 'platform',
  list: 'health',
  about: 'Nobody who can be reached is on a duty that an open alarm calls.',
  notReplayed: true,
  settings,
  defaults: () =>
    commonDefaults(
      'Call by telephone whoever should be on duty. Then fill the gap in the roster, and see that everybody on it has an address by a channel that works.',
      { offDelayS: 60 },
    ),
  find({ nowMs, platform: { troubles } }) {
    const [first, ...others] = troubles
      .filter((sentence) => sentence.startsWith(`${dutyPart}: `))
      .map((sentence) => sentence.slice(dutyPart.length + 2));
    if (first === undefined) return [];
    return [
      platformFinding('duty', 'roster', {
        signal: 'on',
        priority: 'medium',
        sinceMs: nowMs,
        headline: `Duty: ${[first, ...others].join('; ')}`,
        evidence: { trouble: [first, ...others].join('; ') },
      }),
    ];
  },
};

import { Type } from 'typebox';
import { commonDefaults, platformFinding } from '../findings.ts';
import type { Finding, PlatformRule } from '../rule.ts';
import { spanText } from '../words.ts';

const settings = Type.Object({
  unseenHours: Type.Number({
    minimum: 0.1,
    maximum: 168,
    description: 'Hours within which somebody must have seen the daily test',
  }),
});

const name = 'channel';
const hourMs = 3_600_000;

/** A way of telling people that is not known to work. */
export const channel: PlatformRule<typeof settings> = {
  name,
  scope: 'platform',
  list: 'health',
  about: 'A channel has messages that could not be delivered, or nobody has seen its daily test.',
  settings,
  defaults: () => ({
    ...commonDefaults(
      'People may not be reached this way: call those on duty by telephone until it works. See under Channels what it says, and confirm the test when it has arrived.',
      { onDelayS: 60, offDelayS: 60 },
    ),
    unseenHours: 12,
  }),
  find({ nowMs, timeOfDay, platform }, { unseenHours }) {
    return platform.channels.flatMap(({ name: of, on, dead, fault, lastSentAt, test }): Finding[] => {
      if (!on) return [];
      const found: Finding[] = [];
      // A channel that has sent since is well again; what was lost is in its deliveries.
      if (dead > 0)
        found.push(
          platformFinding(
            name,
            of,
            {
              signal: fault === null ? 'hold' : 'on',
              priority: 'medium',
              sinceMs: nowMs,
              headline: `Channel ${of}: ${dead} messages could not be delivered${fault === null ? '' : ` (${fault})`}`,
              evidence: { dead, fault, lastSentAt },
            },
            'channel',
          ),
        );
      const sentMs = test === null || test.sentAt === null ? null : Date.parse(test.sentAt);
      if (sentMs !== null && test?.seenAt === null && nowMs - sentMs > unseenHours * hourMs)
        found.push({
          ...platformFinding(
            name,
            of,
            {
              signal: 'on',
              priority: 'medium',
              sinceMs: sentMs,
              headline: `Channel ${of}: nobody has seen the test of ${timeOfDay(sentMs)} (${spanText(nowMs - sentMs)})`,
              evidence: { test: test.id, sentAt: test.sentAt },
            },
            'channel',
          ),
          key: `${name}/${of}/test`,
        });
      return found;
    });
  },
};

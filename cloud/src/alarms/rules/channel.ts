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
  failingMin: Type.Number({
    minimum: 1,
    maximum: 1440,
    description: 'Messages that it was tried with in vain have waited for so many minutes',
  }),
});

const name = 'channel';
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** A way of telling people that is not known to work. */
export const channel: PlatformRule<typeof settings> = {
  name,
  scope: 'platform',
  list: 'health',
  about:
    'A channel has failed for some time, has messages that could not be delivered, or nobody has seen its daily test.',
  notReplayed: true,
  settings,
  defaults: () => ({
    ...commonDefaults(
      'People may not be reached this way: call those on duty by telephone until it works. See under Channels what it says, and confirm the test when it has arrived.',
      { onDelayS: 60, offDelayS: 60 },
    ),
    unseenHours: 12,
    failingMin: 15,
  }),
  find({ nowMs, timeOfDay, platform }, { unseenHours, failingMin }) {
    return platform.channels.flatMap(
      ({ name: of, on, waiting, dead, fault, failingSince, lastSentAt, test }): Finding[] => {
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
                headline: `Channel ${of}: ${dead} ${dead === 1 ? 'message' : 'messages'} could not be delivered${fault === null ? '' : ` (${fault})`}`,
                evidence: { dead, fault, lastSentAt },
              },
              'channel',
            ),
          );
        const failingMs = failingSince === null ? null : Date.parse(failingSince);
        if (failingMs !== null && nowMs - failingMs > failingMin * minuteMs)
          found.push({
            ...platformFinding(
              name,
              of,
              {
                signal: 'on',
                priority: 'medium',
                sinceMs: failingMs,
                headline: `Channel ${of} fails since ${timeOfDay(failingMs)}: ${waiting} waiting${fault === null ? '' : ` (${fault})`}`,
                evidence: { waiting, fault, failingSince, lastSentAt },
              },
              'channel',
            ),
            key: `${name}/${of}/failing`,
          });
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
      },
    );
  },
};

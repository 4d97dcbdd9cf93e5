import { Type } from 'typebox';
import { commonDefaults, platformFinding } from '../findings.ts';
import type { Finding, PlatformRule, RuleWorld } from '../rule.ts';
import { spanText } from '../words.ts';
import { dutyPart } from './duty.ts';

const settings = Type.Object({
  diskFreePercent: Type.Number({ minimum: 0, maximum: 100, description: 'Disk of the platform low below this' }),
  diskFreeMb: Type.Integer({ minimum: 0, maximum: 100_000_000, description: 'or below this' }),
  ingestLagS: Type.Integer({
    minimum: 10,
    maximum: 86_400,
    description: 'No message kept for so long, though devices are connected',
  }),
  judgingLagS: Type.Integer({ minimum: 1, maximum: 86_400, description: 'Judging is so far behind' }),
});

const name = 'platform';
const megabyte = 1_000_000;
const better = 1.1;
const staleIntervals = 4;
/** Less than this share of what is already low is as good as full. */
const nearlyFull = 0.25;

type Limits = { diskFreePercent: number; diskFreeMb: number; ingestLagS: number; judgingLagS: number };

/** The box itself: when it fails, every quiet station is quiet for the wrong reason. */
export const platform: PlatformRule<typeof settings> = {
  name,
  scope: 'platform',
  list: 'health',
  about: 'The platform itself: its disk, what it keeps and judges, and its clock.',
  notReplayed: true,
  settings,
  defaults: () => ({
    ...commonDefaults(
      'The platform itself is in trouble: what the console shows may be old. Call whoever looks after the machine; docs/operate.md says what to do for disk, store and clock.',
      { onDelayS: 30, offDelayS: 120, reAlarmMin: 60 },
    ),
    diskFreePercent: 10,
    diskFreeMb: 1000,
    ingestLagS: 300,
    judgingLagS: 30,
  }),
  find(world, limits) {
    return [...disk(world, limits), ...ingest(world, limits), ...judging(world, limits), ...troubles(world)];
  },
};

function disk({ nowMs, platform: { diskFreeBytes, diskFreePercent } }: RuleWorld, limits: Limits): Finding[] {
  if (diskFreeBytes === null) return [];
  const limitBytes = limits.diskFreeMb * megabyte;
  const share = Math.min(
    diskFreeBytes / Math.max(limitBytes, 1),
    (diskFreePercent ?? 100) / Math.max(limits.diskFreePercent, 0.01),
  );
  if (share >= better) return [];
  const percent = diskFreePercent === null ? '' : ` (${diskFreePercent.toFixed(0)} %)`;
  return [
    platformFinding(name, 'disk', {
      signal: share < 1 ? 'on' : 'hold',
      priority: share < nearlyFull ? 'high' : 'medium',
      sinceMs: nowMs,
      headline: `The platform's disk is nearly full: ${Math.round(diskFreeBytes / megabyte)} MB free${percent}`,
      evidence: { diskFreeBytes, diskFreePercent },
    }),
  ];
}

/** Devices are connected and should have sent, but nothing was kept. */
function ingest(
  { nowMs, stations, platform: { watermarkMs, startedAtMs } }: RuleWorld,
  { ingestLagS }: Limits,
): Finding[] {
  const expected = [...stations.values()].filter(
    ({ device, judged }) => device?.connected && judged.intervalS !== null,
  );
  if (expected.length === 0) return [];
  const quickestS = Math.min(...expected.map(({ judged }) => judged.intervalS ?? 0));
  const sinceMs = Math.max(watermarkMs ?? 0, startedAtMs);
  if (nowMs - sinceMs <= Math.max(ingestLagS, staleIntervals * quickestS) * 1000) return [];
  return [
    platformFinding(name, 'ingest', {
      signal: 'on',
      priority: 'high',
      sinceMs,
      headline: `No reading kept for ${spanText(nowMs - sinceMs)}, though ${expected.length} devices are connected`,
      evidence: {
        watermark: watermarkMs === null ? null : new Date(watermarkMs).toISOString(),
        connected: expected.length,
      },
    }),
  ];
}

function judging({ nowMs, platform: { judgingLagS } }: RuleWorld, limits: Limits): Finding[] {
  if (judgingLagS === null || judgingLagS <= limits.judgingLagS) return [];
  return [
    platformFinding(name, 'judging-lag', {
      signal: 'on',
      priority: 'medium',
      sinceMs: nowMs - judgingLagS * 1000,
      headline: `Judging is ${spanText(judgingLagS * 1000)} behind`,
      evidence: { judgingLagS },
    }),
  ];
}

/** One alarm for each part that complains; what is wrong with people's duties has a rule of its own. */
function troubles({ nowMs, platform: { troubles: sentences } }: RuleWorld): Finding[] {
  const parts = new Map<string, string>();
  for (const sentence of sentences) {
    const part = /^([a-z][a-z-]*): /.exec(sentence)?.[1] ?? 'other';
    if (part !== dutyPart && !parts.has(part)) parts.set(part, sentence);
  }
  return [...parts].map(([part, sentence]) =>
    platformFinding(name, part, {
      signal: 'on',
      priority: part === 'clock' ? 'medium' : 'high',
      sinceMs: nowMs,
      headline: `Platform, ${sentence}`,
      evidence: { trouble: sentence },
    }),
  );
}

import { Type } from 'typebox';
import { commonDefaults, platformFinding } from '../findings.ts';
import type { PlatformRule } from '../rule.ts';
import { isSettling, mostAreSilent, silentStations } from '../silent-stations.ts';

const settings = Type.Object({});

/** Most stations silent at once: the network, the broker's certificate or this box, rather than each of them. */
export const platformSilent: PlatformRule<typeof settings> = {
  name: 'platform-silent',
  scope: 'platform',
  list: 'health',
  about: 'Most stations fell silent together: told once, and the alarms of the single stations are suppressed.',
  settings,
  defaults: () =>
    commonDefaults(
      'The picture is blind. Check the network of this machine, the mobile operator and the certificates; call observers at the stations that matter until readings come again.',
      { offDelayS: 300 },
    ),
  find(world) {
    const all = silentStations(world);
    if (!mostAreSilent(all) || all.sinceMs === null) return [];
    return [
      platformFinding('platform-silent', 'stations', {
        signal: isSettling(world) ? 'hold' : 'on',
        priority: 'high',
        sinceMs: all.sinceMs,
        headline: `${all.silent} of ${all.heard} stations silent, the newest since ${world.timeOfDay(all.sinceMs)}: the picture is blind`,
        evidence: { silent: all.silent, heard: all.heard },
      }),
    ];
  },
};

import { Type } from 'typebox';
import { commonDefaults, silentSinceMs, stationFinding } from '../findings.ts';
import type { StationRule } from '../rule.ts';
import { isSettling, mostAreSilent, silentStations } from '../silent-stations.ts';
import { cm, spanText } from '../words.ts';

const settings = Type.Object({
  neverHeard: Type.Boolean({ description: 'Tell of stations that have never sent anything, too' }),
});

/** A station of which nothing comes any more: nobody knows what the water does there. Most at once are told as one. */
export const silence: StationRule<typeof settings> = {
  name: 'silence',
  scope: 'station',
  list: 'health',
  about: 'Nothing has come from the station for longer than its stale limit: what the water does there is not known.',
  settings,
  defaults: () => ({
    ...commonDefaults(
      'The station says nothing: the water there is unknown, not low. Look at its neighbours. Check its power and network under Fleet; if it stays silent, send a technician, and an observer if rain is expected.',
      { offDelayS: 300 },
    ),
    neverHeard: false,
  }),
  find(world, facts, { neverHeard }) {
    const { station, judged, device } = facts;
    if (judged.observedAtMs === null)
      return neverHeard
        ? [
            stationFinding('silence', facts, {
              signal: 'on',
              priority: 'low',
              sinceMs: world.platform.startedAtMs,
              headline: `${station.name} has never sent a reading`,
              evidence: { connected: device?.connected ?? false },
            }),
          ]
        : [];
    const sinceMs = silentSinceMs(facts, world.nowMs);
    if (sinceMs === null) return [];
    const all = silentStations(world);
    const last = judged.stageMm === null ? '' : `, last at ${cm(judged.stageMm)}`;
    return [
      stationFinding('silence', facts, {
        signal: isSettling(world) ? 'hold' : 'on',
        priority: (judged.severity ?? 0) > 0 ? 'medium' : 'low',
        sinceMs,
        headline: `${station.name} silent since ${world.timeOfDay(sinceMs)} (${spanText(world.nowMs - sinceMs)})${last}`,
        evidence: {
          lastObservedAt: new Date(sinceMs).toISOString(),
          intervalS: judged.intervalS,
          lastStageMm: judged.stageMm,
          connected: device?.connected ?? false,
        },
        ...(mostAreSilent(all)
          ? {
              suppressed: `${all.silent} of ${all.heard} stations are silent at once: told as one alarm of the platform.`,
            }
          : {}),
      }),
    ];
  },
};

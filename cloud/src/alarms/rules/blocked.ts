import { Type } from 'typebox';
import { commonDefaults, silentSinceMs, stationFinding } from '../findings.ts';
import type { StationRule } from '../rule.ts';
import { cm } from '../words.ts';

const settings = Type.Object({});

/** Something is right before the sensor that no rise of the water explains: debris or a nest, or a wave of its own kind. */
export const blocked: StationRule<typeof settings> = {
  name: 'blocked',
  scope: 'station',
  list: 'health',
  about: 'The sensor is blanked by a sudden jump: possibly something in its way, possibly water. An urgent check.',
  settings,
  defaults: () =>
    commonDefaults(
      'Check at once, by camera, neighbours or a call to the site: is it water or something before the sensor? Until then treat the level there as unknown.',
      { onDelayS: 60, offDelayS: 600, reAlarmMin: 60 },
    ),
  find({ nowMs }, facts) {
    const { station, judged } = facts;
    if (judged.note !== 'possibly-blocked' || silentSinceMs(facts, nowMs) !== null) return [];
    const before = judged.stageMm === null ? '' : `, before that ${cm(judged.stageMm)}`;
    return [
      stationFinding('blocked', facts, {
        signal: 'on',
        priority: 'medium',
        sinceMs: judged.observedAtMs ?? nowMs,
        headline: `${station.name}: sensor possibly blocked, by a sudden jump${before}`,
        evidence: { note: judged.note, lastStageMm: judged.stageMm, echo: judged.echo },
      }),
    ];
  },
};

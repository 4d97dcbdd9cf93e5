import type { Band, StationValue } from '@siaga/protocol';
import { Type } from 'typebox';
import { riseReaches } from '../../domain/blanking.ts';
import { staleAfterMs } from '../../domain/presence.ts';
import { calibrationAt, stageMmOf } from '../../domain/stage.ts';
import type { StagePoint } from '../../domain/trend.ts';
import { commonDefaults, isPresent, priorityOf, stationFinding } from '../findings.ts';
import type { Finding, RuleWorld, StationFacts, StationRule } from '../rule.ts';
import { cm, paceText } from '../words.ts';

const settings = Type.Object({
  confirmS: Type.Integer({
    minimum: 0,
    maximum: 3600,
    description: 'A lone sample above a limit raises the alarm when none has contradicted it for so long',
  }),
  deadBandPercent: Type.Number({
    minimum: 0,
    maximum: 50,
    description: "Dead-band in percent of the station's measuring range",
  }),
  leastDeadBandMm: Type.Integer({ minimum: 0, maximum: 10_000, description: 'The dead-band is no smaller than this' }),
});

/** A limit that can be passed. */
type Limit = Band & { readonly fromMm: number };

/** Alarms look at so many of the newest samples, and want so many of them above a limit. */
const window = 3;
const enough = 2;

/** Where samples come at least once a minute, a leap no water makes waits so much longer: for the next one. */
const leapGraceS = 20;
const quickIntervalS = 60;

/**
 * The stage in a band. Two of the last three samples above the limit raise it, or one that nothing contradicts, so
 * that a slow cadence delays nothing. Below the limit the alarm is kept within the dead-band (2 % of the range after
 * EEMUA 191, no less than 5 cm nor than the catalogue's), and while the station is silent.
 */
export const level: StationRule<typeof settings> = {
  name: 'level',
  scope: 'station',
  list: 'flood',
  about: 'The stage stands in a band above a limit of the station.',
  settings,
  defaults: () => ({
    ...commonDefaults(
      'Look at the stations above and below and at the camera if there is one. Call the gate or pump house. Tell the duty officer of the districts along this reach which band the water is in, and that it is a sensor reading.',
      { offDelayS: 1800, reAlarmMin: 60 },
    ),
    confirmS: 55,
    deadBandPercent: 2,
    leastDeadBandMm: 50,
  }),
  find(world, facts, set) {
    const { judged, bands } = facts;
    const limits = bands.filter((band): band is Limit => band.fromMm !== null && band.severity > 0);
    if (limits.length === 0) return [];
    const { stageMm } = judged;
    if (stageMm === null || !isPresent(facts, world.nowMs)) return [held(facts)];
    const atLeast = judged.note === 'at-least';
    const deadBandMm = Math.max(
      (rangeMm(facts) * set.deadBandPercent) / 100,
      set.leastDeadBandMm,
      facts.station.deadBandMm,
    );
    const raised = limits.findLast(
      ({ fromMm }) =>
        (atLeast && stageMm >= fromMm) ||
        stands(facts, fromMm, deadBandMm) ||
        lastsAlone(facts, { fromMm, deadBandMm }, { confirmS: set.confirmS, nowMs: world.nowMs }),
    );
    const kept = limits.findLast(({ fromMm }) => stageMm >= fromMm - deadBandMm);
    if (raised === undefined) return kept === undefined ? [] : [held(facts)];
    const found = finding(world, facts, raised, deadBandMm);
    // What is "at least" may be more: nothing of what is known is taken back.
    return [{ ...found, keeps: atLeast ? 'high' : priorityOf(Math.max(kept?.severity ?? 0, raised.severity)) }];
  },
};

/** Enough samples above the limit; a leap that the next one took back is a wild one, and does not count. */
function stands(facts: StationFacts, fromMm: number, deadBandMm: number): boolean {
  const samples = recentOf(facts);
  const newest = samples.at(-1);
  if (newest === undefined || newest.stageMm < fromMm - deadBandMm) return false;
  const counts = (sample: StagePoint, i: number) =>
    sample.stageMm >= fromMm &&
    !(leaps(facts, sample) && samples.slice(i + 1).some(({ stageMm }) => stageMm < fromMm - deadBandMm));
  return samples.filter(counts).length >= enough;
}

/** Whether no water can have come there so fast from where it was seen before. */
function leaps({ judged }: StationFacts, sample: StagePoint): boolean {
  return !riseReaches(judged.approach.slice(0, judged.approach.indexOf(sample)), sample);
}

/** The samples that may confirm one another: what lies behind a gap confirms nothing. */
function recentOf({ judged, station }: StationFacts): readonly StagePoint[] {
  const gapMs = staleAfterMs(judged.intervalS ?? 0, station.staleCapS);
  const samples = judged.approach.slice(-window);
  const behind = samples.findLastIndex(({ atMs }, i) => (samples[i + 1]?.atMs ?? atMs) - atMs > gapMs);
  return samples.slice(behind + 1);
}

/**
 * Whether a single sample above the limit has stood unchallenged long enough. What comes after it within the dead-band
 * does not contradict it: the water is at the limit.
 */
function lastsAlone(
  facts: StationFacts,
  limit: { readonly fromMm: number; readonly deadBandMm: number },
  { confirmS, nowMs }: { confirmS: number; nowMs: number },
): boolean {
  const { judged, value } = facts;
  const samples = recentOf(facts);
  const contradicted = samples.findLastIndex(
    (each) => each.stageMm < limit.fromMm - limit.deadBandMm && !dropsWildly(facts, each),
  );
  const sample = samples.slice(contradicted + 1).find(({ stageMm }) => stageMm >= limit.fromMm);
  if (sample === undefined) return false;
  const isValue = value !== null && Date.parse(value.observedAt) === sample.atMs;
  const knownAtMs = isValue ? Date.parse(value.receivedAt) : sample.atMs;
  const isNewest = sample === samples.at(-1);
  const isDoubtful = isNewest && leaps(facts, sample) && (judged.intervalS ?? 0) <= quickIntervalS;
  return nowMs - knownAtMs >= (confirmS + (isDoubtful ? leapGraceS : 0)) * 1000;
}

/** Water that is this near to where it was seen a moment ago is back there. */
const backMm = 150;

/** Whether it is itself the wild one: far below where water was that came there at a pace that water has. */
function dropsWildly(facts: StationFacts, sample: StagePoint): boolean {
  const { approach } = facts.judged;
  const before = approach.slice(0, approach.indexOf(sample));
  const last = before.at(-1);
  if (last === undefined || leaps(facts, last)) return false;
  if (before.some(({ stageMm }) => Math.abs(stageMm - sample.stageMm) <= backMm)) return false;
  const mirrored = ({ atMs, stageMm }: StagePoint): StagePoint => ({ atMs, stageMm: -stageMm });
  return !riseReaches(before.map(mirrored), mirrored(sample));
}

/** No gauge sees water farther below it. */
const farthestMm = 15_000;

/**
 * From the lowest water that is of interest up to the nearest that the sensor can measure. Where the zero is a datum far
 * below the river, such as the sea's, it is no water that the sensor will see.
 */
function rangeMm({ station, judged }: StationFacts): number {
  const [gauge] = station.gauges;
  const calibration = calibrationAt(station.calibrations, gauge.id, judged.weighedAtMs ?? 0);
  if (calibration === undefined) return 0;
  const lowestMm = Math.min(0, ...station.thresholds.map(({ fromMm }) => fromMm));
  return Math.min(farthestMm, Math.max(0, stageMmOf(calibration, gauge.blankingMm) - lowestMm));
}

function finding(world: RuleWorld, facts: StationFacts, limit: Limit, deadBandMm: number): Finding {
  const { station, judged, value } = facts;
  const uncertain = judged.note === 'clock-uncertain' && value !== null;
  const samples = recentOf(facts);
  const above = samples.find(({ stageMm }) => stageMm >= limit.fromMm)?.atMs;
  const seenSinceMs =
    (judged.severity === limit.severity ? judged.sinceMs : above) ?? judged.weighedAtMs ?? world.nowMs;
  const sinceMs = uncertain ? Date.parse(value.receivedAt) : seenSinceMs;
  // One wild sample may have come after those that the alarm rests on.
  const highestMm = Math.max(...samples.map(({ stageMm }) => stageMm));
  const newestMm = judged.stageMm ?? 0;
  const stageMm = newestMm < limit.fromMm - deadBandMm && highestMm > newestMm ? highestMm : newestMm;
  const stage = `${judged.note === 'at-least' ? 'at least ' : ''}${cm(stageMm)}`;
  const figures = [`${stage}${pace(value)}`, `since ${world.timeOfDay(sinceMs)}`].join(', ');
  return stationFinding('level', facts, {
    signal: 'on',
    priority: priorityOf(limit.severity),
    severity: limit.severity,
    sinceMs,
    headline: `${station.name} in ${limit.label} band: ${figures} (sensor, provisional${uncertain ? ', clock uncertain' : ''})`,
    evidence: {
      stageMm,
      atLeast: judged.note === 'at-least',
      limitMm: limit.fromMm,
      bandLabel: limit.label,
      deadBandMm,
      samplesAbove: samples.filter(({ stageMm }) => stageMm >= limit.fromMm).length,
      samples: samples.length,
      observedAt: judged.weighedAtMs === null ? null : new Date(judged.weighedAtMs).toISOString(),
      receivedAt: value?.receivedAt ?? null,
      timesBy: uncertain ? 'receipt: the clock of the device is uncertain' : 'observation',
      quality: judged.quality,
      trend: value?.trend ?? null,
      rateMmPer10Min: value?.rateMmPer10Min ?? null,
    },
  });
}

function pace(value: StationValue | null): string {
  if (value === null || value.trend === null || value.rateMmPer10Min === null) return '';
  return `, ${paceText(value.trend, value.rateMmPer10Min)}`;
}

/** Keeps an alarm that is there: in the dead-band, and while nothing is known. Silence neither clears nor raises. */
function held(facts: StationFacts): Finding {
  const { station, judged } = facts;
  const severity = judged.severity ?? 0;
  const seen = judged.stageMm === null ? 'no stage known' : `last seen at ${cm(judged.stageMm)}`;
  return stationFinding('level', facts, {
    signal: 'hold',
    priority: priorityOf(severity),
    severity,
    sinceMs: judged.sinceMs ?? 0,
    headline: `${station.name}: ${seen} (sensor, provisional)`,
    evidence: { stageMm: judged.stageMm, presence: facts.level.presence },
  });
}

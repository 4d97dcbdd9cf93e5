import { Type } from 'typebox';
import { commonDefaults, isPresent, stationFinding } from '../findings.ts';
import { paceOf } from '../pace.ts';
import type { RuleWorld, StationFacts, StationRule } from '../rule.ts';
import { cm, rateText } from '../words.ts';

/** Waves in a basin are small. */
const leastRiseMm = 60;

const settings = Type.Object({
  riseMmPer10Min: Type.Integer({ minimum: 1, maximum: 10_000, description: 'The basin rises at least so fast' }),
});

/** A pump stands still while the water that it should lift rises. A falling or unseen basin raises nothing. */
export const pumpStopped: StationRule<typeof settings> = {
  name: 'pump-stopped',
  scope: 'station',
  list: 'flood',
  about: 'A pump is entered as stopped or out of service while its basin rises.',
  notReplayed: true,
  settings,
  defaults: () => ({
    ...commonDefaults(
      'Call the pump house: is the pump really stopped, and why? Start a spare or send a mobile pump, and enter the pump states when they change.',
      { offDelayS: 1800, reAlarmMin: 60 },
    ),
    riseMmPer10Min: 20,
  }),
  find(world, facts, { riseMmPer10Min }) {
    const { station, works } = facts;
    const still = works?.pumps.filter(({ state }) => state !== 'running') ?? [];
    if (works === null || still.length === 0) return [];
    const basin = basinOf(world, facts);
    const pace = paceOf(basin, leastRiseMm);
    const known = pace !== null && isPresent(basin, world.nowMs);
    if (known && pace <= 0) return [];
    const names = still.map(({ name, state }) => `${name} ${state === 'stopped' ? 'stopped' : 'out of service'}`);
    const stageMm = basin.judged.stageMm;
    const rises = known ? `, basin rises ${rateText(pace)}` : '';
    return [
      stationFinding('pump-stopped', facts, {
        signal: known && pace >= riseMmPer10Min ? 'on' : 'hold',
        priority: still.length === works.pumps.length ? 'high' : 'medium',
        sinceMs: Date.parse(works.enteredAt),
        headline: `${station.name}: ${names.join(', ')}${rises}${stageMm === null ? '' : ` to ${cm(stageMm)}`}`,
        evidence: {
          pumpsStill: still.length,
          pumps: works.pumps.length,
          enteredAt: works.enteredAt,
          stageStation: basin.station.id,
          stageMm,
          rateMmPer10Min: pace,
        },
      }),
    ];
  },
};

/** The gauge that sees the pump's basin: the station's own, or a pump basin of the same basin if it has none. */
function basinOf(world: RuleWorld, facts: StationFacts): StationFacts {
  if (facts.value !== null || facts.station.kind === 'pump-basin') return facts;
  const near = [...world.stations.values()].find(
    ({ station, value }) => station.kind === 'pump-basin' && station.basin === facts.station.basin && value !== null,
  );
  return near ?? facts;
}

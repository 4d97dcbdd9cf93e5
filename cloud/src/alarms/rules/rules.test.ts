import { readdirSync, readFileSync } from 'node:fs';
import { stationKinds } from '@siaga/protocol';
import { describe, expect, it } from 'vitest';
import { describeFaults, loadCatalogue } from '../../fleet/catalogue.ts';
import { alarmSettingsFaults } from '../../fleet/catalogue-faults.ts';
import { catalogueText } from '../../fleet/testing.ts';
import type { FoundCondition } from '../rule.ts';
import { createRuleSet } from './index.ts';
import { rules } from './list.ts';
import { catalogueOf, samples, worldOf } from './testing.ts';

describe('the list', () => {
  it('holds every file of the folder, under its name', () => {
    const files = readdirSync(new URL('.', import.meta.url)).filter((file) => !/test|^(index|list)\./.test(file));
    expect(rules.map(({ name }) => `${name}.ts`).sort()).toEqual(files.sort());
  });

  it('every rule has defaults that its own schema takes, and says what to do', () => {
    for (const rule of rules)
      for (const kind of stationKinds) {
        const settings = rule.scope === 'station' ? rule.defaults(kind) : rule.defaults();
        expect(alarmSettingsFaults({ rules: { [rule.name]: settings } }, { basins: [], stations: [] })).toEqual([]);
        expect(settings.response.length, rule.name).toBeGreaterThan(60);
        expect(Object.keys(settings).sort()).toEqual(
          [
            ...Object.keys(rule.settings.properties),
            'latch',
            'offDelayS',
            'on',
            'onDelayS',
            'reAlarmMin',
            'response',
          ].sort(),
        );
      }
  });
});

it("the user's page names every rule with its list, and every setting", () => {
  const page = readFileSync(new URL('../../../../docs/alarms.md', import.meta.url), 'utf8');
  for (const { name, list, settings } of rules) {
    expect(page).toContain(`| \`${name}\` | ${list} |`);
    for (const setting of Object.keys(settings.properties)) expect(page, name).toContain(`\`${setting}\``);
  }
});

describe('settings', () => {
  const offDelayAt = (station: string, alarms: string): number | undefined => {
    const catalogue = catalogueOf({ alarms });
    const world = worldOf(catalogue, { nowMin: 0, samples: samples(900, 900) });
    const condition = createRuleSet(catalogue)
      .find(world)
      .find((found: FoundCondition) => found.rule === 'level' && found.station === station);
    return condition?.settings.offDelayS;
  };

  it('what is closest wins: station, basin, kind, rule, default', () => {
    const rule = 'rules: { level: { offDelayS: 1 } }';
    const kind = 'kinds: { river: { level: { offDelayS: 2 } } }';
    const basin = 'basins: { ciliwung: { level: { offDelayS: 3 } } }';
    const station = 'stations: { katulampa: { level: { offDelayS: 4 } } }';
    expect(offDelayAt('katulampa', '')).toBe(1800);
    expect(offDelayAt('katulampa', `alarms: { ${rule} }`)).toBe(1);
    expect(offDelayAt('katulampa', `alarms: { ${rule}, ${kind} }`)).toBe(2);
    expect(offDelayAt('katulampa', `alarms: { ${rule}, ${kind}, ${basin} }`)).toBe(3);
    expect(offDelayAt('katulampa', `alarms: { ${rule}, ${kind}, ${basin}, ${station} }`)).toBe(4);
    expect(offDelayAt('depok', `alarms: { ${rule}, ${kind}, ${basin}, ${station} }`)).toBe(3);
  });

  it('a rule that is off finds nothing', () => {
    expect(offDelayAt('katulampa', 'alarms: { rules: { level: { on: false } } }')).toBeUndefined();
  });

  it('lists every fault at once, with its place and its mend', () => {
    const loaded = loadCatalogue(`${catalogueText}
alarms:
  escalation: [{ afterMin: 5, duties: [operator] }, { afterMin: 3, duties: [] }]
  rules: { levl: { on: true }, level: { offDelayS: -4, colour: red } }
  kinds: { lake: {}, tide: { rate: { limitMmPer10Min: 50.5 }, platform: { on: false } } }
  basins: { citarum: { level: { on: 1 } } }
  stations: { katulmpa: { rate: { on: true } } }
`);
    expect(loaded.ok ? [] : describeFaults(loaded.faults).split('\n').sort()).toEqual([
      'alarms.basins.citarum.level.on: must be boolean',
      'alarms.basins.citarum: is not among the basins; add it there, or correct it',
      'alarms.escalation[0].afterMin: must be 0: the first step is told at once',
      'alarms.escalation[1].afterMin: 3 must be above 5, the step before it',
      'alarms.escalation[1].duties: must not have fewer than 1 items',
      'alarms.kinds.lake: is not a known field; take it out, or correct its name',
      'alarms.kinds.tide.platform: is not a known field; take it out, or correct its name',
      'alarms.kinds.tide.rate.limitMmPer10Min: must be integer',
      'alarms.rules.level.colour: is not a known field; take it out, or correct its name',
      'alarms.rules.level.offDelayS: must be >= 0',
      'alarms.rules.levl: is not a known field; take it out, or correct its name',
      'alarms.stations.katulmpa: is not among the stations; add it there, or correct it',
    ]);
  });
});

describe('a look', () => {
  const catalogue = catalogueOf({});
  const set = createRuleSet(catalogue);

  it('at some stations covers those, and not the platform', () => {
    const world = worldOf(catalogue, { nowMin: 0, samples: samples(900, 900), platform: { heartbeatFault: 'gone' } });
    const some = set.find(world, ['katulampa']);
    expect(new Set(some.map(({ station }) => station))).toEqual(new Set(['katulampa']));
    expect(set.find(world).some(({ rule }) => rule === 'heartbeat')).toBe(true);
    const only = new Set(['katulampa']);
    expect(set.covers({ rule: 'level', station: 'katulampa' }, only)).toBe(true);
    expect(set.covers({ rule: 'level', station: 'depok' }, only)).toBe(false);
    expect(set.covers({ rule: 'heartbeat', station: null }, only)).toBe(false);
    expect(set.covers({ rule: 'heartbeat', station: null })).toBe(true);
  });

  it('never finds one key twice', () => {
    const world = worldOf(catalogue, { nowMin: 60, samples: samples(900, 900), platform: { diskFreePercent: 1 } });
    const keys = set.find(world).map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

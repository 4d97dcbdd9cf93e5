import { describe, expect, test } from 'vitest';
import { describeFaults, infoAt, loadCatalogue, siteAt } from './catalogue.ts';
import { catalogueFrom, catalogueText } from './testing.ts';

const at = Date.UTC(2026, 0, 10);

/** The faults of a catalogue text, as paths; fails when it is sound. */
function faultsOf(text: string): string[] {
  const loaded = loadCatalogue(text);
  return loaded.ok ? [] : loaded.faults.map(({ path }) => path);
}

function sound(text = catalogueText) {
  const loaded = loadCatalogue(text);
  if (!loaded.ok) throw new Error(describeFaults(loaded.faults));
  return loaded.catalogue;
}

describe('a sound catalogue', () => {
  test('stations, gauges, calibrations, reaches', () => {
    const catalogue = sound();
    expect(catalogue.deployment).toEqual({
      name: 'Siaga Jakarta (test)',
      timeZone: 'Asia/Jakarta',
      bounds: [-6.75, 106.55, -5.95, 107.05],
      tiles: null,
    });
    expect(catalogue.stations.map(({ id }) => id)).toEqual(['katulampa', 'depok']);
    expect(catalogue.gaugesOf('katulampa')).toEqual(new Set(['main', 'second']));
    expect(catalogue.gaugesOf('nowhere')).toBeUndefined();
    expect(catalogue.station('katulampa')?.calibrations.map(({ gauge, validFromMs }) => [gauge, validFromMs])).toEqual([
      ['main', Date.UTC(2013, 0, 1)],
      ['second', Date.UTC(2013, 0, 1)],
      ['main', Date.UTC(2020, 0, 1)],
    ]);
    expect(catalogue.reaches).toEqual([
      {
        id: 'katulampa-depok',
        from: 'katulampa',
        to: 'depok',
        river: 'Ciliwung',
        travelHours: { min: 3, max: 5 },
        via: [[-6.52, 106.83]],
      },
    ]);
  });

  test('what the console and the judge are told, with the bands in force', () => {
    const station = sound().station('katulampa');
    if (station === undefined) throw new Error('no station');
    expect(infoAt(station, at)).toMatchObject({
      id: 'katulampa',
      gauges: ['main', 'second'],
      bands: [
        { severity: 0, label: 'Siaga IV', fromMm: null },
        { severity: 1, label: 'Siaga III', fromMm: 810 },
        { severity: 2, label: 'Siaga II', fromMm: 1510 },
        { severity: 3, label: 'Siaga I', fromMm: 2010 },
      ],
    });
    expect(infoAt(station, Date.UTC(2012, 0, 1)).bands).toEqual([]);
    expect(siteAt(station, at)).toMatchObject({ gauge: 'main', deadBandMm: 50, staleCapS: 3600 });
  });

  test('a station may have no thresholds, and a catalogue no reaches', () => {
    const bare = catalogueText
      .replace(/^reaches:[\s\S]*/m, '')
      .replace(/thresholds:\n( {6}- .*\n)+/g, 'thresholds: []\n');
    expect(sound(bare).stations[0]?.thresholds).toEqual([]);
  });
});

describe('faults', () => {
  const cases: [what: string, from: string | RegExp, to: string, path: string][] = [
    ['a station id twice', 'id: depok', 'id: katulampa', 'stations[1].id'],
    ['a gauge id twice', 'id: second', 'id: main', 'stations[0].gauges[1].id'],
    ['an unknown basin', 'basin: ciliwung', 'basin: citarum', 'stations[0].basin'],
    ['limits that do not rise', 'fromMm: 1510', 'fromMm: 2510', 'stations[0].thresholds[2].fromMm'],
    ['two limits of one severity at a time', 'severity: warning', 'severity: alert', 'stations[0].thresholds[1]'],
    [
      'a validity that ends before it begins',
      /fromMm: 810, /,
      'fromMm: 810, validTo: 2012-01-01T00:00:00Z, ',
      'stations[0].thresholds[0].validTo',
    ],
    ['no calibration', /calibrations:\n( {10}- .*\n)+/, 'calibrations: []\n', 'stations[0].gauges[0].calibrations'],
    [
      'two calibrations from one instant',
      '2020-01-01T00:00:00Z, sensor',
      '2013-01-01T00:00:00Z, sensor',
      'stations[0].gauges[0].calibrations[1].validFrom',
    ],
    ['no gauge', /gauges:\n[\s\S]*? {2}- id: depok/, 'gauges: []\n  - id: depok', 'stations[0].gauges'],
    ['a reach to an unknown station', 'to: depok', 'to: bogor', 'reaches[0].to'],
    ['a reach to itself', 'to: depok', 'to: katulampa', 'reaches[0].to'],
    ['travel times the wrong way round', 'min: 3', 'min: 6', 'reaches[0].travelHours'],
    ['an unknown time zone', 'Asia/Jakarta', 'Asia/Batavia2', 'deployment.timeZone'],
    [
      'bounds in another order',
      '[-6.75, 106.55, -5.95, 107.05]',
      '[-5.95, 106.55, -6.75, 107.05]',
      'deployment.bounds',
    ],
    ['a latitude off the globe', 'lat: -6.6331', 'lat: -96.6331', 'stations[0].lat'],
    ['a misspelt field', 'deadBandMm: 50', 'deadbandMm: 50', 'stations[0].deadbandMm'],
    ['an unknown kind', 'kind: river', 'kind: lake', 'stations[0].kind'],
    ['an id that no certificate can carry', 'id: katulampa', 'id: Katulampa', 'stations[0].id'],
    ['a fraction of a millimetre', 'fromMm: 810', 'fromMm: 810.5', 'stations[0].thresholds[0].fromMm'],
    [
      'a date without its time',
      'validFrom: 2013-01-01T00:00:00Z }',
      'validFrom: 2013-01-01 }',
      'stations[0].thresholds[0].validFrom',
    ],
  ];
  test.each(cases)('%s', (_, from, to, path) => {
    const broken = catalogueText.replace(from, to);
    expect(broken).not.toBe(catalogueText);
    expect(faultsOf(broken)).toContain(path);
  });

  test('all are listed at once, each with its mend, more than eight', () => {
    const broken = cases
      .filter(([what]) => !/no gauge|no calibration|itself|a station id twice|one severity/.test(what))
      .reduce((text, [, from, to]) => text.replace(from, to), catalogueText);
    const loaded = loadCatalogue(broken);
    if (loaded.ok) throw new Error('taken as sound');
    expect(new Set(loaded.faults.map(({ path }) => path)).size).toBeGreaterThan(10);
    expect(loaded.faults.every(({ mend }) => mend.length > 5)).toBe(true);
    expect(describeFaults(loaded.faults).split('\n')).toHaveLength(loaded.faults.length);
  });

  test('mends are in plain words', () => {
    const broken = catalogueText
      .replace('severity: alert', 'severity: Alert')
      .replace('kind: river', 'kind: lake')
      .replace('    staleCapS: 3600\n', '');
    const loaded = loadCatalogue(broken);
    expect(loaded.ok ? '' : describeFaults(loaded.faults).split('\n').sort()).toEqual([
      'stations[0].kind: must be one of river, street, gate-up, gate-down, tide, pump-basin',
      'stations[0].staleCapS: is missing',
      'stations[0].thresholds[0].severity: must be one of alert, warning, danger',
    ]);
  });

  test('broken YAML is named by line', () => {
    expect(faultsOf('deployment:\n  name: [')[0]).toMatch(/^line \d+, column \d+$/);
    expect(faultsOf('a: 1\na: 2')[0]).toMatch(/^line 2/);
    expect(faultsOf('')).toEqual(['catalogue']);
    expect(faultsOf('- 1')).toEqual(['catalogue']);
    expect(faultsOf('deployment: 1')).toEqual(expect.arrayContaining(['deployment', 'basins', 'stations']));
  });

  test('never throws, whatever the text', () => {
    for (const text of ['a: *b', '? ', '\u0000', 'stations: [[]]', 'stations: { a: 1 }', '&a [*a]', 'reaches: [null]'])
      expect(loadCatalogue(text).ok).toBe(false);
  });
});

test('tells when other limits come into force', () => {
  const [first] = catalogueFrom().stations;
  const beganMs = first?.thresholds[0]?.validFromMs as number;
  const { limitsInForce } = catalogueFrom(
    catalogueText.replace(
      'fromMm: 1510, validFrom: 2013',
      'fromMm: 1510, validTo: 2030-01-01T00:00:00Z, validFrom: 2013',
    ),
  );
  const at = [beganMs - 1, beganMs, Date.UTC(2029, 0), Date.UTC(2030, 0), Date.UTC(2031, 0)].map(limitsInForce);
  expect([at[0], at[1] === at[2], at[3] === at[4]]).toEqual([-1, true, true]);
  expect(at[3]).toBeGreaterThan(at[2] as number);
});

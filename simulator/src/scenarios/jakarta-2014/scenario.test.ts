import { expect, test } from 'vitest';
import { distanceMmAt, readCatalogue } from '../../catalogue.ts';
import type { Hydrograph } from '../../hydrograph.ts';
import { sensorNamed, typeFor } from '../../sensors.ts';
import { jakarta2014, jakarta2014Catalogue, jakartaPoints, wibMs } from './scenario.ts';

const catalogue = await readCatalogue(jakarta2014Catalogue);
const minuteMs = 60_000;

function stageOf(station: string): Hydrograph {
  const hydrograph = jakarta2014.stations.get(station);
  if (hydrograph === undefined) throw new Error(`no ${station}`);
  return hydrograph;
}

test('Katulampa is at 130 cm at 22:00, 200 cm at 23:05 and 220 cm at 23:27, as published', () => {
  const katulampa = stageOf('katulampa');
  expect(katulampa(Date.UTC(2014, 0, 29, 15, 0))).toBeCloseTo(1300, 6);
  expect(katulampa(Date.UTC(2014, 0, 29, 16, 5))).toBeCloseTo(2000, 6);
  expect(katulampa(Date.UTC(2014, 0, 29, 16, 27))).toBeCloseTo(2200, 6);
});

test('every fact is met exactly, and names its source', () => {
  const facts = Object.entries(jakartaPoints).flatMap(([id, points]) =>
    points.flatMap((point) => (point.kind === 'fact' ? [{ id, ...point }] : [])),
  );
  expect(facts.length).toBe(9);
  for (const { id, at, stageCm, source } of facts) {
    expect(stageOf(id)(wibMs(at))).toBeCloseTo(stageCm * 10, 6);
    expect(source).not.toBe('');
  }
});

test('a first start sees Katulampa reach Siaga I within ten minutes and Depok reach Siaga III within the hour', () => {
  const { entryMs } = jakarta2014;
  expect(entryMs).toBe(Date.UTC(2014, 0, 29, 16, 0));
  expect(stageOf('katulampa')(entryMs)).toBeLessThan(2010);
  expect(stageOf('katulampa')(entryMs + 10 * minuteMs)).toBeGreaterThan(2010);
  expect(stageOf('depok')(entryMs)).toBeLessThan(2010);
  expect(stageOf('depok')(entryMs + 60 * minuteMs)).toBeGreaterThan(2010);
});

test('twelve gauges, each with a hydrograph', () => {
  expect(catalogue.stations.map(({ id }) => id).sort()).toEqual([...jakarta2014.stations.keys()].sort());
  expect(catalogue.stations.length).toBe(12);
});

test.each(catalogue.stations)(
  '$id: water stays within the sensor span over the whole scenario, with a margin',
  (station) => {
    const [gauge] = station.gauges;
    const distances: number[] = [];
    for (let atMs = wibMs('29 00:00'); atMs < wibMs('29 00:00') + jakarta2014.periodMs; atMs += 5 * minuteMs)
      distances.push(distanceMmAt(gauge as NonNullable<typeof gauge>, stageOf(station.id)(atMs), atMs));
    expect(typeFor(sensorNamed(gauge?.model ?? ''), Math.min(...distances), Math.max(...distances))).toBeDefined();
  },
);

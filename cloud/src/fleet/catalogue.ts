import {
  type Deployment,
  type GaugeId,
  type Reach,
  type Severity,
  type StationId,
  type StationInfo,
  severities,
} from '@siaga/protocol';
import { isMap, LineCounter, parseDocument } from 'yaml';
import type { AlarmSettings } from '../alarms/settings.ts';
import { bandsAt } from '../domain/bands.ts';
import type { Site } from '../domain/level.ts';
import type { DatedCalibration } from '../domain/stage.ts';
import { crossFaults, type Fault, schemaFaults } from './catalogue-faults.ts';
import type { CatalogueFile, ReachEntry, StationEntry } from './catalogue-schema.ts';
import type { CatalogueGauge, CatalogueStation } from './station.ts';

export type { Fault } from './catalogue-faults.ts';
export type { CatalogueStation } from './station.ts';

export type Catalogue = {
  readonly deployment: Deployment;
  readonly basins: readonly { readonly id: string; readonly name: string }[];
  readonly stations: readonly CatalogueStation[];
  readonly reaches: readonly Reach[];
  /** What differs from the defaults of the alarm rules. */
  readonly alarms: AlarmSettings;
  station(id: StationId): CatalogueStation | undefined;
  /** Rises whenever a threshold's validity begins or ends. */
  limitsInForce(atMs: number): number;
  /** The gauges of a station; undefined for a station that is not in the catalogue. */
  gaugesOf(id: StationId): ReadonlySet<GaugeId> | undefined;
};

export type LoadedCatalogue =
  | { readonly ok: true; readonly catalogue: Catalogue }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** Reads the text of a catalogue file. Never throws: all faults at once, each with its place and its mend. */
export function loadCatalogue(text: string): LoadedCatalogue {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const syntax = document.errors.map(({ pos, message }) => {
    const { line, col } = lines.linePos(pos[0]);
    return { path: `line ${line}, column ${col}`, mend: message };
  });
  if (syntax.length > 0) return { ok: false, faults: syntax };
  if (!isMap(document.contents))
    return { ok: false, faults: [{ path: 'catalogue', mend: 'must hold deployment, basins, stations and reaches' }] };
  let content: unknown;
  try {
    content = document.toJS();
  } catch (error) {
    return { ok: false, faults: [{ path: 'catalogue', mend: (error as Error).message }] };
  }
  const faults = [...schemaFaults(content), ...crossFaults(content)];
  if (faults.length > 0) return { ok: false, faults };
  return { ok: true, catalogue: catalogueOf(content as CatalogueFile) };
}

/** All faults as text, one a line. */
export function describeFaults(faults: readonly Fault[]): string {
  return faults.map(({ path, mend }) => `${path}: ${mend}`).join('\n');
}

function catalogueOf(file: CatalogueFile): Catalogue {
  const stations = file.stations.map(stationOf);
  const byId = new Map(stations.map((station) => [station.id, station]));
  const gauges = new Map(stations.map((station) => [station.id, new Set(station.gauges.map(({ id }) => id))]));
  const turns = stations
    .flatMap(({ thresholds }) =>
      thresholds.flatMap(({ validFromMs, validToMs }) => [validFromMs, validToMs ?? validFromMs]),
    )
    .sort((a, b) => a - b);
  const { name, timeZone, bounds, tiles = null } = file.deployment;
  return {
    deployment: { name, timeZone, bounds: [...bounds], tiles },
    basins: file.basins,
    stations,
    reaches: (file.reaches ?? []).map(reachOf),
    alarms: file.alarms ?? {},
    station: (id) => byId.get(id),
    limitsInForce: (atMs) => turns.findLastIndex((turnMs) => turnMs <= atMs),
    gaugesOf: (id) => gauges.get(id),
  };
}

function stationOf(entry: StationEntry): CatalogueStation {
  const calibrations = entry.gauges.flatMap((gauge) =>
    gauge.calibrations.map(
      (calibration): DatedCalibration => ({
        gauge: gauge.id,
        validFromMs: Date.parse(calibration.validFrom),
        sensorElevationMm: calibration.sensorElevationMm,
        faceOffsetMm: calibration.faceOffsetMm,
        benchmark: calibration.benchmark ?? null,
        surveyedOn: calibration.surveyedOn ?? null,
        ...(calibration.relevelDue === undefined ? {} : { relevelDue: calibration.relevelDue }),
      }),
    ),
  );
  const gauges = entry.gauges.map(({ id, model, blankingMm }) => ({ id, model, blankingMm }));
  return {
    id: entry.id,
    name: entry.name,
    kind: entry.kind,
    basin: entry.basin,
    lat: entry.lat,
    lon: entry.lon,
    staleCapS: entry.staleCapS,
    deadBandMm: entry.deadBandMm,
    normalLabel: entry.normalLabel,
    thresholds: entry.thresholds.map(({ severity, label, fromMm, validFrom, validTo }) => ({
      severity: severities.indexOf(severity) as Severity,
      label,
      fromMm,
      validFromMs: Date.parse(validFrom),
      validToMs: validTo === undefined ? null : Date.parse(validTo),
    })),
    gauges: gauges as [CatalogueGauge, ...CatalogueGauge[]],
    calibrations: calibrations.sort((a, b) => a.validFromMs - b.validFromMs),
  };
}

function reachOf({ via = [], ...reach }: ReachEntry): Reach {
  return { ...reach, via };
}

/** What the console is told of a station, with the bands in force at `atMs`. */
export function infoAt(station: CatalogueStation, atMs: number): StationInfo {
  const { id, name, kind, basin, lat, lon } = station;
  return {
    id,
    name,
    kind,
    basin,
    lat,
    lon,
    gauges: station.gauges.map((gauge) => gauge.id),
    bands: bandsAt(station.thresholds, station.normalLabel, atMs),
  };
}

/** What the present-level fold needs of a station, with the bands in force at `atMs`. */
export function siteAt(station: CatalogueStation, atMs: number): Site {
  return {
    gauge: station.gauges[0].id,
    calibrations: station.calibrations,
    bands: bandsAt(station.thresholds, station.normalLabel, atMs),
    deadBandMm: station.deadBandMm,
    staleCapS: station.staleCapS,
  };
}

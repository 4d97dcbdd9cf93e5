import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';
import { Settings } from 'typebox/system';
import { AlarmSettings } from '../alarms/settings.ts';
import { CatalogueFile, GaugeEntry, ThresholdEntry } from './catalogue-schema.ts';

/** Something wrong in the catalogue: where, and how to mend it. */
export type Fault = { readonly path: string; readonly mend: string };

const file = Compile(CatalogueFile);

/** More than a person mends at one sitting. */
const maxFaults = 500;

const alarmsSection = Compile(Type.Object({ alarms: AlarmSettings }));

/** Everything in which a document differs from the file's schema. */
export function schemaFaults(document: unknown): Fault[] {
  return everyFault(file, document);
}

function everyFault(schema: { Errors(value: unknown): TLocalizedValidationError[] }, document: unknown): Fault[] {
  // TypeBox stops at 8 errors unless told otherwise, for the whole process: put back at once.
  const { maxErrors } = Settings.Get();
  Settings.Set({ maxErrors: maxFaults });
  try {
    return schema.Errors(document).flatMap(faultsOf);
  } finally {
    Settings.Set({ maxErrors });
  }
}

function faultsOf(error: TLocalizedValidationError): Fault[] {
  const path = pathOf(error.instancePath);
  const within = (name: string) => (path === 'catalogue' ? name : `${path}.${name}`);
  switch (error.keyword) {
    // Says again what `additionalProperties` says.
    case 'boolean':
      return [];
    case 'additionalProperties':
      return error.params.additionalProperties.map((name) => ({
        path: within(name),
        mend: 'is not a known field; take it out, or correct its name',
      }));
    case 'required':
      return error.params.requiredProperties.map((name) => ({ path: within(name), mend: 'is missing' }));
    case 'enum':
      return [{ path, mend: `must be one of ${error.params.allowedValues.join(', ')}` }];
    case 'format':
      return [{ path, mend: `must be ${formats[error.params.format] ?? error.params.format}` }];
    case 'pattern':
      return [{ path, mend: 'must be an id of small letters, digits and hyphens that begins with a letter or digit' }];
    default:
      return [{ path, mend: error.message }];
  }
}

const formats: Readonly<Record<string, string>> = {
  'date-time': 'a time with its zone, such as 2013-01-01T00:00:00Z',
  date: 'a date, such as 2013-01-01',
};

/** `/stations/2/gauges/0/id` as `stations[2].gauges[0].id`. */
function pathOf(pointer: string): string {
  const path = pointer
    .slice(1)
    .replaceAll(/\/(\d+)/g, '[$1]')
    .replaceAll('/', '.');
  return path || 'catalogue';
}

const isGauge = Compile(GaugeEntry);
const isThreshold = Compile(ThresholdEntry);

type Raw = Readonly<Record<string, unknown>>;

/**
 * Faults between the fields, looked for in every part that is itself well formed, so that one slip does not
 * hide the rest.
 */
export function crossFaults(document: unknown): Fault[] {
  const root = recordOf(document);
  const basins = listOf(root.basins);
  const stations = listOf(root.stations);
  const reaches = listOf(root.reaches);
  const basinIds = new Set(basins.map(idOf));
  const stationIds = new Set(stations.map(idOf));
  return [
    ...deploymentFaults(recordOf(root.deployment)),
    ...repeated(basins, 'basins'),
    ...(Array.isArray(root.stations) && stations.length === 0
      ? [{ path: 'stations', mend: 'must name at least one station' }]
      : []),
    ...repeated(stations, 'stations'),
    ...stations.flatMap((station, i) => stationFaults(station, `stations[${i}]`, basinIds)),
    ...repeated(reaches, 'reaches'),
    ...reaches.flatMap((reach, i) => reachFaults(reach, `reaches[${i}]`, stationIds)),
    ...alarmFaults(recordOf(root.alarms), { basins: basinIds, stations: stationIds }),
  ];
}

function deploymentFaults({ timeZone, bounds }: Raw): Fault[] {
  const faults: Fault[] = [];
  if (typeof timeZone === 'string' && !isTimeZone(timeZone))
    faults.push({ path: 'deployment.timeZone', mend: `${timeZone} is no IANA time zone; e.g. Asia/Jakarta` });
  if (Array.isArray(bounds) && bounds.every((side) => typeof side === 'number')) {
    const [south, west, north, east] = bounds as number[];
    if (Number(south) >= Number(north) || Number(west) >= Number(east))
      faults.push({
        path: 'deployment.bounds',
        mend: 'must be south, west, north, east, with south < north and west < east',
      });
  }
  return faults;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function stationFaults(raw: Raw, path: string, basinIds: ReadonlySet<unknown>): Fault[] {
  const faults: Fault[] = [];
  if (typeof raw.basin === 'string' && !basinIds.has(raw.basin))
    faults.push({ path: `${path}.basin`, mend: `${raw.basin} is not among the basins; add it there, or correct it` });
  const gauges = listOf(raw.gauges);
  if (Array.isArray(raw.gauges) && gauges.length === 0)
    faults.push({ path: `${path}.gauges`, mend: 'must name at least one gauge; the first is the primary one' });
  faults.push(...repeated(gauges, `${path}.gauges`));
  for (const [i, gauge] of gauges.entries())
    if (isGauge.Check(gauge)) faults.push(...calibrationFaults(gauge, `${path}.gauges[${i}].calibrations`));
  const thresholds = listOf(raw.thresholds);
  if (thresholds.every((threshold) => isThreshold.Check(threshold)))
    faults.push(...thresholdFaults(thresholds as unknown as ThresholdEntry[], `${path}.thresholds`));
  return faults;
}

function calibrationFaults({ calibrations }: GaugeEntry, path: string): Fault[] {
  if (calibrations.length === 0)
    return [{ path, mend: 'must hold at least one calibration; without it no stage can be computed' }];
  return calibrations.flatMap(({ validFrom }, i) =>
    calibrations.findIndex((other) => Date.parse(other.validFrom) === Date.parse(validFrom)) < i
      ? [
          {
            path: `${path}[${i}].validFrom`,
            mend: `${validFrom} is the start of another calibration too; give each its own`,
          },
        ]
      : [],
  );
}

const ladder = ['alert', 'warning', 'danger'];

function thresholdFaults(thresholds: readonly ThresholdEntry[], path: string): Fault[] {
  const faults: Fault[] = [];
  for (const [i, a] of thresholds.entries()) {
    if (endOf(a) <= Date.parse(a.validFrom))
      faults.push({ path: `${path}[${i}].validTo`, mend: `must be after validFrom, ${a.validFrom}` });
    for (const b of thresholds.slice(0, i)) {
      if (Date.parse(a.validFrom) >= endOf(b) || Date.parse(b.validFrom) >= endOf(a)) continue;
      const step = ladder.indexOf(a.severity) - ladder.indexOf(b.severity);
      if (step === 0)
        faults.push({
          path: `${path}[${i}]`,
          mend: `is valid at the same time as another threshold for ${a.severity}; end that one with validTo`,
        });
      else if (Math.sign(a.fromMm - b.fromMm) !== Math.sign(step))
        faults.push({
          path: `${path}[${i}].fromMm`,
          mend: `${a.fromMm} for ${a.severity} must be ${step > 0 ? 'above' : 'below'} ${b.fromMm} for ${b.severity}: limits rise with severity`,
        });
    }
  }
  return faults;
}

function endOf({ validTo }: ThresholdEntry): number {
  return validTo === undefined ? Number.POSITIVE_INFINITY : Date.parse(validTo);
}

function reachFaults(raw: Raw, path: string, stationIds: ReadonlySet<unknown>): Fault[] {
  const faults: Fault[] = [];
  for (const end of ['from', 'to'])
    if (typeof raw[end] === 'string' && !stationIds.has(raw[end]))
      faults.push({
        path: `${path}.${end}`,
        mend: `${raw[end]} is not among the stations; add it there, or correct it`,
      });
  if (typeof raw.from === 'string' && raw.from === raw.to)
    faults.push({ path: `${path}.to`, mend: 'must be another station than from' });
  const { min, max } = recordOf(raw.travelHours);
  if (typeof min === 'number' && typeof max === 'number' && min > max)
    faults.push({ path: `${path}.travelHours`, mend: `min ${min} must not be above max ${max}` });
  return faults;
}

function alarmFaults(
  alarms: Raw,
  known: { readonly basins: ReadonlySet<unknown>; readonly stations: ReadonlySet<unknown> },
): Fault[] {
  const strangers = (['basins', 'stations'] as const).flatMap((part) =>
    Object.keys(recordOf(alarms[part]))
      .filter((id) => !known[part].has(id))
      .map((id) => ({ path: `alarms.${part}.${id}`, mend: `is not among the ${part}; add it there, or correct it` })),
  );
  const steps = listOf(alarms.escalation).map(({ afterMin }) => afterMin);
  const disorder = steps.flatMap((afterMin, i) => {
    if (typeof afterMin !== 'number') return [];
    const path = `alarms.escalation[${i}].afterMin`;
    if (i === 0) return afterMin === 0 ? [] : [{ path, mend: 'must be 0: the first step is told at once' }];
    const before = steps[i - 1];
    return typeof before !== 'number' || before < afterMin
      ? []
      : [{ path, mend: `${afterMin} must be above ${before}, the step before it` }];
  });
  return [...strangers, ...disorder];
}

/** Faults of an `alarms` section by itself, as a dry run is given one, against the catalogue in force. */
export function alarmSettingsFaults(
  alarms: unknown,
  catalogue: { readonly basins: readonly { id: string }[]; readonly stations: readonly { id: string }[] },
): Fault[] {
  return [
    ...everyFault(alarmsSection, { alarms }),
    ...alarmFaults(recordOf(alarms), {
      basins: new Set(catalogue.basins.map(({ id }) => id)),
      stations: new Set(catalogue.stations.map(({ id }) => id)),
    }),
  ];
}

function repeated(entries: readonly Raw[], path: string): Fault[] {
  return entries.flatMap((entry, i) =>
    typeof entry.id === 'string' && entries.findIndex(({ id }) => id === entry.id) < i
      ? [{ path: `${path}[${i}].id`, mend: `${entry.id} is taken by an earlier entry; give each its own id` }]
      : [],
  );
}

function idOf(entry: Raw): unknown {
  return entry.id;
}

function listOf(value: unknown): Raw[] {
  return Array.isArray(value) ? value.map(recordOf) : [];
}

function recordOf(value: unknown): Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Raw) : {};
}

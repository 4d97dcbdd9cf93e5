/** The fleet as people see it: what each device says, what it needs, and what its technician would change. */
import type { About, Calibration, Clock, Health, StationId, StationLevel } from '@siaga/protocol';
import { weighs } from '@siaga/protocol';
import { agent } from '../alarms/rules/agent.ts';
import { stationSettings } from '../alarms/settings.ts';
import { calibrationAt, type DatedCalibration, stageMmOf } from '../domain/stage.ts';
import type { JudgingStore, StoredReading } from '../ports.ts';
import { type Calibrations, datedCalibration, type KeptCalibration } from './calibrations.ts';
import type { Catalogue } from './catalogue.ts';
import type { Devices } from './devices.ts';
import { maintenanceUntilMs } from './maintenance.ts';
import type { CertificateState } from './pki/states.ts';
import { newestVersions } from './versions.ts';
import { defaultLimits, type Visit, type VisitLimits, visitReasons } from './visit.ts';
import { urgencies } from './visit-words.ts';

export type FleetEntry = {
  readonly station: StationId;
  readonly name: string;
  readonly connected: boolean;
  readonly connection: number;
  readonly health: Health | null;
  readonly healthAtMs: number | null;
  readonly about: About | null;
  readonly aboutAtMs: number | null;
  readonly level: StationLevel | null;
  readonly maintenanceUntilMs: number | null;
  /** Null where nothing is known of certificates here. */
  readonly certificate: CertificateState | null;
  /** The most urgent first; empty for one that can be forgotten. */
  readonly visits: readonly Visit[];
};

/** A technician's calibration beside the one in force, at the newest reading of its gauge. */
export type CalibrationView = KeptCalibration & {
  /** What is in force without it; null where the gauge has none. */
  readonly against: DatedCalibration | null;
  /** `by`: what the stage is with it and without it. Null without a reading of late. */
  readonly present: {
    readonly observedAtMs: number;
    readonly withItMm: number;
    readonly withoutItMm: number | null;
  } | null;
};

export type Overview = {
  /** What needs somebody comes first. */
  all(): Promise<FleetEntry[]>;
  of(station: StationId): Promise<FleetEntry | undefined>;
  calibrationsOf(station: StationId): Promise<CalibrationView[] | undefined>;
};

export type OverviewOptions = {
  readonly catalogue: Catalogue;
  readonly devices: Devices;
  readonly calibrations: Pick<Calibrations, 'of'>;
  readonly level: (station: StationId) => StationLevel | null;
  readonly judging: Pick<JudgingStore, 'recent'>;
  readonly connected: () => ReadonlySet<StationId>;
  readonly certificates: (stations: readonly StationId[]) => Promise<readonly CertificateState[]>;
  readonly clock: Clock;
};

export function createOverview(options: OverviewOptions): Overview {
  const { catalogue, devices, calibrations, level, judging, connected, certificates, clock } = options;

  function limitsOf(station: StationId): VisitLimits {
    const place = catalogue.station(station);
    // The page and the alarm rule complain of the same.
    return place === undefined
      ? defaultLimits
      : (stationSettings(agent, catalogue.alarms, place) as unknown as VisitLimits);
  }

  async function entriesOf(stations: readonly StationId[]): Promise<FleetEntry[]> {
    const papers = new Map((await certificates(stations)).map((state) => [state.station, state]));
    const [versions, now] = [newest(), connected()];
    return stations.map((station) => entryOf(station, papers.get(station) ?? null, versions, now));
  }

  function entryOf(
    station: StationId,
    certificate: CertificateState | null,
    newest: ReadonlyMap<string, string>,
    now: ReadonlySet<StationId>,
  ): FleetEntry {
    const nowMs = clock.now();
    const device = devices.of(station);
    const place = catalogue.station(station);
    const known = { connected: now.has(station), device, level: level(station), certificate };
    const firmware = device?.about?.firmware.name;
    const visits = visitReasons({
      ...known,
      nowMs,
      trail: devices.trail(station),
      limits: limitsOf(station),
      relevelDue: (place?.gauges ?? []).flatMap(({ id }) => {
        const day = calibrationAt(place?.calibrations ?? [], id, nowMs)?.relevelDue;
        return day === undefined ? [] : [{ gauge: id, day }];
      }),
      proposed: [...new Set(undecided(station).map(({ calibration }) => calibration.gauge))],
      newestVersion: firmware === undefined ? null : (newest.get(firmware) ?? null),
    });
    const untilMs = maintenanceUntilMs(device);
    return {
      station,
      name: place?.name ?? station,
      connected: known.connected,
      connection: device?.connection ?? 0,
      health: device?.health ?? null,
      healthAtMs: device?.healthAtMs ?? null,
      about: device?.about ?? null,
      aboutAtMs: device?.aboutAtMs ?? null,
      level: known.level,
      certificate,
      maintenanceUntilMs: untilMs !== null && untilMs > nowMs ? untilMs : null,
      visits,
    };
  }

  /** Proposed, and newer than what is in force. */
  function undecided(station: StationId): KeptCalibration[] {
    const inForce = catalogue.station(station)?.calibrations ?? [];
    return calibrations.of(station).filter(({ state, calibration }) => {
      const { gauge, validFromMs } = datedCalibration(calibration);
      const now = calibrationAt(inForce, gauge, clock.now());
      return state === 'proposed' && (now === undefined || now.validFromMs < validFromMs);
    });
  }

  function newest(): ReadonlyMap<string, string> {
    return newestVersions([...devices.all().values()].flatMap(({ about }) => about?.firmware ?? []));
  }

  /** The newest reading of a gauge that counts, else the newest. */
  async function newestReading(station: StationId, gauge: string): Promise<StoredReading | undefined> {
    const readings = await judging.recent(station, gauge, recentMs);
    return readings.findLast(({ flag, maintenance }) => weighs(flag) && !maintenance) ?? readings.at(-1);
  }

  function present(
    reading: StoredReading | undefined,
    calibration: Calibration,
    against: DatedCalibration | null,
  ): CalibrationView['present'] {
    if (reading === undefined || reading.distanceMm === null) return null;
    return {
      observedAtMs: reading.observedAtMs,
      withItMm: stageMmOf(datedCalibration(calibration), reading.distanceMm),
      withoutItMm: against === null ? null : stageMmOf(against, reading.distanceMm),
    };
  }

  return {
    async all() {
      const stations = new Set([...catalogue.stations.map(({ id }) => id), ...devices.all().keys()]);
      return (await entriesOf([...stations])).sort(byNeed);
    },
    async of(station) {
      if (catalogue.station(station) === undefined && devices.of(station) === null) return undefined;
      return (await entriesOf([station]))[0];
    },
    async calibrationsOf(station) {
      const place = catalogue.station(station);
      if (place === undefined) return undefined;
      const views: CalibrationView[] = [];
      const readings = new Map<string, StoredReading | undefined>();
      for (const kept of calibrations.of(station)) {
        const { gauge, validFromMs } = datedCalibration(kept.calibration);
        const others = place.calibrations.filter((each) => each.gauge === gauge && each.validFromMs !== validFromMs);
        const against = calibrationAt(others, gauge, clock.now()) ?? null;
        if (!readings.has(gauge)) readings.set(gauge, await newestReading(station, gauge));
        views.push({ ...kept, against, present: present(readings.get(gauge), kept.calibration, against) });
      }
      return views;
    },
  };
}

const recentMs = 3_600_000;

function byNeed(a: FleetEntry, b: FleetEntry): number {
  const need = ({ visits }: FleetEntry) =>
    visits[0] === undefined ? urgencies.length : urgencies.indexOf(visits[0].urgency);
  return need(a) - need(b) || b.visits.length - a.visits.length || (a.name < b.name ? -1 : 1);
}

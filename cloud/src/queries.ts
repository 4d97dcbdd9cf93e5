/** Answers the API's questions from the use cases. */
import { access, constants } from 'node:fs/promises';
import type { Clock } from '@siaga/protocol';
import type { Caller } from './api/access.ts';
import type { Queries } from './api/queries.ts';
import { calibrationProposal, commandView, fleetDevice } from './api/views.ts';
import { thresholdsAt } from './domain/bands.ts';
import { toldEpisode } from './domain/episode.ts';
import { calibrationAt } from './domain/stage.ts';
import type { Catalogue, CatalogueStation } from './fleet/catalogue.ts';
import { bucketColumns, readingColumns } from './fleet/hydrograph.ts';
import { type Declared, stationPicture } from './fleet/picture.ts';
import type { Pipeline, Staff } from './pipeline.ts';
import type { Quarantine, ReadingStore } from './ports.ts';

export type QueriesOptions = {
  readonly pipeline: Pick<Pipeline, 'snapshot' | 'snapshotVersion' | 'judge' | 'history' | 'care' | 'troubles'>;
  readonly catalogue: Catalogue;
  readonly declared: Declared;
  readonly stores: {
    readonly readings: ReadingStore;
    readonly quarantine: Pick<Quarantine, 'list' | 'dropped'>;
  };
  readonly clock: Clock;
  readonly dataDir: string;
  readonly listening: () => boolean;
  /** What the people's room says to who asks for the staff's picture; null for the public. */
  readonly staffOf: (caller: Caller | null) => Promise<Staff | null>;
};

export function createQueries(options: QueriesOptions): Queries {
  const { pipeline, catalogue, declared, stores, clock, dataDir, listening, staffOf } = options;

  return {
    nowMs: clock.now,
    snapshot: async (caller) => pipeline.snapshot(await staffOf(caller)),
    snapshotVersion: pipeline.snapshotVersion,
    station(id) {
      const station = catalogue.station(id);
      if (station === undefined) return undefined;
      const nowMs = clock.now();
      return {
        ...stationPicture(station, pipeline.judge.known().get(id), nowMs, declared),
        thresholds: thresholdsInForce(station, nowMs),
        calibrations: calibrationsInForce(station, nowMs),
      };
    },
    async readings(id, query) {
      const station = catalogue.station(id);
      return station === undefined
        ? undefined
        : readingColumns(stores.readings, station, { ...query, nowMs: clock.now() });
    },
    async buckets(id, query) {
      const station = catalogue.station(id);
      return station === undefined
        ? undefined
        : bucketColumns(stores.readings, station, { ...query, nowMs: clock.now() });
    },
    async episodes(id, fromMs, toMs) {
      if (catalogue.station(id) === undefined) return undefined;
      const found = await pipeline.history.between(id, fromMs, toMs);
      const episodes = found.map((each) => ({ ...toldEpisode(each), firstKnownAt: iso(each.firstKnownAtMs) }));
      return { station: id, episodes };
    },
    fleet: async (brief) => (await pipeline.care.overview.all()).map((entry) => fleetDevice(entry, brief)),
    async device(id) {
      const { overview, commands } = pipeline.care;
      const entry = await overview.of(id);
      if (entry === undefined) return undefined;
      return {
        ...fleetDevice(entry, false),
        commands: (await commands.of(id)).map((kept) => commandView(kept, clock.now())),
        calibrations: ((await overview.calibrationsOf(id)) ?? []).map(calibrationProposal),
      };
    },
    calibrations: async (id) => (await pipeline.care.overview.calibrationsOf(id))?.map(calibrationProposal),
    async quarantine(limit) {
      const entries = (await stores.quarantine.list(limit)).map(({ receivedAtMs, ...entry }) => ({
        ...entry,
        receivedAt: iso(receivedAtMs),
      }));
      return { entries, dropped: await stores.quarantine.dropped() };
    },
    async unready() {
      const amiss = pipeline.troubles();
      if (!listening()) amiss.push('broker: not listening');
      await access(dataDir, constants.W_OK).catch(() => amiss.push(`store: ${dataDir} cannot be written`));
      return amiss;
    },
  };
}

function thresholdsInForce(station: CatalogueStation, nowMs: number) {
  return thresholdsAt(station.thresholds, nowMs).map(({ severity, label, fromMm, validFromMs, validToMs }) => ({
    severity,
    label,
    fromMm,
    validFrom: iso(validFromMs),
    validTo: isoOrNull(validToMs),
  }));
}

function calibrationsInForce(station: CatalogueStation, nowMs: number) {
  return station.gauges.flatMap(({ id }) => {
    const calibration = calibrationAt(station.calibrations, id, nowMs);
    if (calibration === undefined) return [];
    const { validFromMs, gauge, sensorElevationMm, faceOffsetMm, benchmark, surveyedOn } = calibration;
    return [{ gauge, validFrom: iso(validFromMs), sensorElevationMm, faceOffsetMm, benchmark, surveyedOn }];
  });
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function isoOrNull(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : iso(ms);
}

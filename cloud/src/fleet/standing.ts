import type { StationId } from '@siaga/protocol';
import type { DatedCalibration } from '../domain/stage.ts';
import type { Catalogue, CatalogueStation } from './catalogue.ts';

/** The catalogue with what people accepted since: who reads `stations` or `station()` anew finds what is in force now. */
export type StandingCatalogue = Catalogue & {
  /** Gives a station accepted calibrations in place of those that it had; the station as it stands then. */
  accept(station: StationId, accepted: readonly DatedCalibration[]): CatalogueStation | undefined;
};

/**
 * A catalogue whose stations change while the platform runs: a changed station is another object, and all others stay
 * what they were. The file's calibrations stay; among all of them the newest `validFrom` is in force, and of two with
 * the same one the accepted.
 */
export function standingCatalogue(file: Catalogue): StandingCatalogue {
  const original = new Map(file.stations.map((station) => [station.id, station]));
  const byId = new Map(original);
  let stations = file.stations;
  return {
    ...file,
    get stations() {
      return stations;
    },
    station: (id) => byId.get(id),
    accept(id, accepted) {
      const station = original.get(id);
      if (station === undefined) return undefined;
      // What was written into the file meanwhile stands there once.
      const others = accepted.filter((each) => !station.calibrations.some((known) => isSame(known, each)));
      const calibrations = [...station.calibrations, ...others].sort((a, b) => a.validFromMs - b.validFromMs);
      byId.set(id, others.length === 0 ? station : { ...station, calibrations });
      stations = file.stations.map((each) => byId.get(each.id) ?? each);
      return byId.get(id);
    },
  };
}

/** Whether two calibrations give the same stages from the same moment on. */
export function isSame(a: DatedCalibration, b: DatedCalibration): boolean {
  return (
    a.gauge === b.gauge &&
    a.validFromMs === b.validFromMs &&
    a.sensorElevationMm === b.sensorElevationMm &&
    a.faceOffsetMm === b.faceOffsetMm
  );
}

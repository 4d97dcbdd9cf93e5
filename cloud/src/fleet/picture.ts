import type { OfficialStatus, StationId, StationPicture, Works } from '@siaga/protocol';
import { levelOf, unjudged } from '../domain/level.ts';
import type { Known } from '../judging/judge.ts';
import { type Catalogue, type CatalogueStation, infoAt, siteAt } from './catalogue.ts';

/** What people entered of stations. */
export type Declared = {
  official(station: StationId): OfficialStatus | null;
  works(station: StationId): Works | null;
};

/**
 * A station as the console shows it at `nowMs`: the level that was last made known, so that a snapshot says
 * what the changes before it said.
 */
export function stationPicture(
  station: CatalogueStation,
  known: Known | undefined,
  nowMs: number,
  declared: Declared,
): StationPicture {
  return {
    info: infoAt(station, nowMs),
    level: known?.level ?? levelOf(unjudged, siteAt(station, nowMs), nowMs),
    value: known?.value ?? null,
    official: declared.official(station.id),
    works: declared.works(station.id),
  };
}

/** All stations of the catalogue, in its order. */
export function picture(
  catalogue: Catalogue,
  known: ReadonlyMap<StationId, Known>,
  nowMs: number,
  declared: Declared,
): StationPicture[] {
  return catalogue.stations.map((station) => stationPicture(station, known.get(station.id), nowMs, declared));
}

import type { StationId, StationPicture } from '@siaga/protocol';
import { levelOf, unjudged } from '../domain/level.ts';
import type { Known } from '../judging/judge.ts';
import { type Catalogue, type CatalogueStation, infoAt, siteAt } from './catalogue.ts';

/**
 * A station as the console shows it at `nowMs`: the level that was last made known, so that a snapshot says
 * what the changes before it said. No official status is kept yet.
 */
export function stationPicture(station: CatalogueStation, known: Known | undefined, nowMs: number): StationPicture {
  return {
    info: infoAt(station, nowMs),
    level: known?.level ?? levelOf(unjudged, siteAt(station, nowMs), nowMs),
    value: known?.value ?? null,
    official: null,
  };
}

/** All stations of the catalogue, in its order. */
export function picture(catalogue: Catalogue, known: ReadonlyMap<StationId, Known>, nowMs: number): StationPicture[] {
  return catalogue.stations.map((station) => stationPicture(station, known.get(station.id), nowMs));
}

import type { L } from './leaflet.ts';

/** One station on the map, ready to paint: the map knows shapes, places and texts, not hydrology. */
export type Mark = {
  readonly id: string;
  readonly lat: number;
  readonly lon: number;
  readonly severity: number | null;
  readonly presence: string;
  readonly silent: boolean;
  /** An alarm of the top priority waits there for somebody. */
  readonly calling: boolean;
  readonly name: string;
  /** "162 cm ↗ +4" */
  readonly value: string;
  /** "Siaga II" and doubts */
  readonly detail: string;
  /** Accessible name. */
  readonly spoken: string;
};

/** One schematic river course, downstream in the order of its points. */
export type Course = {
  readonly id: string;
  readonly points: readonly (readonly [lat: number, lon: number])[];
  readonly title: string;
  readonly note: string;
};

export type MapFrame = {
  readonly marks: readonly Mark[];
  readonly courses: readonly Course[];
  readonly selected: string | undefined;
};

type MapContext = {
  readonly map: L.Map;
  readonly tiles: { readonly url: string; readonly attribution: string } | null;
  readonly select: (id: string) => void;
  readonly attribute: (text: string) => void;
};

/** One layer: made once per page, painted with every change, mutating what is there. */
type MapLayer = {
  paint(frame: MapFrame): void;
  destroy(): void;
};
export type MakeLayer = (context: MapContext) => MapLayer;

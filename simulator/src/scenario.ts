import type { StationId } from '@siaga/protocol';
import type { Hydrograph } from './hydrograph.ts';

/** A story that a river network plays, for ever: stage by scenario time at each of its stations. */
export type Scenario = {
  readonly name: string;
  /** It repeats after this many ms. */
  readonly periodMs: number;
  /** Scenario time (ms UTC) at which a first start begins. */
  readonly entryMs: number;
  readonly stations: ReadonlyMap<StationId, Hydrograph>;
};

/** The simulator's public entry: the parts of which demonstrations, replays and tests are made. */
export {
  type Catalogue,
  type CatalogueGauge,
  type CatalogueStation,
  distanceMmAt,
  readCatalogue,
} from './catalogue.ts';
export { type Demo, type DemoEvent, type DemoOptions, startDemo } from './demo/demo.ts';
export {
  composed,
  dropouts,
  type Fault,
  noise,
  randomBytes,
  spikes,
  stuck,
  tornFrames,
  unplugged,
} from './faults.ts';
export { type ControlPoint, type Hydrograph, periodicHydrograph } from './hydrograph.ts';
export { type Ledger, LedgerEntry, openLedger, readLedger } from './ledger.ts';
export { type LockStep, type LockStepOptions, lineOpen, startLockStep } from './lock-step.ts';
export { type Prng, prngOf } from './prng.ts';
export { parseRecord, type Row } from './replay/csv.ts';
export { type ReplayOptions, replay } from './replay/replay.ts';
export { judged, type Returned, toleranceMm, type Verdict } from './replay/verdict.ts';
export type { Scenario } from './scenario.ts';
export { jakarta2014, jakarta2014Catalogue } from './scenarios/jakarta-2014/scenario.ts';
export { type SensorType, type SimulatedSensor, sensorNamed, sensors, typeFor } from './sensors.ts';
export { type BurstDone, type VirtualGauge, type VirtualGaugeOptions, virtualGauge } from './virtual-gauge.ts';
export { openVirtualTty, type VirtualTty } from './virtual-tty.ts';

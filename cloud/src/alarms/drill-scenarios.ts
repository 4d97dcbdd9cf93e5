/** What a drill can play, as data. A scenario is a line in this list. */
import type { Severity } from '@siaga/protocol';

/** From `afterS` on, the station's level is judged to stand at `severity`, until its next step. */
type DrillStep = {
  readonly afterS: number;
  /** The station of this name; where the catalogue has none, the one at `place` among those with thresholds. */
  readonly station: string;
  readonly place: number;
  readonly severity: Severity;
};

export type DrillScenario = {
  readonly id: string;
  readonly title: string;
  readonly about: string;
  readonly steps: readonly DrillStep[];
};

export const drillScenarios: readonly DrillScenario[] = [
  {
    id: 'ciliwung-rise',
    title: 'The Ciliwung rises',
    about: 'Katulampa climbs to the top stage within ten minutes, Depok and Manggarai follow.',
    steps: [
      { afterS: 0, station: 'katulampa', place: 0, severity: 1 },
      { afterS: 300, station: 'katulampa', place: 0, severity: 2 },
      { afterS: 600, station: 'katulampa', place: 0, severity: 3 },
      { afterS: 900, station: 'depok', place: 1, severity: 2 },
      { afterS: 1200, station: 'depok', place: 1, severity: 3 },
      { afterS: 1500, station: 'manggarai', place: 2, severity: 2 },
      { afterS: 2400, station: 'katulampa', place: 0, severity: 1 },
    ],
  },
  {
    id: 'first-call',
    title: 'One call in the night',
    about: 'One station goes to the second stage at once: who answers, and how fast?',
    steps: [{ afterS: 0, station: 'katulampa', place: 0, severity: 2 }],
  },
];

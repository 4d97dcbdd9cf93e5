import type { Dialogue, SensorDriver } from '../sensors/driver.ts';

/** The frames of a sensor that speaks in such; throws for one on a bus. */
export function framed({ dialogue }: Pick<SensorDriver, 'dialogue'>): Exclude<Dialogue, { kind: 'polled' }> {
  if (dialogue.kind === 'polled') throw new Error('speaks no frames of its own');
  return dialogue;
}

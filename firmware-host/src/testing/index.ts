/** What simulators, tests and benches need of the agent's world. */

export { type FileOutboxOptions, openFileOutbox } from '../outbox/file.ts';
export type { Outbox } from '../outbox/outbox.ts';
export { createDriver } from '../sensors/index.ts';
export { listen } from '../sensors/listen.ts';
export { aDraft } from './builders.ts';
export {
  encodeA02Frame,
  encodeHrxlBanner,
  encodeHrxlFrame,
  encodeJsnFrame,
  encoders,
  encodeXlFrame,
  jsnTrigger,
} from './encoders.ts';
export { createFakeLink, type FakeLink } from './fake-link.ts';
export { type Chance, type Share, spikes, steps, sticks, untouched } from './injected-faults.ts';
export { createJudge, type JudgedBurst, type RecordedBurst } from './judge.ts';
export { madeUpRiver } from './made-up-river.ts';
export { modbusResponder } from './modbus-responder.ts';
export { type NoiseTrial, noiseTrial } from './noise.ts';
export { noisySensors } from './noisy-sensors.ts';
export { type SmallVolume, smallVolume } from './small-volume.ts';

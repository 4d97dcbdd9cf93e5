/** What simulators, tests and benches need of the agent's world. */

export { type FileOutboxOptions, openFileOutbox } from '../outbox/file.ts';
export { createMemoryOutbox } from '../outbox/memory.ts';
export type { Outbox } from '../outbox/outbox.ts';
export { createDriver } from '../sensors/index.ts';
export { listen } from '../sensors/listen.ts';
export { openUplink } from '../uplink/index.ts';
export { createSender, type Sender } from '../uplink/sender.ts';
export type { Uplink } from '../uplink/uplink.ts';
export { createPki, type Pki, writeCredentials } from './broker.ts';
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
export { startMosquitto } from './mosquitto.ts';
export { type NoiseTrial, noiseTrial } from './noise.ts';
export { noisySensors } from './noisy-sensors.ts';
export { openNotifySocket } from './notify-socket.ts';
export { quietLog } from './quiet-log.ts';
export { type SmallVolume, smallVolume } from './small-volume.ts';
export { openWire } from './wire.ts';

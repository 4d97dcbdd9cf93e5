/** Sensors that must be asked, over a real kernel tty through the agent's own serial link. */
import { afterEach, describe, expect, it } from 'vitest';
import { openNodeSerial } from '../serial/node-serial.ts';
import { until } from '../testing/builders.ts';
import { encodeJsnFrame, jsnTrigger } from '../testing/encoders.ts';
import { modbusResponder } from '../testing/modbus-responder.ts';
import { openPty, type Pty } from '../testing/pty.ts';
import * as sen0676 from './dfrobot-sen0676.ts';
import type { Decoded, Sample, SensorDriver } from './driver.ts';
import * as lx80 from './geolux-lx80.ts';
import * as jsn from './jsn-sr04t.ts';
import { type Listener, listen } from './listen.ts';

let open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.reverse()) await one.close();
  open = [];
});

async function wire(driver: SensorDriver) {
  const pty: Pty = await openPty();
  const decoded: Decoded[] = [];
  const link = openNodeSerial(
    { path: pty.path, baudRate: driver.baudRate, parity: driver.parity ?? 'none' },
    { onBytes: (bytes) => listener.push(bytes), onState: () => undefined },
    { reopenMs: 20 },
  );
  const listener: Listener = listen(driver, link, (heard) => decoded.push(...heard.decoded));
  open.push(pty, link, { close: async () => listener.close() });
  const samples = (): Sample[] => decoded.flatMap((one) => (one.kind === 'sample' ? [one.sample] : []));
  return { pty, listener, decoded, samples };
}

const seen = (distanceMm: number): Sample => ({ echo: 'seen', distanceMm });

describe('over a real tty', () => {
  it('a triggered JSN-SR04T answers each 0x55', async () => {
    const { pty, listener, samples } = await wire(jsn.create({ mode: 'triggered' }));
    let asked = 0;
    pty.onBytes((bytes) => {
      for (const byte of bytes) {
        expect(byte).toBe(jsnTrigger);
        asked++;
        // The third question finds no ear.
        if (asked !== 3) void pty.write(encodeJsnFrame(1200 + asked));
      }
    });
    await until('four answers', () => samples().length >= 4);
    expect(samples().slice(0, 4)).toEqual([1201, 1202, 1204, 1205].map(seen));
    expect(listener.counts()).toMatchObject({ badFrames: 1, discardedBytes: 0 });
  });

  it.each([
    ['SEN0676', sen0676.create({}), 1],
    ['LX-80, even parity', lx80.create({ maxMm: 15_000 }), 0],
  ] as const)('a Modbus radar (%s) answers the library', async (_, driver, register) => {
    const { pty, listener, samples, decoded } = await wire(driver);
    let waterMm: number | undefined = 2345;
    const respond = modbusResponder(1, (address) => (address === register ? waterMm : undefined));
    pty.onBytes((bytes) => {
      // In two pieces, as a UART's driver hands them over.
      for (const answer of respond(bytes))
        void pty.write(answer.subarray(0, 3)).then(() => pty.write(answer.subarray(3)));
    });
    await until('an answer', () => samples().length >= 1);
    waterMm = 1999;
    await until('the water came nearer', () => samples().at(-1)?.echo === 'seen' && samples().length >= 3);
    expect(samples()[0]).toEqual(seen(2345));
    expect(samples().at(-1)).toEqual(seen(1999));
    waterMm = undefined;
    await until('a refusal', () => decoded.some(({ kind }) => kind === 'problem'));
    expect(listener.counts()).toMatchObject({ badFrames: 0, discardedBytes: 0 });
  });

  it('a Modbus sensor that says nothing is an unanswered poll each time, and the agent goes on', async () => {
    const { pty, listener, samples } = await wire(sen0676.create({}));
    await until('two polls in vain', () => listener.counts().badFrames >= 2);
    expect(samples()).toEqual([]);
    const respond = modbusResponder(1, () => 3000);
    pty.onBytes((bytes) => {
      for (const answer of respond(bytes)) void pty.write(answer);
    });
    await until('an answer at last', () => samples().length > 0);
    expect(samples()[0]).toEqual(seen(3000));
  });
});

/**
 * JSN-SR04T, version 3, and its clone AJ-SR04M, in a serial mode.
 *
 * Unit: mm. Range: 200–6000 claimed for version 3 (version 2: 250–4500). Blanking: 200. Line: 9600 8N1, TTL 3.0–5.5 V.
 * Frame: FF, high byte, low byte, low byte of the three's sum; the clone AJ-SR04M sums without FF (`checksum`).
 * Mode by the resistor at R27 (the clone names the pad M1 or M2): 47 kΩ, it speaks each 100 ms (`automatic`); 120 kΩ, it
 * answers the byte 55 (`triggered`), which must not come more often than each 60 ms. We ask each 150 ms: an echo from
 * 6 m takes 35 ms, a frame 4 ms, and the room needs to fall silent.
 * Codes: none are documented. 6000 and more (or `maxMm`), or 0, is nothing seen; `blankingMm` and less inside blanking;
 * dead is a line that says nothing, or does not answer.
 * It reckons with 340 m/s at any temperature: give the air's temperature (`temperature`) to have it corrected.
 * Sources: the module's leaflet ("Mode 2", "Mode 3"; sold by many), and ArduPilot issue 19961 with the same words;
 * 60 ms: wiki.dfrobot.com/sen0207, "UART controlled output". The clone's sum: ESPHome's driver jsn_sr04t.
 * Assumed: the meaning of the limits and of 0; a scatter of 5 mm.
 */
import { type Static, Type } from 'typebox';
import { type Decoded, gaugeSettings, type SensorDriver } from './driver.ts';
import { ffFrames, ffSample, ffValue } from './lines/ff-frame.ts';

export const name = 'jsn-sr04t';

export const configSchema = gaugeSettings(name, {
  mode: Type.Union([Type.Literal('automatic'), Type.Literal('triggered')], {
    description: 'automatic: it speaks by itself (R27 47 kΩ); triggered: it answers when asked (R27 120 kΩ)',
  }),
  checksum: Type.Optional(
    Type.Union([Type.Literal('with-start'), Type.Literal('without-start')], {
      description: 'with-start (JSN-SR04T, the default) or without-start (AJ-SR04M, which leaves FF out of its sum)',
    }),
  ),
  blankingMm: Type.Optional(
    Type.Integer({ minimum: 100, maximum: 500, description: 'Nearest distance it measures in mm; default 200' }),
  ),
  maxMm: Type.Optional(
    Type.Integer({
      minimum: 1000,
      maximum: 6000,
      description: 'Farthest distance in mm; default 6000, version 2: 4500',
    }),
  ),
});

const ask = Uint8Array.of(0x55);
const askEveryMs = 150;

export function create({
  mode,
  checksum = 'with-start',
  blankingMm = 200,
  maxMm = 6000,
}: Pick<Static<typeof configSchema>, 'mode' | 'checksum' | 'blankingMm' | 'maxMm'>): SensorDriver {
  const frames = ffFrames({ sum: checksum });
  const decode = (frame: Uint8Array): Decoded => ({
    kind: 'sample',
    sample: ffSample(ffValue(frame), { minMm: blankingMm, rangeEndMm: maxMm }),
  });
  return {
    baudRate: 9600,
    minMm: blankingMm,
    maxMm,
    blankingMm,
    medium: 'sound',
    noiseMm: 5,
    proof: 'sum',
    dialogue:
      mode === 'automatic'
        ? { kind: 'speaks', frames, decode }
        : { kind: 'asked', ask, everyMs: askEveryMs, frames, decode },
  };
}

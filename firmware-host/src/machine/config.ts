/** The section `machine`: what of the machine under the agent cannot be found without being told. */
import { type Static, Type } from 'typebox';
import { type ConfigSection, FilePath } from '../config/section.ts';

const schema = Type.Object(
  {
    battery: Type.Optional(
      Type.Object(
        {
          path: FilePath({
            description:
              'File with the battery voltage as a number: of an ADC (hwmon, iio), or written by a charge controller',
          }),
          mvPerUnit: Type.Number({
            minimum: 0.000_001,
            maximum: 100_000,
            default: 1,
            description: 'Millivolts at the battery for each unit of that number; its divider included',
          }),
        },
        { additionalProperties: false, description: 'Without it a battery that the kernel knows is read' },
      ),
    ),
    modemSignal: Type.Optional(
      FilePath({
        description: "File with the modem's signal in dBm; without it the Wi-Fi's is told, where there is one",
      }),
    ),
  },
  { additionalProperties: false, default: {}, description: 'The machine under the agent' },
);
export type MachineConfig = Static<typeof schema>;

export const machineSection = { schema } satisfies ConfigSection;

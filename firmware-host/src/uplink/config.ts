/** The section `uplink`: the broker, and the credentials by their paths. Absent or null: readings are only kept. */
import { type Static, Type } from 'typebox';
import { type ConfigSection, FilePath } from '../config/section.ts';

export const UplinkConfig = Type.Object(
  {
    url: Type.String({
      pattern: '^mqtts://[^/\\s]+$',
      patternErrorMessage: 'must be mqtts://host:port',
      description: 'The broker: mqtts://host:port',
    }),
    ca: FilePath({ description: "Who must have signed the broker's certificate (PEM)" }),
    cert: FilePath({ description: "This device's certificate (PEM)" }),
    key: FilePath({ description: "This device's private key (PEM)" }),
    retryMostS: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 3600,
        description: 'Longest wait between two attempts to connect, in seconds; 15 if not given',
      }),
    ),
  },
  { additionalProperties: false },
);
export type UplinkConfig = Static<typeof UplinkConfig>;

export const uplinkSection = {
  schema: Type.Optional(
    Type.Union([UplinkConfig, Type.Null()], { description: 'The way to the platform; null: readings are only kept' }),
  ),
  /** A port beyond 65535, say, is no fault of the pattern. */
  faults: (uplink: UplinkConfig | null) =>
    uplink && !URL.canParse(uplink.url) ? ['uplink.url: host or port cannot be right'] : [],
} satisfies ConfigSection;

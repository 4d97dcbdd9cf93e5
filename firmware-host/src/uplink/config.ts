/** The section `uplink`: the broker, and the credentials by their paths. Absent or null: readings are only kept. */
import { type Static, Type } from 'typebox';
import { type ConfigSection, FilePath } from '../config/section.ts';

const common = {
  url: Type.String({
    pattern: '^mqtts://[^/\\s]+$',
    patternErrorMessage: 'must be mqtts://host:port',
    description: 'The broker: mqtts://host:port; port 8883 if not given. On port 443 MQTT is asked for by ALPN',
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
  keepAliveS: Type.Optional(
    Type.Integer({
      minimum: 30,
      maximum: 1200,
      description: 'Seconds of silence after which a ping asks whether the link still stands; 340 if not given',
    }),
  ),
  alpn: Type.Optional(
    Type.String({
      pattern: '^[\\x21-\\x7e]{1,64}$',
      patternErrorMessage: 'must be up to 64 characters without blanks',
      description: 'Protocol to ask for by ALPN; x-amzn-mqtt-ca on port 443, none on others if not given',
    }),
  ),
  publishesPerS: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1000,
      description: 'Most messages in a second; 100 if not given, which is what AWS IoT Core takes',
    }),
  ),
  kilobytesPerS: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 10_000,
      description: 'Most kilobytes in a second; 500 if not given: AWS IoT Core takes 512',
    }),
  ),
};

const MqttConfig = Type.Object(
  { kind: Type.Optional(Type.Literal('mqtt', { default: 'mqtt', description: 'Any MQTT 3.1.1 broker' })), ...common },
  { additionalProperties: false },
);
const AwsIotConfig = Type.Object(
  {
    kind: Type.Literal('aws-iot', { description: 'AWS IoT Core, by its own SDK (MQTT 5)' }),
    ...common,
    basicIngestRule: Type.Optional(
      Type.String({
        pattern: '^[a-zA-Z0-9_]{1,128}$',
        patternErrorMessage: 'must be letters, digits and underscores',
        description: 'Readings go to this rule directly (Basic Ingest), which costs no messaging',
      }),
    ),
  },
  { additionalProperties: false },
);

export const UplinkConfig = Type.Union([MqttConfig, AwsIotConfig]);
export type UplinkConfig = Static<typeof UplinkConfig>;

export const uplinkSection = {
  schema: Type.Optional(
    Type.Union([MqttConfig, AwsIotConfig, Type.Null()], {
      description: 'The way to the platform; null: readings are only kept',
    }),
  ),
  /** A port beyond 65535, say, is no fault of the pattern. */
  faults: (uplink: UplinkConfig | null) =>
    uplink && !URL.canParse(uplink.url) ? ['uplink.url: host or port cannot be right'] : [],
} satisfies ConfigSection;

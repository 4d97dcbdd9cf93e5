/** The section `remote`: what the platform may change here from afar. */
import { type Static, Type } from 'typebox';
import type { ConfigSection } from '../config/section.ts';
import { FilePath } from '../config/section.ts';

const section = Type.Object(
  {
    settings: Type.Boolean({ default: true, description: 'Whether the platform may change sampling and cadence here' }),
    updatesFrom: Type.Optional(
      Type.String({
        pattern: '^https://[^\\s]+/$',
        patternErrorMessage: 'must be an https address that ends with /',
        description: 'Where updates are fetched, https://…/; without it, none are taken',
      }),
    ),
    updatesCa: Type.Optional(
      FilePath({ description: 'Who signs the certificate of updatesFrom; without, the public authorities' }),
    ),
    trialLeastS: Type.Integer({
      minimum: 10,
      maximum: 3_600,
      default: 300,
      description: 'What was changed from afar stays when, after so long, it has stored readings and come through',
    }),
    trialMostS: Type.Integer({
      minimum: 20,
      maximum: 86_400,
      default: 4_500,
      description: 'It is taken back when it has not by then; a reading that is due more seldom is waited for',
    }),
  },
  { additionalProperties: false, default: {}, description: 'What the platform may change from afar' },
);

export const remoteSection = {
  schema: Type.Optional(section),
  faults: ({ trialLeastS, trialMostS }: RemoteConfig): string[] =>
    trialMostS > trialLeastS ? [] : ['remote.trialMostS: must be more than trialLeastS'],
} satisfies ConfigSection;
export type RemoteConfig = Static<typeof section>;
/** Of settings that were not judged, and so have no defaults: nothing may be changed. */
export const noRemote: RemoteConfig = { settings: false, trialLeastS: 300, trialMostS: 4_500 };

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
  },
  { additionalProperties: false, default: {}, description: 'What the platform may change from afar' },
);

export const remoteSection = { schema: Type.Optional(section) } satisfies ConfigSection;
export type RemoteConfig = Static<typeof section>;

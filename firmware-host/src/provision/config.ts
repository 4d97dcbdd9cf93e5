/** The section `provision`: how this device gets and renews its certificate. */
import { basename, dirname } from 'node:path';
import { type Static, Type } from 'typebox';
import { type ConfigSection, FilePath } from '../config/section.ts';

const section = Type.Object(
  {
    by: Type.Union([Type.Literal('siaga'), Type.Literal('aws')], {
      default: 'siaga',
      description: "Who signs: the platform's own broker (siaga), or AWS IoT fleet provisioning (aws)",
    }),
    url: Type.Optional(
      Type.String({
        pattern: '^mqtts://[^/\\s]+$',
        patternErrorMessage: 'must be mqtts://host:port',
        description: "Where to ask: mqtts://host:port; without, the uplink's",
      }),
    ),
    claim: Type.Optional(
      Type.Object(
        {
          ca: FilePath({ description: "Who must have signed the broker's certificate (PEM)" }),
          cert: FilePath({ description: 'The claim certificate (PEM): it can do nothing but ask for another' }),
          key: FilePath({ description: "The claim's private key (PEM)" }),
        },
        { additionalProperties: false, description: 'For the first certificate, and after a card swap' },
      ),
    ),
    hardware: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9._:-]{1,64}$',
        patternErrorMessage: 'must be up to 64 of A-Z, a-z, 0-9, ., _, : and -',
        description: "This machine's serial number, for the allow-list; without, the one that the machine tells",
      }),
    ),
    renewAt: Type.Number({
      minimum: 0.1,
      maximum: 0.95,
      default: 0.67,
      description: "Renew when this share of the certificate's life has passed",
    }),
    template: Type.Optional(
      Type.String({
        pattern: '^[0-9A-Za-z_-]{1,36}$',
        patternErrorMessage: 'must be up to 36 letters, digits, underscores and hyphens',
        description: 'AWS only: the name of the provisioning template',
      }),
    ),
  },
  { additionalProperties: false, description: 'How this device gets and renews its certificate' },
);
export type ProvisionConfig = Static<typeof section>;

type Uplink = { readonly ca: string; readonly cert: string; readonly key: string };

export const provisionSection = {
  schema: Type.Optional(section),
  faults({ by, url, template }: ProvisionConfig, { uplink }: { readonly uplink?: Uplink | null }): string[] {
    const faults: string[] = [];
    if (url !== undefined && !URL.canParse(url)) faults.push('provision.url: host or port cannot be right');
    if (by === 'aws' && template === undefined) faults.push('provision.template: is missing: AWS needs its name');
    if (by === 'siaga' && template !== undefined) faults.push('provision.template: is for by: aws only');
    if (!uplink) faults.push('provision: wants an uplink: a certificate is for a connection');
    else if (!isCurrent(uplink))
      faults.push(
        'uplink.ca, uplink.cert, uplink.key: with provision they must be three files of one folder named current, such as credentials/current/device.crt: the folder is replaced as one',
      );
    return faults;
  },
} satisfies ConfigSection;

function isCurrent({ ca, cert, key }: Uplink): boolean {
  const folders = new Set([ca, cert, key].map(dirname));
  return folders.size === 1 && basename(dirname(cert)) === 'current' && new Set([ca, cert, key]).size === 3;
}

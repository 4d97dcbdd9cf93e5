/** The section `provision`: how this device gets and renews its certificate. */
import { type Static, Type } from 'typebox';

const Path = Type.String({ minLength: 1 });

const strict = { additionalProperties: false } as const;

export const ProvisionConfig = Type.Object(
  {
    by: Type.Union([Type.Literal('siaga'), Type.Literal('aws')], {
      description: "Who signs: the platform's own broker (siaga), or AWS IoT fleet provisioning (aws)",
    }),
    url: Type.Optional(
      Type.String({ pattern: '^mqtts://[^/\\s]+$', description: "mqtts://host:port; without, the uplink's" }),
    ),
    claim: Type.Optional(
      Type.Object(
        { ca: Path, cert: Path, key: Path },
        { ...strict, description: 'The claim certificate: it can do nothing but ask for a certificate' },
      ),
    ),
    hardware: Type.Optional(
      Type.Union([Type.String({ pattern: '^[A-Za-z0-9._:-]{1,64}$' }), Type.Null()], {
        description: 'Serial number that the allow-list asks for; auto reads the machine’s own',
      }),
    ),
    renewAt: Type.Number({
      minimum: 0.1,
      maximum: 0.95,
      description: 'Renew when this share of the certificate’s life has passed',
    }),
    template: Type.Optional(
      Type.String({ pattern: '^[0-9A-Za-z_-]{1,36}$', description: 'AWS only: name of the provisioning template' }),
    ),
  },
  { ...strict, description: 'How this device gets and renews its certificate' },
);
export type ProvisionConfig = Static<typeof ProvisionConfig>;

export const provisionDefaults = { by: 'siaga', hardware: 'auto', renewAt: 0.67 } as const;

/** What the schema cannot say. `whole` is the rest of the settings, unjudged. */
export function provisionFaults(section: ProvisionConfig, whole: { readonly uplink?: unknown }): string[] {
  const faults: string[] = [];
  if (section.url === undefined && (whole.uplink === undefined || whole.uplink === null))
    faults.push('provision.url: is missing, and there is no uplink.url to use in its place');
  if (section.url !== undefined && !URL.canParse(section.url)) faults.push('provision.url: host or port cannot be right');
  if (section.by === 'aws' && section.template === undefined)
    faults.push('provision.template: is missing; AWS fleet provisioning needs the name of its template');
  if (section.by === 'siaga' && section.template !== undefined)
    faults.push("provision.template: is for 'by: aws' only");
  return faults;
}

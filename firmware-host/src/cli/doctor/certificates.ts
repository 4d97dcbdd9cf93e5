import { createPrivateKey, X509Certificate } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { messageOf, systemCodeOf } from '../../errors.ts';
import { readCredentials } from '../../uplink/credentials.ts';
import { type Check, type Finding, fail, pass, type World, warn } from './check.ts';

const soonDays = 30;
const dayMs = 86_400_000;

/** This device's own credentials: readable, a pair, in date, and this station's. */
export const certificates: Check = {
  name: 'certificate',
  needs: 'settings',
  async run(world, { uplink, station, provision }) {
    if (!uplink) return [];
    const mend = provision ? 'siaga-agent provision' : 'copy ca.crt, device.crt and device.key of this station anew';
    let pems: Awaited<ReturnType<typeof readCredentials>>;
    try {
      pems = await readCredentials(uplink);
    } catch (error) {
      const isForbidden = error instanceof Error && systemCodeOf(error.cause) === 'EACCES';
      return [isForbidden ? warn(messageOf(error), 'run doctor with sudo') : fail(messageOf(error), mend)];
    }
    const own = new X509Certificate(pems.cert);
    const name = /(?:^|\n)CN=(.*)/.exec(own.subject)?.[1];
    const foreign =
      name === station
        ? []
        : [
            fail(
              `uplink.cert is for ${name}, the settings say station ${station}`,
              "correct 'station', or copy the right certificate",
            ),
          ];
    return [
      ...judgeDates('uplink.cert', own, world, mend),
      ...foreign,
      ...judgeDates('uplink.ca', new X509Certificate(pems.ca), world, "get the platform's present ca.crt"),
      ...(await judgeKey(uplink.key, pems.key)),
    ];
  },
};

/** Pure. */
export function judgeDates(
  what: string,
  { validFrom, validTo }: Pick<X509Certificate, 'validFrom' | 'validTo'>,
  { nowMs }: Pick<World, 'nowMs'>,
  mend: string,
): Finding[] {
  const days = Math.floor((Date.parse(validTo) - nowMs()) / dayMs);
  const until = new Date(validTo).toISOString().slice(0, 10);
  if (Date.parse(validFrom) > nowMs())
    return [fail(`${what} is not valid yet, only from ${validFrom}`, "is this machine's clock right? see clock above")];
  if (days < 0) return [fail(`${what} expired on ${until}`, `if this machine's clock is right (see above): ${mend}`)];
  return [
    days < soonDays
      ? warn(`${what} expires in ${days} days (${until})`, mend)
      : pass(`${what} valid for ${days} days (${until})`),
  ];
}

async function judgeKey(path: string, pem: Buffer): Promise<Finding[]> {
  createPrivateKey(pem);
  const { mode } = await stat(path);
  return (mode & 0o077) === 0 ? [] : [warn(`${path} may be read by others`, `sudo chmod 600 ${path}`)];
}

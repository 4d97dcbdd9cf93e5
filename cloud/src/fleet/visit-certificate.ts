/** What a device's certificate asks of somebody: by what was issued to it, and by what it says of the one that it holds. */
import { spanText } from '../alarms/words.ts';
import type { Device } from '../ports.ts';
import type { CertificateState } from './pki/states.ts';
import type { Urgency } from './visit-words.ts';

export type CertificateFacts = {
  readonly nowMs: number;
  readonly connected: boolean;
  readonly device: Device | null;
  /** Null where nothing is known of certificates here. */
  readonly certificate: CertificateState | null;
};

type Need = {
  readonly code: 'certificate' | 'certificate-revoked' | 'certificate-none' | 'certificate-waited';
  readonly urgency: Urgency;
  readonly says: string;
};

const dayMs = 86_400_000;
const soonMs = 30 * dayMs;
const nowUrgentMs = 7 * dayMs;

export function certificateNeeds(facts: CertificateFacts): Need[] {
  const { certificate, nowMs } = facts;
  const leaveMs = (certificate?.allowedUntilMs ?? 0) - nowMs;
  const waited: Need[] =
    leaveMs <= 0
      ? []
      : [
          {
            code: 'certificate-waited',
            urgency: 'desk',
            says: `may ask for a certificate for ${spanText(leaveMs)} more, and has not yet`,
          },
        ];
  if (certificate?.state === 'revoked')
    // One that may ask for another is being looked after.
    return [
      { code: 'certificate-revoked', urgency: waited.length > 0 ? 'soon' : 'now', says: 'its certificate is revoked' },
      ...waited,
    ];
  // A device that was heard has one, from wherever.
  if (certificate?.state === 'none' && !wasHeard(facts))
    return waited.length > 0
      ? waited
      : [{ code: 'certificate-none', urgency: 'desk', says: 'no certificate was issued to it' }];
  return [...ofExpiry(facts), ...waited];
}

function wasHeard({ connected, device }: CertificateFacts): boolean {
  return connected || (device?.healthAtMs ?? device?.aboutAtMs ?? null) !== null;
}

function ofExpiry(facts: CertificateFacts): Need[] {
  const endsMs = expiresAtMs(facts);
  if (endsMs === null) return [];
  const leftMs = endsMs - facts.nowMs;
  if (leftMs > soonMs) return [];
  const says = leftMs <= 0 ? 'its certificate has expired' : `its certificate expires in ${spanText(leftMs)}`;
  return [{ code: 'certificate', urgency: leftMs < nowUrgentMs ? 'now' : 'soon', says }];
}

/** By the device's word of the one that it holds, unless one was issued since. */
function expiresAtMs({ device, certificate }: CertificateFacts): number | null {
  const issued = certificate?.expiresAtMs ?? null;
  const held = device?.health?.state === 'online' ? (device.health.certificateExpiresAt ?? null) : null;
  if (held === null) return issued;
  const isOlder = (certificate?.issuedAtMs ?? 0) > (device?.healthAtMs ?? 0);
  return isOlder ? issued : Date.parse(held);
}

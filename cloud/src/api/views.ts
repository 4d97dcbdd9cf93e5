/** What the fleet room keeps, as the API says it. */
import { type KeptCommand, stateOf } from '../fleet/commands.ts';
import type { CalibrationView, FleetEntry } from '../fleet/overview.ts';
import type { CalibrationProposal, CommandView, FleetDevice } from './queries.ts';

export function commandView(kept: KeptCommand, nowMs: number): CommandView {
  const { command, by, issuedAtMs, expiresAtMs, sentAtMs, outcome } = kept;
  return {
    command,
    state: stateOf(kept, nowMs),
    reason: outcome?.reason ?? null,
    by,
    issuedAt: iso(issuedAtMs),
    expiresAt: iso(expiresAtMs),
    sentAt: isoOrNull(sentAtMs),
    answeredAt: isoOrNull(outcome?.atMs),
  };
}

export function fleetDevice(entry: FleetEntry, brief: boolean): FleetDevice {
  const { healthAtMs, aboutAtMs, maintenanceUntilMs, certificate, visits, ...rest } = entry;
  return {
    ...rest,
    health: brief ? null : rest.health,
    healthAt: isoOrNull(healthAtMs),
    about: brief ? null : rest.about,
    aboutAt: isoOrNull(aboutAtMs),
    firmware: rest.about?.firmware.version ?? null,
    maintenanceUntil: isoOrNull(maintenanceUntilMs),
    certificate: certificate && {
      state: certificate.state,
      serial: certificate.serial,
      issuedAt: isoOrNull(certificate.issuedAtMs),
      expiresAt: isoOrNull(certificate.expiresAtMs),
      by: certificate.by,
      allowedUntil: isoOrNull(certificate.allowedUntilMs),
    },
    visits: [...visits],
  };
}

export function calibrationProposal(view: CalibrationView): CalibrationProposal {
  const { record, calibration, state, proposedAtMs, decided, present } = view;
  return {
    record,
    calibration,
    state,
    proposedAt: iso(proposedAtMs),
    decidedBy: decided?.by ?? null,
    decidedAt: isoOrNull(decided?.atMs),
    reason: decided?.reason ?? null,
    present:
      present === null
        ? null
        : {
            observedAt: iso(present.observedAtMs),
            newMm: present.withItMm,
            oldMm: present.withoutItMm,
            differenceMm: present.withoutItMm === null ? null : present.withItMm - present.withoutItMm,
          },
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function isoOrNull(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : iso(ms);
}

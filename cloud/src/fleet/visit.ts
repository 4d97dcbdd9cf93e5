/**
 * Whether a device needs somebody, and why: a pure look at what is known of it. The most urgent comes first, so that
 * three hundred devices read as a list of work.
 */
import type { OnlineHealth, StationLevel } from '@siaga/protocol';
import { spanText } from '../alarms/words.ts';
import type { Device } from '../ports.ts';
import type { DeviceTrail } from './devices.ts';
import { maintenanceUntilMs } from './maintenance.ts';
import type { CertificateState } from './pki/states.ts';
import { compareVersions } from './versions.ts';
import { certificateNeeds } from './visit-certificate.ts';
import { lineWords, mends, sensorWords, startWords, type Urgency, urgencies, type VisitCode } from './visit-words.ts';

export type Visit = {
  readonly code: VisitCode;
  readonly urgency: Urgency;
  /** Without a full stop: `battery low: 11.2 V`. */
  readonly says: string;
  readonly mend: string;
  /** Where it is about one gauge. */
  readonly gauge: string | null;
};

/** From where on something is worth a visit; battery, disk and backlog as the station's alarm rule `agent` has them. */
export type VisitLimits = {
  readonly batteryMv: number;
  readonly diskFreeMb: number;
  readonly backlogMin: number;
};

export const defaultLimits: VisitLimits = { batteryMv: 11_500, diskFreeMb: 100, backlogMin: 60 };

export type VisitFacts = {
  readonly nowMs: number;
  readonly connected: boolean;
  readonly device: Device | null;
  readonly trail: DeviceTrail;
  readonly level: StationLevel | null;
  /** Null where nothing is known of certificates here. */
  readonly certificate: CertificateState | null;
  readonly limits: VisitLimits;
  /** Of each gauge's calibration in force, where it names one. */
  readonly relevelDue: readonly { readonly gauge: string; readonly day: string }[];
  /** Gauges whose technician's calibration nobody has decided on. */
  readonly proposed: readonly string[];
  /** Newest version in the fleet of the firmware that it runs. */
  readonly newestVersion: string | null;
};

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const offlineMs = hourMs;
const forgottenMs = 4 * hourMs;
/** The last readings of the work may be the newest for so long. */
const afterWorkMs = 2 * hourMs;
const relevelSoonMs = 14 * dayMs;
const hotDeciC = 800;
const badFrameShare = 0.02;
/** Fewer frames say nothing of a line. */
const leastFrames = 200;
const manyStarts = 3;
const megabyte = 1_000_000;
/** A Raspberry Pi's bits: under-voltage now, throttled or capped now; the first since boot. */
const underVoltage = 0x1;
const slowedDown = 0x6;
const underVoltageSinceBoot = 0x10000;

/** Everything that is amiss, the most urgent first; empty for a device that can be forgotten. */
export function visitReasons(facts: VisitFacts): Visit[] {
  const { device, connected, nowMs } = facts;
  const online = device?.health?.state === 'online' ? device.health : null;
  const papers = certificateNeeds(facts).map(({ code, urgency, says }) => visit(code, urgency, says));
  const found = [
    // It tells why a device is offline.
    ...papers.filter(({ code }) => code === 'certificate-revoked'),
    ...ofLink(facts),
    ...(online === null ? [] : [...ofLines(online), ...ofMachine(online, facts), ...ofRun(online, facts)]),
    ...papers.filter(({ code }) => code !== 'certificate-revoked'),
    ...(online === null || !connected ? [] : [...ofClock(online), ...ofBacklog(online, facts)]),
    ...ofSensor(facts.level),
    ...ofMaintenance(facts),
    ...facts.relevelDue.flatMap(({ gauge, day }) => relevel(gauge, Date.parse(day) - nowMs)),
    ...facts.proposed.map((gauge) => visit('calibration', 'desk', `a new calibration of ${gauge} waits`, gauge)),
    ...ofFirmware(facts),
  ];
  // The line's own word says more of a sensor than its last readings do.
  const told = found.some(({ code }) => code === 'line') ? found.filter(({ code }) => code !== 'sensor') : found;
  return told.sort((a, b) => urgencies.indexOf(a.urgency) - urgencies.indexOf(b.urgency));
}

function visit(code: keyof typeof mends, urgency: Urgency, says: string, gauge: string | null = null): Visit {
  return { code, urgency, says, mend: mends[code], gauge };
}

function ofLink({ device, connected, nowMs }: VisitFacts): Visit[] {
  if (connected) return [];
  const heardMs = Math.max(device?.healthAtMs ?? 0, device?.aboutAtMs ?? 0);
  if (heardMs === 0) return [visit('never-heard', 'desk', 'has never been heard')];
  const silentMs = nowMs - heardMs;
  return silentMs < offlineMs ? [] : [visit('offline', 'now', `offline, last heard ${spanText(silentMs)} ago`)];
}

function ofLines({ gauges: said }: OnlineHealth): Visit[] {
  const gauges = said.filter(({ gauge }, i) => said.findIndex((other) => other.gauge === gauge) === i);
  return gauges.flatMap(({ gauge, link, problem = null, frames, badFrames }): Visit[] => {
    const named = gauges.length > 1 ? `${gauge}: ` : '';
    if (problem !== null) {
      const { says, mend } = lineWords[problem];
      return [{ code: 'line', urgency: 'now', says: `${named}${says}`, mend, gauge }];
    }
    if (link === 'closed') {
      const says = `${named}the line to the sensor is closed`;
      return [{ code: 'line', urgency: 'now', says, mend: lineWords['node-missing'].mend, gauge }];
    }
    const all = frames + badFrames;
    if (all < leastFrames || badFrames / all < badFrameShare) return [];
    return [
      visit('frames', 'soon', `${named}${Math.round((badFrames / all) * 100)} % of the frames are spoilt`, gauge),
    ];
  });
}

function ofMachine({ batteryMv, diskFreeBytes, machine }: OnlineHealth, { limits }: VisitFacts): Visit[] {
  const visits: Visit[] = [];
  if (batteryMv !== null && batteryMv < limits.batteryMv)
    visits.push(visit('battery', 'now', `battery low: ${(batteryMv / 1000).toFixed(1)} V`));
  if (diskFreeBytes !== null && diskFreeBytes < limits.diskFreeMb * megabyte)
    visits.push(visit('disk', 'soon', `disk nearly full: ${Math.round(diskFreeBytes / megabyte)} MB free`));
  const { throttled = null, cpuDeciC = null } = machine ?? {};
  if (throttled !== null && (throttled & underVoltage) !== 0)
    visits.push(visit('under-voltage', 'now', 'too little voltage at the machine'));
  else if (throttled !== null && (throttled & underVoltageSinceBoot) !== 0)
    visits.push(visit('under-voltage', 'soon', 'too little voltage at times since it booted'));
  const slowed = throttled !== null && (throttled & slowedDown) !== 0;
  if (cpuDeciC !== null && cpuDeciC >= hotDeciC)
    visits.push(visit('hot', 'soon', `hot: ${Math.round(cpuDeciC / 10)} °C${slowed ? ', and slowed down' : ''}`));
  return visits;
}

function ofRun({ start, notKept = 0, uptimeS }: OnlineHealth, { trail }: VisitFacts): Visit[] {
  const visits: Visit[] = [];
  if (notKept > 0) visits.push(visit('not-kept', 'soon', `${notKept} readings could not be kept`));
  const first = trail.starts[0];
  const last = trail.starts.at(-1);
  const restarts = first === undefined || last === undefined ? 0 : last.number - first.number;
  const why = start === undefined ? undefined : startWords[start.reason];
  if (restarts >= manyStarts)
    visits.push(
      visit('restarts', 'soon', `${restarts} restarts within a day${why === undefined ? '' : `; last: ${why}`}`),
    );
  else if (why !== undefined && uptimeS * 1000 < dayMs)
    visits.push(visit('crash', start?.reason === 'power' ? 'desk' : 'soon', why));
  return visits;
}

function ofClock({ clock }: OnlineHealth): Visit[] {
  return clock === 'unsynced' ? [visit('clock', 'soon', 'its clock is not set')] : [];
}

/** An old backlog that shrinks is an outage that is over. */
function ofBacklog({ backlog }: OnlineHealth, { nowMs, limits, trail }: VisitFacts): Visit[] {
  const waitsMs = backlog.oldestAt === null ? 0 : nowMs - Date.parse(backlog.oldestAt);
  const before = trail.backlogs.at(-2)?.count ?? 0;
  if (waitsMs < limits.backlogMin * 60_000 || backlog.count < before) return [];
  return [visit('backlog', 'soon', `${backlog.count} readings wait to be sent, the oldest for ${spanText(waitsMs)}`)];
}

function ofSensor(level: StationLevel | null): Visit[] {
  const note = level?.note ?? null;
  if (note !== 'possibly-blocked' && note !== 'no-echo' && note !== 'sensor-dead') return [];
  return [{ code: 'sensor', urgency: 'now', ...sensorWords[note], gauge: null }];
}

/** Declared for long; or the readings still say so long after the device ceased to declare it. */
function ofMaintenance({ device, level, trail, nowMs }: VisitFacts): Visit[] {
  if (trail.maintenance === null) return [];
  const lastsMs = nowMs - trail.maintenance.sinceMs;
  const isDeclared = (maintenanceUntilMs(device) ?? 0) > nowMs;
  if (isDeclared && trail.maintenance.declared && lastsMs > forgottenMs)
    return [visit('maintenance-forgotten', 'now', `under maintenance for ${spanText(lastsMs)}`)];
  if (!trail.maintenance.declared && level?.maintenance === true && lastsMs > afterWorkMs)
    return [visit('maintenance-forgotten', 'now', 'its readings still say maintenance')];
  return [];
}

function relevel(gauge: string, leftMs: number): Visit[] {
  if (leftMs > relevelSoonMs) return [];
  const when = leftMs <= 0 ? `is due since ${spanText(-leftMs)}` : `is due in ${spanText(leftMs)}`;
  return [visit('relevel', 'soon', `levelling of ${gauge} ${when}`, gauge)];
}

function ofFirmware({ device, newestVersion }: VisitFacts): Visit[] {
  const version = device?.about?.firmware.version;
  if (version === undefined || newestVersion === null || compareVersions(version, newestVersion) >= 0) return [];
  return [visit('firmware', 'desk', `runs ${version}, others ${newestVersion}`)];
}

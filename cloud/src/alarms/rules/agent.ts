import type { OnlineHealth, Priority } from '@siaga/protocol';
import { Type } from 'typebox';
import { lineWords } from '../../fleet/visit-words.ts';
import { commonDefaults, silentSinceMs, stationFinding } from '../findings.ts';
import type { Finding, StationFacts, StationRule } from '../rule.ts';
import { spanText } from '../words.ts';

const settings = Type.Object({
  batteryMv: Type.Integer({ minimum: 0, maximum: 100_000, description: 'Battery low below this' }),
  diskFreeMb: Type.Integer({ minimum: 0, maximum: 10_000_000, description: "The agent's disk low below this" }),
  backlogMin: Type.Integer({ minimum: 1, maximum: 100_000, description: 'Oldest unsent reading older than this' }),
  certificateDays: Type.Integer({ minimum: 0, maximum: 365, description: 'Certificate expires within so many days' }),
});

const name = 'agent';
const minuteMs = 60_000;
const dayMs = 86_400_000;
const urgentCertificateMs = 3 * dayMs;
/** A Raspberry Pi's bit of present under-voltage. */
const underVoltage = 0x1;
const megabyte = 1_000_000;
const volts = (mv: number) => `${(mv / 1000).toFixed(1)} V`;

type Complaint = {
  readonly part: string;
  readonly says: string;
  readonly signal?: 'on' | 'hold';
  readonly priority?: Priority;
};

/** What the field agent says of itself: it still works, but will not for long. */
export const agent: StationRule<typeof settings> = {
  name,
  scope: 'station',
  list: 'health',
  about:
    'The field agent complains: battery, voltage, disk, clock, backlog, certificate, the line to its sensor; or it is offline.',
  notReplayed: true,
  settings,
  defaults: () => ({
    ...commonDefaults(
      'Plan a visit before the next rain: see under Fleet what the agent says. Readings still come until the battery is empty or the disk is full.',
      { onDelayS: 600, offDelayS: 600 },
    ),
    batteryMv: 11_500,
    diskFreeMb: 100,
    backlogMin: 60,
    // It renews itself weeks before: by then something is amiss.
    certificateDays: 14,
  }),
  find({ nowMs }, facts, set) {
    const { device, station } = facts;
    if (device === null || device.healthAtMs === null) return [];
    const health = device.health?.state === 'online' ? device.health : null;
    const complaints = [
      ...(health === null ? [] : ofHealth(health, set, nowMs)),
      ...(device.connected ? [] : [offline]),
    ];
    return complaints.map(
      ({ part, says, signal = 'on', priority = 'low' }): Finding =>
        stationFinding(name, facts, {
          part,
          signal,
          priority,
          sinceMs: device.healthAtMs ?? nowMs,
          headline: `${station.name}: ${says}`,
          evidence: evidenceOf(health, device.healthAtMs),
          ...(part === offline.part ? suppressedBySilence(facts, nowMs) : {}),
        }),
    );
  },
};

const offline: Complaint = { part: 'offline', says: 'the agent is offline' };

/** The battery and the disk must get clearly better before the alarm goes. */
const better = 1.03;

function ofHealth(
  health: OnlineHealth,
  set: { batteryMv: number; diskFreeMb: number; backlogMin: number; certificateDays: number },
  nowMs: number,
): Complaint[] {
  const { batteryMv, diskFreeBytes, clock, backlog, gauges, machine, certificateExpiresAt = null } = health;
  const complaints: Complaint[] = [];
  if (batteryMv !== null && batteryMv < set.batteryMv * better)
    complaints.push({
      part: 'battery',
      says: `battery low: ${volts(batteryMv)}`,
      signal: batteryMv < set.batteryMv ? 'on' : 'hold',
      priority: 'medium',
    });
  const freeMb = diskFreeBytes === null ? null : diskFreeBytes / megabyte;
  if (freeMb !== null && freeMb < set.diskFreeMb * better)
    complaints.push({
      part: 'disk',
      says: `the agent's disk is nearly full: ${Math.round(freeMb)} MB free`,
      signal: freeMb < set.diskFreeMb ? 'on' : 'hold',
    });
  if (clock === 'unsynced')
    complaints.push({ part: 'clock', says: "the agent's clock is not set: alarms there go by the time of receipt" });
  const behindMs = backlog.oldestAt === null ? 0 : nowMs - Date.parse(backlog.oldestAt);
  if (behindMs > set.backlogMin * minuteMs)
    complaints.push({
      part: 'backlog',
      says: `${backlog.count} readings wait to be sent, the oldest for ${spanText(behindMs)}`,
    });
  if (((machine?.throttled ?? 0) & underVoltage) !== 0)
    complaints.push({ part: 'voltage', says: 'too little voltage at the machine: its card may fail' });
  const leftMs = certificateExpiresAt === null ? null : Date.parse(certificateExpiresAt) - nowMs;
  if (leftMs !== null && leftMs < set.certificateDays * dayMs)
    complaints.push({
      part: 'certificate',
      says: leftMs <= 0 ? 'its certificate has expired' : `its certificate expires in ${spanText(leftMs)}`,
      priority: leftMs < urgentCertificateMs ? 'medium' : 'low',
    });
  return [...complaints, ...gauges.flatMap(ofLine)];
}

/** One complaint a line: what is amiss with it may change its name while somebody is on the way. */
function ofLine({ gauge, link, problem = null }: OnlineHealth['gauges'][number]): Complaint[] {
  if (problem === null && link === 'open') return [];
  const says = problem === null ? `the line to the sensor ${gauge} is closed` : `${lineWords[problem].says} (${gauge})`;
  return [{ part: `link-${gauge}`, says, priority: 'medium' }];
}

function evidenceOf(health: OnlineHealth | null, healthAtMs: number | null): Finding['evidence'] {
  const at = { healthAt: healthAtMs === null ? null : new Date(healthAtMs).toISOString() };
  if (health === null) return at;
  const { batteryMv, diskFreeBytes, clock, backlog, uptimeS } = health;
  return {
    ...at,
    batteryMv,
    diskFreeBytes,
    clock,
    backlogCount: backlog.count,
    backlogOldestAt: backlog.oldestAt,
    uptimeS,
  };
}

function suppressedBySilence(facts: StationFacts, nowMs: number): { suppressed?: string } {
  return silentSinceMs(facts, nowMs) === null ? {} : { suppressed: 'The station is silent, which has its own alarm.' };
}

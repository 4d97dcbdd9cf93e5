/** A made-up fleet, as far as the console can see one: devices that want a visit, one to settle from here, the rest well. */
import type { About, OnlineHealth, StationPicture } from '@siaga/protocol';

type Visit = { code: string; urgency: 'now' | 'soon' | 'desk'; says: string; mend: string; gauge: string | null };

const mend = 'What mends it stands here.';
const visits: Readonly<Record<string, Visit[]>> = {
  depok: [
    { code: 'battery', urgency: 'now', says: 'battery low: 10.9 V', mend, gauge: null },
    { code: 'clock', urgency: 'soon', says: 'its clock is not set', mend, gauge: null },
  ],
  katulampa: [{ code: 'frames', urgency: 'soon', says: '4 % of the frames are spoilt', mend, gauge: 'main' }],
  manggarai: [{ code: 'calibration', urgency: 'desk', says: 'a new calibration of main waits', mend, gauge: 'main' }],
};
const dayMs = 86_400_000;
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
const calibration = {
  gauge: 'main',
  validFrom: ago(3_600_000),
  sensorElevationMm: 12_120,
  faceOffsetMm: 20,
  by: 'Tono',
  record: 'c'.repeat(64),
  staffCheck: { staffMm: 1020, stageMm: 1018, at: ago(3_000_000) },
};

/** What is asked of devices is listed; a decision stands. Nothing comes of either. */
export function makeFakeFleet(stations: ReadonlyMap<string, StationPicture>) {
  const commands = new Map<string, object[]>();
  const decisions = new Map<string, object>();

  function entry({ info }: StationPicture) {
    return {
      station: info.id,
      name: info.name,
      connected: info.id !== 'depok',
      healthAt: ago(240_000),
      firmware: '0.2.0',
      maintenanceUntil: null,
      visits: visits[info.id] ?? [],
    };
  }

  return {
    list: () => ({ devices: [...stations.values()].map(entry) }),
    device(picture: StationPicture) {
      const { id } = picture.info;
      const undecided = { state: 'proposed', decidedBy: null, decidedAt: null, reason: null };
      const present = { observedAt: ago(60_000), newMm: 1020, oldMm: 900, differenceMm: 120 };
      const proposal = { record: calibration.record, calibration, present, ...(decisions.get(id) ?? undecided) };
      return {
        ...entry(picture),
        health: { ...health, at: ago(240_000), batteryMv: id === 'depok' ? 10_900 : 12_600 },
        about,
        certificate: { state: 'valid', expiresAt: ago(-300 * dayMs), allowedUntil: null },
        commands: commands.get(id) ?? [],
        calibrations: id === 'manggarai' ? [proposal] : [],
      };
    },
    ask(id: string, by: string, asked: object) {
      const command = { v: 1, id: `c${Date.now()}`, ...asked };
      const [issuedAt, expiresAt] = [ago(0), ago(-dayMs)];
      const view = { command, state: 'waiting', reason: null, by, issuedAt, expiresAt, answeredAt: null };
      commands.set(id, [view, ...(commands.get(id) ?? [])]);
      return view;
    },
    decide(id: string, by: string, decision: string, reason: string | undefined) {
      const state = decision === 'accept' ? 'accepted' : 'refused';
      decisions.set(id, { state, decidedBy: by, decidedAt: ago(0), reason: reason ?? null });
      return {};
    },
  };
}

const health: Omit<OnlineHealth, 'at'> = {
  v: 1,
  state: 'online',
  connection: 12,
  boot: 'b',
  stream: 'k7q2m4x6b3d5f7h2',
  uptimeS: 86_400 * 3,
  clock: 'synced',
  maintenanceUntil: null,
  backlog: { count: 0, oldestAt: null },
  batteryMv: null,
  diskFreeBytes: 9_000_000_000,
  gauges: [{ gauge: 'main', link: 'open', lastFrameAt: ago(1000), frames: 576_000, discardedBytes: 17, badFrames: 2 }],
  machine: {
    cpuDeciC: 512,
    throttled: 0,
    diskTotalBytes: 31_000_000_000,
    rssBytes: 71_000_000,
    signal: { kind: 'cellular', dbm: -97 },
  },
  start: { number: 7, reason: 'power' },
  cadence: { sampleS: 60, reportS: 300, reason: 'calm' },
};
const about: About = {
  v: 1,
  firmware: { name: 'siaga-agent', version: '0.2.0' },
  gauges: [],
  calibrations: [],
  settings: { 'sampling.intervalS': 60 },
};

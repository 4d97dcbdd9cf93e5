import type { About, OnlineHealth } from '@siaga/protocol';
import { ageText, type ZoneTimes } from '../format/times.ts';
import type { Certificate } from './fleet-api.ts';
import { fleetWords as words } from './words.ts';

/** `certificate`: what the platform knows of it. */
type DeviceWords = {
  readonly health: OnlineHealth | undefined;
  readonly about: About | null;
  readonly certificate: Certificate | null;
};

/** What a device says of itself and what is known of it, as terms and texts; what it does not say is left out. */
export function figuresOf(
  { health, about, certificate }: DeviceWords,
  times: ZoneTimes,
  nowMs: number,
): [term: string, text: string][] {
  const { figures } = words;
  const rows: [string, string | null | undefined][] = [
    [figures.firmware, about && `${about.firmware.name} ${about.firmware.version}`],
  ];
  if (health) {
    const { clock, backlog, batteryMv, diskFreeBytes, machine, cadence, start, uptimeS, notKept = 0 } = health;
    const { cpuDeciC = null, signal = null } = machine ?? {};
    rows.push(
      [figures.clock, words.clocks[clock] ?? clock],
      [
        figures.backlog,
        backlog.oldestAt ? `${backlog.count}, ${ageText(nowMs - Date.parse(backlog.oldestAt))}` : words.none,
      ],
      [figures.battery, batteryMv === null ? null : `${(batteryMv / 1000).toFixed(1)} V`],
      [figures.disk, diskFreeBytes === null ? null : `${Math.round(diskFreeBytes / 1e6)} MB`],
      [figures.cpu, cpuDeciC === null ? null : `${Math.round(cpuDeciC / 10)} °C`],
      [figures.signal, signal && `${signal.kind}, ${signal.dbm} dBm`],
      [
        figures.cadence,
        cadence &&
          words.cadence(
            ageText(cadence.sampleS * 1000),
            ageText(cadence.reportS * 1000),
            words.cadences[cadence.reason] ?? cadence.reason,
          ),
      ],
      [
        figures.start,
        start && words.start(ageText(uptimeS * 1000), start.number, words.starts[start.reason] ?? start.reason),
      ],
      [figures.notKept, notKept > 0 ? String(notKept) : null],
    );
  }
  const until = (at: string | null | undefined) => (at ? times.date(Date.parse(at)) : null);
  rows.push(
    [figures.certificate, until(health?.certificateExpiresAt)],
    [figures.issued, certificate && words.issued(words.certificates[certificate.state], until(certificate.expiresAt))],
    [figures.allowed, until(certificate?.allowedUntil)],
  );
  const settings = Object.entries(about?.settings ?? {});
  rows.push([figures.settings, settings.map(([name, value]) => `${name}: ${value}`).join(', ') || null]);
  return rows.filter((row): row is [string, string] => row[1] !== null && row[1] !== undefined);
}

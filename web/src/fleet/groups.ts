import type { FleetEntry } from './fleet-api.ts';

export type FleetGroups = {
  readonly visit: readonly FleetEntry[];
  readonly desk: readonly FleetEntry[];
  readonly well: readonly FleetEntry[];
};

/** The devices whose name holds what was typed, by whether somebody must go there; the server's order within. */
export function groupsOf(devices: readonly FleetEntry[], typed: string): FleetGroups {
  const wanted = typed.trim().toLowerCase();
  const shown = devices.filter(({ name, station }) => `${name} ${station}`.toLowerCase().includes(wanted));
  const needs = ({ visits }: FleetEntry) => visits[0]?.urgency;
  return {
    visit: shown.filter((device) => needs(device) === 'now' || needs(device) === 'soon'),
    desk: shown.filter((device) => needs(device) === 'desk'),
    well: shown.filter((device) => needs(device) === undefined),
  };
}

/** `name: value` lines as settings, numbers and booleans told by their form; undefined where a line is none. */
export function settingsOf(text: string): Record<string, string | number | boolean> | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const entries = lines.map((line) => /^\s*([\w.-]+)\s*:\s*(\S.*?)\s*$/.exec(line));
  if (entries.length === 0 || entries.includes(null)) return undefined;
  return Object.fromEntries(entries.map((match) => [match?.[1] ?? '', typedValue(match?.[2] ?? '')]));
}

function typedValue(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

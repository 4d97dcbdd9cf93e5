import type { FleetEntry } from './fleet-api.ts';

export type FleetGroups = {
  readonly visit: readonly FleetEntry[];
  readonly desk: readonly FleetEntry[];
  readonly well: readonly FleetEntry[];
};

/** Where a row stands while it is open, whatever becomes of its device: who works in it keeps it under their hands. */
export type Held = { readonly station: string; readonly group: keyof FleetGroups };

/** The devices whose name holds what was typed, by whether somebody must go there; the server's order within. */
export function groupsOf(devices: readonly FleetEntry[], typed: string, held?: Held): FleetGroups {
  const wanted = typed.trim().toLowerCase();
  const shown = devices.filter(({ name, station }) => `${name} ${station}`.toLowerCase().includes(wanted));
  const standing = (device: FleetEntry) => (device.station === held?.station ? held.group : groupOf(device));
  return {
    visit: shown.filter((device) => standing(device) === 'visit'),
    desk: shown.filter((device) => standing(device) === 'desk'),
    well: shown.filter((device) => standing(device) === 'well'),
  };
}

export function groupOf({ visits: [first] }: Pick<FleetEntry, 'visits'>): keyof FleetGroups {
  if (first === undefined) return 'well';
  return first.urgency === 'desk' ? 'desk' : 'visit';
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

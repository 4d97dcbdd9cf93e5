/** Order of dotted version numbers, `0.10.2` after `0.9`; what follows a dash or plus does not count. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => (version.split(/[-+]/, 1)[0] ?? '').split('.').map(Number));
  for (let i = 0; i < Math.max(left?.length ?? 0, right?.length ?? 0); i += 1) {
    const difference = (left?.[i] || 0) - (right?.[i] || 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

type Firmware = { readonly name: string; readonly version: string };

/** What a device says reaches the eyes of who looks at others: only what is a version does. */
const form = /^\d{1,6}(\.\d{1,6}){0,3}([-+][A-Za-z0-9.+-]{1,24})?$/;

/** The newest version in use, by the firmware's name. */
export function newestVersions(all: readonly Firmware[]): ReadonlyMap<string, string> {
  const newest = new Map<string, string>();
  for (const { name, version } of all) {
    if (!form.test(version)) continue;
    const known = newest.get(name);
    if (known === undefined || compareVersions(version, known) > 0) newest.set(name, version);
  }
  return newest;
}

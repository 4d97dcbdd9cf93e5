/**
 * Settings that the platform may change: a bounded few, judged like the file's own. Pure.
 *
 * A wrong value must never put a gauge to sleep for ever: only how often it samples and reports can be
 * changed from afar, within the bounds that the file has too; where it sends, what it is and who may speak to it cannot.
 */
import { type Parsed, parsed, refused } from '@siaga/protocol';

/** Settings by the name of their field: `sampling.intervalS`. */
export type RemoteSettings = Readonly<Record<string, string | number | boolean>>;

const sections = ['sampling', 'cadence'];
/** The owner's own: the cap binds the platform too, and what begins a reading is a matter of how the sensor is wired. */
const ownersOwn = ['cadence.capS', 'sampling.trigger'];
const mostSettings = 40;

/** Whether a field may be changed from afar. */
function isRemote(field: string): boolean {
  return sections.some((section) => field.startsWith(`${section}.`)) && !ownersOwn.includes(field);
}

/**
 * The settings in force after a command: those it names replaced; `null` is not a value, so a field goes back to the
 * file's by a command with none at all (an empty one clears everything).
 */
export function changed(inForce: RemoteSettings, wanted: RemoteSettings): Parsed<RemoteSettings> {
  const names = Object.keys(wanted);
  if (names.length === 0) return parsed({});
  const foreign = names.filter((name) => !isRemote(name));
  if (foreign.length > 0)
    return refused(
      `${foreign[0]}: cannot be changed from afar; only ${sections.map((name) => `${name}.…`).join(' and ')}, without ${ownersOwn.join(' and ')}`,
    );
  const after = { ...inForce, ...wanted };
  return Object.keys(after).length > mostSettings ? refused(`more than ${mostSettings} settings`) : parsed(after);
}

import { Type } from 'typebox';
import { commonDefaults, platformFinding } from '../findings.ts';
import type { PlatformRule } from '../rule.ts';

const settings = Type.Object({});

/** The independent watcher cannot be told that all is well: it will call somebody, or nobody watches the box. */
export const heartbeat: PlatformRule<typeof settings> = {
  name: 'heartbeat',
  scope: 'platform',
  list: 'health',
  about: 'The independent watcher could not be told that all is well.',
  notReplayed: true,
  settings,
  defaults: () =>
    commonDefaults(
      'Check the way out to the internet and the address of the watcher. While this lasts nobody outside would notice if this machine stopped.',
      { onDelayS: 120, offDelayS: 120 },
    ),
  find({ nowMs, platform: { heartbeatFault } }) {
    if (heartbeatFault === null) return [];
    return [
      platformFinding('heartbeat', 'watcher', {
        signal: 'on',
        priority: 'medium',
        sinceMs: nowMs,
        headline: `The watcher cannot be told that all is well: ${heartbeatFault}`,
        evidence: { fault: heartbeatFault },
      }),
    ];
  },
};

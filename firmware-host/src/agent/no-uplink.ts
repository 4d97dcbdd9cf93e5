import { agentError } from '../errors.ts';
import type { Uplink } from '../uplink/uplink.ts';

/** The way out of an agent that only stores. */
export function noUplink(): Uplink {
  return {
    connected: () => false,
    reconnects: () => 0,
    trouble: () => null,
    publish: () => Promise.reject(agentError('uplink-disconnected', 'this agent has no uplink')),
    leave: () => undefined,
    close: async () => undefined,
  };
}

import type { Uplink } from '../uplink/uplink.ts';

/** The same uplink; what is published over it is counted by its payload. */
export function metered(uplink: Uplink, count: (payloadBytes: number) => void): Uplink {
  return {
    ...uplink,
    publish(kind, payload) {
      if (uplink.connected()) count(payload.byteLength);
      return uplink.publish(kind, payload);
    },
  };
}

/** What the agent knows of the time. A device without a battery-backed clock wakes up at any time of the past. */
export type DeviceTime = {
  /** Whether the wall clock is known to be right. While it is not, a certificate's dates are not judged by it. */
  clockTrusted(): boolean;
  /** It cannot be earlier than this, whatever the clock says: the newest of build date and records. */
  earliestMs(): number;
};

export const trustedClock: DeviceTime = { clockTrusted: () => true, earliestMs: () => 0 };

import type { Clock, ClockState } from '@siaga/protocol';
import type { AgentTime } from './agent-time.ts';

/** The time of a clock that is beyond doubt: a replay's, a simulator's. Nothing is corrected by it. */
export function givenTime(clock: Clock, state: () => ClockState = () => 'synced'): AgentTime {
  return {
    clock,
    state,
    clockTrusted: () => true,
    earliestMs: () => 0,
    stamped: (draft) => draft,
    stored: () => undefined,
    serverSaid: () => undefined,
    corrections: null,
    look: async () => undefined,
    close: async () => undefined,
  };
}

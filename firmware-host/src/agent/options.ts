/** What an agent is started with, and what it is to whoever runs it. */
import type { Clock, ClockState, CommandOutcome, Reading } from '@siaga/protocol';
import type { Logger } from 'pino';
import type { AgentConfig } from '../config.ts';
import type { Remote } from '../remote/remote.ts';
import type { Evidence } from '../remote/trial.ts';
import type { OpenLink } from '../serial/link.ts';
import type { Vitals } from '../service/watchdog.ts';
import type { TimeSources } from '../time/signs.ts';
import type { UplinkTiming } from '../uplink/uplink.ts';
import type { AgentStatus } from './status.ts';

export type AgentOptions = {
  readonly config: AgentConfig;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called after a reading has become durable. */
  readonly onStored?: (reading: Reading, gauge: string) => void;
  /** Opens serial lines; the kernel's ttys if not given. */
  readonly openLink?: OpenLink;
  /**
   * Where the machine's clocks are asked, which may be wrong: then `clock` is not used, and uncertain times are
   * corrected. Without it `clock` is beyond doubt, as in replays.
   */
  readonly time?: TimeSources;
  /** With a `clock` beyond doubt: what readings say of it; `synced` if not given. */
  readonly clockState?: () => ClockState;
  readonly timing?: Partial<UplinkTiming>;
  /** Settings and updates from afar; without it they are refused. */
  readonly remote?: OpenRemote;
};

export type OpenRemote = (agent: RemoteParts) => Promise<Pick<Remote, 'settings' | 'update' | 'inForce' | 'judge'>>;

/** What changes from afar need of the agent. */
export type RemoteParts = {
  /** What has been shown since this run began. */
  readonly evidence: () => Evidence;
  /** Tells what became of a command that was under way. */
  readonly tell: (outcome: CommandOutcome) => void;
};

export type Agent = {
  status(): AgentStatus;
  /** Signs of life for a watchdog that asks now and then. */
  vitals(): Vitals;
  /** The watchdog is going to end this run: the next one says so. */
  starving(): void;
  /** Stores and sends what is in hand, then closes lines, connection and files. May be called twice. */
  stop(): Promise<void>;
};

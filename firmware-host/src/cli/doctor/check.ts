/** What a check of the doctor is: it looks at one thing and says how it is, and how to mend it. */
import type { AgentConfig } from '../../config.ts';
import type { ControlClient } from '../../control/client.ts';
import type { ControlStatus } from '../../control/protocol.ts';
import type { SettingsFile } from '../settings-file.ts';

export type Verdict = 'pass' | 'warn' | 'fail';

export type Finding = {
  readonly verdict: Verdict;
  /** How it is, in one line. */
  readonly says: string;
  /** How to mend it, in one line. */
  readonly mend?: string;
  /** Lines to look at: bytes, say. */
  readonly shows?: readonly string[];
};

/** What there is to look at. */
export type World = {
  readonly file: SettingsFile;
  /** The running agent; null when none does, or it may not be asked. */
  readonly agent: ControlClient | null;
  readonly status: ControlStatus | null;
  /** Why a running agent could not be asked. */
  readonly refusal: string | null;
  /** The file system's root: `/` but in tests. */
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  readonly nowMs: () => number;
  /** How long to listen to the lines. */
  readonly listenMs: number;
};

/** A check that needs no settings, or one that needs sound ones. No finding: it does not concern this machine. */
export type Check = {
  readonly name: string;
  /** Needs the network. */
  readonly online?: true;
} & (
  | { readonly needs: 'nothing'; run(world: World): Promise<readonly Finding[]> }
  | { readonly needs: 'settings'; run(world: World, config: AgentConfig): Promise<readonly Finding[]> }
);

export const pass = (says: string, shows?: readonly string[]): Finding => ({
  verdict: 'pass',
  says,
  ...(shows && { shows }),
});
export const warn = (says: string, mend: string, shows?: readonly string[]): Finding => ({
  verdict: 'warn',
  says,
  mend,
  ...(shows && { shows }),
});
export const fail = (says: string, mend: string, shows?: readonly string[]): Finding => ({
  verdict: 'fail',
  says,
  mend,
  ...(shows && { shows }),
});

/**
 * What the platform changes from afar: settings and the agent's version. Both are on trial first: what does not
 * measure, store and come through again is taken back, whether it hangs, fails or cannot even start.
 */
import type { Command, CommandOutcome } from '@siaga/protocol';
import type { Logger } from 'pino';
import { messageOf } from '../errors.ts';
import type { RemoteConfig } from './config.ts';
import { fetchUpdate } from './fetch-update.ts';
import { isSame, type KeptSettings, readKept, writeKept } from './kept-settings.ts';
import { changed, type RemoteSettings } from './settings.ts';
import { type Evidence, type TrialLimits, verdictOn } from './trial.ts';
import { versionPattern, versionsIn } from './versions.ts';

type Of<A extends Command['act']> = Extract<Command, { act: A }>;

export type RemoteOptions = {
  /** The data folder. */
  readonly data: string;
  readonly config: RemoteConfig;
  readonly configPath: string;
  readonly version: string;
  /** The faults that the file with these settings laid over it would have. */
  readonly faultsWith: (settings: RemoteSettings) => readonly string[];
  /** What has been shown since this run began. */
  readonly evidence: () => Evidence;
  /** Whether a launcher starts us that follows updates. */
  readonly isService: boolean;
  /** Tells what became of a command that was `under-way`. */
  readonly tell: (outcome: CommandOutcome) => void;
  /** Ends this run in order and begins another: with other settings in this process, with another version in a new one. */
  readonly restart: (what: 'settings' | 'version') => void;
  readonly log: Logger;
};

export type Remote = {
  settings(command: Of<'settings'>): Promise<CommandOutcome>;
  update(command: Of<'update'>): Promise<CommandOutcome>;
  /** The settings in force from afar. */
  inForce(): RemoteSettings;
  /** To be asked every few seconds: ends trials. */
  judge(): Promise<void>;
};

/** A change of settings that was started so often without proving itself ends the process each time. */
const mostStarts = 3;

/**
 * The remote settings for a run that begins now. Those on trial that have begun too often give way to the good ones.
 * To be called before the settings are judged.
 */
export async function settingsForStart(data: string, log: Logger): Promise<RemoteSettings> {
  const kept = await readKept(data);
  if (kept.trial === null) return kept.inForce;
  const failed = kept.trial.starts >= mostStarts;
  if (failed) log.warn({ id: kept.trial.id }, 'settings from afar never proved themselves: the ones before are back');
  const next: KeptSettings = failed
    ? { ...kept, inForce: kept.good }
    : { ...kept, trial: { ...kept.trial, starts: kept.trial.starts + 1 } };
  await writeKept(data, next);
  return next.inForce;
}

export async function openRemote(options: RemoteOptions): Promise<Remote> {
  const { data, config, version: running, evidence, tell, restart, log } = options;
  const limits: TrialLimits = { leastMs: config.trialLeastS * 1_000, mostMs: config.trialMostS * 1_000 };
  const versions = versionsIn(data);
  let kept = await readKept(data);
  let updateTrial = await versions.trial();
  let updating = false;
  let judging = false;

  const save = async (next: KeptSettings): Promise<void> => {
    await writeKept(data, next);
    kept = next;
  };
  const outcome = (
    { id, act }: Pick<Command, 'id' | 'act'>,
    what: CommandOutcome['outcome'],
    reason: string | null = null,
  ): CommandOutcome => ({ id, act, outcome: what, reason: reason?.slice(0, 200) ?? null });

  // What the start before found or left behind.
  if (kept.trial && isSame(kept.inForce, kept.good) && kept.trial.starts > 0) {
    tell(outcome({ id: kept.trial.id, act: 'settings' }, 'rolled-back', 'it never stored and sent with them'));
    await save({ ...kept, trial: null });
  }
  if (options.isService && updateTrial && updateTrial.version !== running) {
    // It was put in place, and yet another version was started: the launcher found nothing to start in it.
    await versions.rollBack();
    updateTrial = null;
  }
  const rolledBack = await versions.takeRolledBack();
  if (rolledBack)
    tell(outcome({ id: rolledBack.id, act: 'update' }, 'rolled-back', `${rolledBack.version} never proved itself`));
  const cutOff = await versions.takeCutOff();
  if (cutOff && cutOff.id !== updateTrial?.id && cutOff.id !== rolledBack?.id)
    tell(outcome({ id: cutOff.id, act: 'update' }, 'refused', 'the agent was started anew while it was being fetched'));

  const judgeSettings = async (shown: Evidence): Promise<void> => {
    if (kept.trial === null) return;
    const verdict = verdictOn(shown, limits);
    if (verdict === 'wait') return;
    const { id } = kept.trial;
    if (verdict === 'good') {
      await save({ ...kept, good: kept.inForce, trial: null });
      tell(outcome({ id, act: 'settings' }, 'done'));
      return;
    }
    await save({ inForce: kept.good, good: kept.good, trial: null });
    tell(outcome({ id, act: 'settings' }, 'rolled-back', 'it did not store and send with them'));
    restart('settings');
  };

  const judgeUpdate = async (shown: Evidence): Promise<void> => {
    if (updateTrial === null || updateTrial.version !== running) return;
    const verdict = verdictOn(shown, limits);
    if (verdict === 'wait') return;
    const { id } = updateTrial;
    if (verdict === 'good') {
      await versions.commit();
      updateTrial = null;
      tell(outcome({ id, act: 'update' }, 'done'));
      return;
    }
    await versions.rollBack();
    updateTrial = null;
    restart('version');
  };

  return {
    inForce: () => kept.inForce,
    async settings(command) {
      if (!config.settings) return outcome(command, 'refused', 'remote.settings is false here');
      if (kept.trial) return outcome(command, 'refused', `settings of command ${kept.trial.id} are still on trial`);
      const after = changed(kept.inForce, command.settings);
      if (!after.ok) return outcome(command, 'refused', after.reason);
      const [fault] = options.faultsWith(after.value);
      if (fault !== undefined) return outcome(command, 'refused', fault);
      if (isSame(after.value, kept.inForce)) return outcome(command, 'done', 'they were in force already');
      await save({ inForce: after.value, good: kept.inForce, trial: { id: command.id, starts: 0 } });
      restart('settings');
      return outcome(command, 'under-way', 'on trial');
    },
    async update(command) {
      const { version, sha256 } = command;
      const from = config.updatesFrom;
      if (from === undefined) return outcome(command, 'refused', 'remote.updatesFrom is not set here');
      if (!options.isService) return outcome(command, 'refused', 'this agent does not run as a service');
      if (!versionPattern.test(version))
        return outcome(command, 'refused', 'version: must begin with a digit, then letters, digits and .+~-');
      if (version === running) return outcome(command, 'done', 'it runs already');
      if (updating || updateTrial) return outcome(command, 'refused', 'another update is under way');
      updating = true;
      const { configPath } = options;
      versions
        .fetching({ id: command.id, version })
        .then(() => fetchUpdate({ version, sha256, from, ca: config.updatesCa, folder: versions.folder, configPath }))
        .finally(() => versions.fetching(null))
        .then(async () => {
          await versions.begin({ id: command.id, version });
          restart('version');
        })
        .catch((error) => {
          log.warn({ version, err: messageOf(error) }, 'update refused');
          tell(outcome(command, 'refused', messageOf(error)));
        })
        .finally(() => {
          updating = false;
        });
      return outcome(command, 'under-way', 'being fetched');
    },
    async judge() {
      // A slow disk may take longer than it is to be asked again.
      if (judging) return;
      judging = true;
      try {
        const shown = evidence();
        await judgeSettings(shown);
        await judgeUpdate(shown);
      } finally {
        judging = false;
      }
    },
  };
}

/** `siaga watch`, for a second machine: needs neither catalogue nor store. */
import type { Command } from 'commander';
import { openNotifiers } from '../alarms/notify/index.ts';
import { platformError } from '../errors.ts';
import { createLog } from '../log.ts';
import { startWatch } from './watch.ts';
import { loadWatchConfig } from './watch-config.ts';

export function addWatchCommand(program: Command): void {
  program
    .command('watch')
    .description('on a second machine: tell people when the platform falls silent (docs/duty.md)')
    .option('--accept-record', 'take the audit as the platform has it now, e.g. after a backup was put back')
    .action(async ({ acceptRecord = false }: { acceptRecord?: boolean }) => {
      const { on, faults } = openNotifiers(process.env);
      const loaded = loadWatchConfig(process.env, on.keys());
      const all = [...faults, ...(loaded.ok ? [] : loaded.faults)];
      if (!loaded.ok || all.length > 0) throw platformError('config-invalid', all.join('\n'));
      const log = createLog('info');
      const asked = new Promise<void>((done) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done());
      });
      const watch = await startWatch({ config: loaded.config, notifiers: on, log, acceptRecord });
      log.info({ port: watch.port }, 'watching');
      await asked;
      await watch.close();
      for (const notifier of on.values()) await notifier.close();
      log.info('stopped');
    });
}

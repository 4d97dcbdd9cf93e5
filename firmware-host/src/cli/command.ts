/** A command of `siaga-agent`: its file declares how it is called, and loads what it needs when it is called. */
import type { Command } from 'commander';

export type CliCommand = (program: Command) => void;

/** What every command that reads the settings takes. */
export const configOption = ['--config <file>', 'settings (default: /etc/siaga-agent/, else here)'] as const;

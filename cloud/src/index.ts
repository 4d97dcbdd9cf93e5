/**
 * The platform for embedding: `startPlatform(config, { log, clock })`, with a configuration from `loadConfig(env)`,
 * and what makes certificates.
 */
export {
  type AlarmDesk,
  type AlarmState,
  type AlarmTrial,
  type AlarmTrialOptions,
  type IncomingBatch,
  type PlatformFacts,
  startAlarmTrial,
} from './alarm-trial.ts';
export { type Config, type LoadedConfig, loadConfig } from './config.ts';
export { type ErrorCode, errorCodes, isPlatformError, type PlatformError } from './errors.ts';
export { initPki, issueDeviceIn, issueServerIn, type Outcome } from './fleet/pki/index.ts';
export { createLog, silentLog } from './log.ts';
export { type Platform, type PlatformOptions, startPlatform } from './platform.ts';

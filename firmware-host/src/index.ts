/** The field agent's public entry. */
export { type Agent, type AgentOptions, type AgentStatus, startAgent } from './agent.ts';
export { AgentConfig, type AgentSettings, loadConfig, resolvePaths } from './config.ts';
export { type AgentError, agentError, type ErrorCode, errorCodes, isAgentError } from './errors.ts';
export type { StoredReading } from './outbox/outbox.ts';
export { GaugeConfig, type SensorName, sensors } from './sensors/index.ts';
export type { LinkEvents, LinkSettings, LinkState, OpenLink, SerialLink } from './serial/link.ts';

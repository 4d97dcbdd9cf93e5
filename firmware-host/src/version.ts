/** The agent's version: bundling replaces the name by its own. */
declare const SIAGA_AGENT_VERSION: string | undefined;

export const agentVersion: string = typeof SIAGA_AGENT_VERSION === 'string' ? SIAGA_AGENT_VERSION : '0.1.0';

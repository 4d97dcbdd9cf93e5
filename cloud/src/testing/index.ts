/** For benches and flows: fakes of the channels, and rehearsals that run the real parts against them. */
export * from '../alarms/notify/testing/index.ts';
export { type Got, type OutageReport, runOutage } from './outage.ts';

export { createRenewal, type Renewal, type RenewalOptions, type RenewalOutcome } from './renewal.ts';

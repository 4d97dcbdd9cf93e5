export { createRenewal, type Renewal } from './renewal.ts';

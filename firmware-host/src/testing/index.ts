/** What simulators and tests need of the agent's world. */
export { encodeA02Frame, encodeHrxlBanner, encodeHrxlFrame } from './encoders.ts';
export { createFakeLink, type FakeLink } from './fake-link.ts';

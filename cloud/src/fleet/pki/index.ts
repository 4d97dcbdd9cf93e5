export { initPki, issueClaimIn, issueDeviceIn, issueServerIn, type Outcome } from './folder.ts';
export { openPkiKeeper, type PkiKeeper } from './keeper.ts';
export { caPaths, claimPaths, devicePaths, serverPaths } from './paths.ts';

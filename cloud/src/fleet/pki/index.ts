export { initPki, issueDeviceIn, issueServerIn, type Outcome } from './folder.ts';
export { caPaths, devicePaths, serverPaths } from './paths.ts';

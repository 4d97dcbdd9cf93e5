export { caPaths, devicePaths, initPki, issueDeviceIn, issueServerIn, type Outcome, serverPaths } from './folder.ts';

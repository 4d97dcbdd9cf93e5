/**
 * A closed native client holds on to the event loop until its last object in JavaScript is collected
 * (aws-crt-nodejs, issue 600), and an idle process collects nothing: it would never end. So collect, once things
 * are quiet; it takes some milliseconds and happens as seldom as a connection breaks.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const quietMs = 100;
let collect: (() => void) | null = null;

export function releaseSoon(): void {
  setTimeout(() => {
    setFlagsFromString('--expose-gc');
    collect ??= runInNewContext('gc') as () => void;
    collect();
  }, quietMs).unref();
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../testing/builders.ts';
import { type NotifySocket, openNotifySocket } from '../testing/notify-socket.ts';
import { monotonicMs } from '../wait.ts';
import { serviceManager } from './notify.ts';
import type { Vitals } from './watchdog.ts';

let folder: string;
let socket: NotifySocket;
let heard: () => string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'siaga-notify-'));
  socket = await openNotifySocket(folder);
  heard = socket.heard;
});
afterEach(() => {
  socket.close();
  rmSync(folder, { recursive: true, force: true });
});

const well = (): Vitals => ({
  lastFrameAtMs: monotonicMs(),
  lastStoreAtMs: monotonicMs(),
  storeRefusedAtMs: null,
  sampleMs: 60_000,
});

describe('the service manager', () => {
  it('hears that the agent is ready, that it lives, and that it stops', async () => {
    const errors: Error[] = [];
    const manager = serviceManager({
      env: { ...process.env, NOTIFY_SOCKET: socket.path, WATCHDOG_USEC: '200000' },
      vitals: well,
      onStarving: (reason) => expect.unreachable(reason),
      onError: (error) => errors.push(error),
    });
    await manager.ready('katulampa');
    await until('it was fed twice', () => heard().split('WATCHDOG=1').length > 2);
    await manager.stopping();
    manager.close();
    expect(errors).toEqual([]);
    expect(heard()).toMatch(/READY=1/);
    expect(heard()).toMatch(/STATUS=katulampa/);
    expect(heard()).toMatch(/STOPPING=1/);
  });

  it('is not fed by an agent whose frames have stopped', async () => {
    const reasons: string[] = [];
    const manager = serviceManager({
      env: { ...process.env, NOTIFY_SOCKET: socket.path, WATCHDOG_USEC: '100000' },
      vitals: () => ({ ...well(), lastFrameAtMs: monotonicMs() - 3_600_000 }),
      onStarving: (reason) => reasons.push(reason),
      onError: () => undefined,
    });
    await until('it says why', () => reasons.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    manager.close();
    expect(reasons).toEqual(['no frame for 60 min']);
    expect(heard()).not.toMatch(/WATCHDOG=1/);
  });

  it('is fed at once by a run that begins anew in the same process: its watch has been running meanwhile', async () => {
    const manager = serviceManager({
      env: { ...process.env, NOTIFY_SOCKET: socket.path, WATCHDOG_USEC: '600000000' },
      vitals: well,
      onStarving: (reason) => expect.unreachable(reason),
      onError: (error) => expect.unreachable(error.message),
    });
    await until('it was fed', () => heard().includes('WATCHDOG=1'));
    manager.close();
  });

  it('is nobody where nobody asks', async () => {
    const manager = serviceManager({
      env: {},
      vitals: () => expect.unreachable('nobody asks'),
      onStarving: () => undefined,
      onError: () => undefined,
    });
    await manager.ready('x');
    manager.close();
  });
});

import { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { guardPackets, packetWalker } from './packet-guard.ts';

/** CONNECT with client id "a": type, length 13, "MQTT", level 4, flags 2, keep-alive 60, id. */
const connect = Buffer.from('100d00044d5154540402003c000161', 'hex');
const pingreq = Buffer.from('c000', 'hex');

describe('packet walker', () => {
  test('follows packets however they are cut', () => {
    const bytes = Buffer.concat([connect, pingreq, Buffer.from('300500016168690a', 'hex').subarray(0, 7), pingreq]);
    for (let cut = 1; cut < bytes.length; cut++) {
      const walker = packetWalker(100);
      expect(walker.walk(bytes.subarray(0, cut))).toBeUndefined();
      expect(walker.walk(bytes.subarray(cut))).toBeUndefined();
      expect(walker.within()).toBe(false);
    }
  });

  test('knows when it stands within a packet', () => {
    const walker = packetWalker(100);
    expect(walker.within()).toBe(false);
    walker.walk(connect.subarray(0, 1));
    expect(walker.within()).toBe(true);
    walker.walk(connect.subarray(1));
    expect(walker.within()).toBe(false);
  });

  test('refuses anything before CONNECT', () => {
    expect(packetWalker(100).walk(pingreq)).toBe('not-mqtt');
    expect(packetWalker(100).walk(Buffer.from('GET / HTTP/1.1\r\n'))).toBe('not-mqtt');
    expect(packetWalker(100).walk(Buffer.from([0x1f]))).toBe('not-mqtt');
  });

  test('refuses a declared length over the limit from the header alone', () => {
    const walker = packetWalker(131072);
    walker.walk(connect);
    // PUBLISH of 52,428,800 bytes: 80 80 80 19
    expect(walker.walk(Buffer.from('32808080', 'hex'))).toBeUndefined();
    expect(walker.walk(Buffer.from('19', 'hex'))).toBe('packet-too-large');
  });

  test('takes a packet of exactly the limit, and not one byte more', () => {
    const exact = packetWalker(15);
    expect(exact.walk(connect)).toBeUndefined();
    expect(packetWalker(14).walk(connect)).toBe('packet-too-large');
  });

  test('refuses a length of five bytes', () => {
    const walker = packetWalker(Number.MAX_SAFE_INTEGER);
    expect(walker.walk(Buffer.from('1080808080', 'hex'))).toBe('packet-malformed');
  });
});

test('the guard destroys the stream with the reason and hands on nothing more', async () => {
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const guard = guardPackets(stream, 64);
  const fault = new Promise<Error>((resolve) => stream.once('error', resolve));
  stream.push(connect);
  expect(stream.read()).toEqual(connect);
  expect(guard.waitingSinceMs()).toBeUndefined();
  stream.push(Buffer.from([0x30]));
  expect(stream.read()).toEqual(Buffer.from([0x30]));
  expect(guard.waitingSinceMs()).toBeTypeOf('number');
  stream.push(Buffer.from([0xff, 0x7f]));
  expect(stream.read()).toBeNull();
  expect((await fault).message).toContain('packet-too-large');
  expect(stream.destroyed).toBe(true);
});

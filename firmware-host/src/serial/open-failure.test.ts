import { describe, expect, it } from 'vitest';
import { openFailure } from './open-failure.ts';

/** What bindings-cpp 13.0 says, word for word. */
describe('why a line was not opened', () => {
  it.each([
    ['Error: No such file or directory, cannot open /dev/ttyUSB0', 'node-missing', 'is the adapter plugged in'],
    ['Error: No such device or address, cannot open /dev/ttyUSB0', 'node-missing', 'is the adapter plugged in'],
    ['Error: Permission denied, cannot open /dev/ttyUSB0', 'no-permission', 'dialout'],
    ['Error Resource temporarily unavailable Cannot lock port', 'foreign-owner', 'another program'],
    ['Error: Device or resource busy, cannot open /dev/ttyUSB0', 'foreign-owner', 'another program'],
    ['Error: Inappropriate ioctl for device setting custom baud rate of 13', null, 'no serial line'],
    ['Error: something new', null, 'something new'],
  ])('%s', (message, problem, words) => {
    const failure = openFailure('/dev/ttyUSB0', message);
    expect(failure.problem).toBe(problem);
    expect(failure.reason).toContain(words);
    expect(failure.reason).not.toMatch(/^Error/);
  });
});

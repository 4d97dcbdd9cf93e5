import { expect, test } from 'vitest';
import { compareVersions, newestVersions } from './versions.ts';

const agent = (version: string) => ({ name: 'siaga-agent', version });

test('numbers are compared as numbers, and what follows a dash does not count', () => {
  expect(['0.9', '0.10.2', '0.10.2-rc.1', '0.10.10'].sort(compareVersions)).toEqual([
    '0.9',
    '0.10.2',
    '0.10.2-rc.1',
    '0.10.10',
  ]);
});

test('what is no version is nobody’s newest: it would be read beside every other device', () => {
  const odd = ['99999.0 call 0800-1234', '9999999.0', '9.0-<b>', '', '9e9', '1.0.0.0.0.0', `9.0-${'x'.repeat(60)}`];
  const newest = newestVersions([...odd, '0.2.0', '0.3.0-rc.1', '0.1'].map(agent));
  expect(newest.get('siaga-agent')).toBe('0.3.0-rc.1');
});

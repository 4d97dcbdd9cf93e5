import { expect, test } from 'vitest';
import { actionOf, alarmKeys, type Stroke } from './keys.ts';

const stroke = (key: string, more: Partial<Stroke> = {}): Stroke => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  defaultPrevented: false,
  repeat: false,
  ...more,
});
const anywhere = { typing: false, inRow: false, shortcuts: true };

test('letters act from anywhere, arrows only on a row', () => {
  for (const [key, action] of Object.entries(alarmKeys)) expect(actionOf(stroke(key), anywhere)).toBe(action);
  expect(actionOf(stroke('ArrowDown'), anywhere)).toBeUndefined();
  expect(actionOf(stroke('ArrowDown'), { ...anywhere, inRow: true })).toBe('next');
});

test('whoever types, or has letters switched off, acknowledges nothing', () => {
  expect(actionOf(stroke('a'), { ...anywhere, typing: true })).toBeUndefined();
  expect(actionOf(stroke('a'), { ...anywhere, shortcuts: false })).toBeUndefined();
  expect(actionOf(stroke('ArrowUp'), { typing: false, inRow: true, shortcuts: false })).toBe('previous');
  expect(actionOf(stroke('Escape'), { ...anywhere, typing: true })).toBe('leave');
});

test('a held key moves on, but acknowledges only once; the browser’s own shortcuts stay its own', () => {
  expect(actionOf(stroke('j', { repeat: true }), anywhere)).toBe('next');
  expect(actionOf(stroke('a', { repeat: true }), anywhere)).toBeUndefined();
  expect(actionOf(stroke('a', { ctrlKey: true }), anywhere)).toBeUndefined();
  expect(actionOf(stroke('a', { defaultPrevented: true }), anywhere)).toBeUndefined();
});

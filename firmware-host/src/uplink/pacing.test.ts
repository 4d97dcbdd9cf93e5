import { describe, expect, it } from 'vitest';
import { createPace } from './pace.ts';
import { createPatience } from './patience.ts';

describe('patience', () => {
  it('goes by what the cloud promises, and doubles while no receipt comes at all', () => {
    const patience = createPatience();
    expect(patience.ms()).toBe(15_000);
    patience.lapsed([100]);
    expect(patience.ms()).toBe(25_000);
    for (let i = 0; i < 20; i++) patience.lapsed([100]);
    expect(patience.ms()).toBe(3_605_000);
    expect(patience.isSlow()).toBe(true);
    patience.receipt(5, 200);
    expect(patience.ms()).toBe(10_000);
    // That one message lapses while receipts come says nothing of the others.
    patience.lapsed([150]);
    expect(patience.ms()).toBe(10_000);
    patience.receipt(21_600, 300);
    expect(patience.ms()).toBe(21_605_000);
    expect(patience.isSlow()).toBe(true);
  });
});

describe('pace', () => {
  it('grows where messages are quick, shrinks where they are slow, and never counts a small one', () => {
    const pace = createPace();
    for (let i = 0; i < 5; i++) pace.acknowledged(pace.size(), 50);
    expect(pace.size()).toBe(1_000);
    pace.acknowledged(1_000, 4_000);
    expect(pace.size()).toBe(500);
    pace.acknowledged(10, 50);
    expect(pace.size()).toBe(500);
    for (let i = 0; i < 9; i++) pace.acknowledged(pace.size(), 9_000);
    expect(pace.size()).toBe(60);
  });
  it('keeps its distance from any message', () => {
    const pace = createPace();
    expect(pace.waitMs(5_000)).toBe(0);
    pace.sent(5_000, false);
    expect(pace.waitMs(5_025)).toBe(100);
    pace.sent(5_100, true);
    expect(pace.waitMs(5_125)).toBe(100);
    expect(pace.waitMs(5_225)).toBe(0);
  });
  it('finds a place between live messages however dense they are', () => {
    const pace = createPace();
    pace.sent(5_000, false);
    for (let ms = 5_025; ms <= 5_250; ms += 25) pace.sent(ms, true);
    expect(pace.waitMs(5_251)).toBe(0);
  });
});

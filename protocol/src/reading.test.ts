import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxPayloadBytes, maxReadingsPerMessage } from './limits.ts';
import { encodeJson } from './parse.ts';
import { consecutiveRuns, decodeReadings, encodeReadings, type Reading, type ReadingsBatch } from './reading.ts';
import { arbitraryBatch } from './testing/arbitraries.ts';

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

const wire = {
  v: 1,
  stream: 'abcdefghijklmnop',
  boot: 'b-1',
  seq: 7,
  rev: 0,
  gauge: 'main',
  intervalS: 60,
  t: [1_390_000_000_000, 60_000],
  d: [2500, -10],
  echo: 0,
  spread: 2,
  valid: 100,
  flag: 1,
  test: 0,
  clock: 0,
};

function refusalOf(change: object): string {
  const outcome = decodeReadings(encodeJson({ ...wire, ...change }));
  return outcome.ok ? 'accepted' : outcome.reason;
}

describe('readings message', () => {
  it('decodes what was encoded, whatever the batch', () => {
    fc.assert(
      fc.property(arbitraryBatch(), (batch) => {
        expect(decodeReadings(encodeReadings(batch))).toEqual({ ok: true, value: batch });
      }),
    );
  });

  it('encodes again what it decoded, byte for byte', () => {
    fc.assert(
      fc.property(arbitraryBatch(), (batch) => {
        const bytes = encodeReadings(batch);
        const decoded = decodeReadings(bytes);
        expect(decoded.ok && text(encodeReadings(decoded.value))).toBe(text(bytes));
      }),
    );
  });

  it('refuses any bytes with a reason, or reads them, but never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const outcome = decodeReadings(bytes);
        expect(outcome.ok ? outcome.value.readings.length : outcome.reason.length).toBeGreaterThan(0);
      }),
    );
  });

  it('refuses any JSON with a reason, or reads it, but never throws', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(decodeReadings(new TextEncoder().encode(json)).ok).toBe(false);
      }),
    );
  });

  it('survives one wrong field at a time', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(wire)), fc.jsonValue(), (field, value) => {
        const outcome = decodeReadings(encodeJson({ ...wire, [field]: value }));
        if (!outcome.ok) expect(outcome.reason).toMatch(/\w/);
        else expect(outcome.value.readings.every((reading) => Number.isSafeInteger(reading.seq))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('names the field at fault', () => {
    expect(refusalOf({ stream: 'SHOUTED' })).toContain('stream');
    expect(refusalOf({ intervalS: 0 })).toContain('intervalS');
    expect(refusalOf({ d: [1] })).toBe('d: 1 values for 2 times');
    expect(refusalOf({ flag: [1, 1, 1] })).toBe('flag: 3 values for 2 times');
    expect(refusalOf({ station: 'another' })).toBe('station: is not a known field');
    expect(refusalOf({ t: [1, -2] })).toContain('t:');
    expect(refusalOf({ d: [90_000, 20_000] })).toContain('d:');
    expect(refusalOf({ lost: [{ from: 5, to: 4 }] })).toContain('lost');
    expect(refusalOf({ t: [], d: [] })).toContain('neither');
    expect(refusalOf({ v: 2 })).toMatch(/^v: /);
    expect(refusalOf({ seq: Number.MAX_SAFE_INTEGER })).toContain('seq');
    expect(refusalOf({ s: Number.MAX_SAFE_INTEGER })).toContain('seq');
    expect(refusalOf({ s: [1, 1] })).toBe('s: 2 steps between 2 readings');
    expect(refusalOf({ s: 0 })).toContain('s:');
  });

  it('carries what a distance was corrected by, and nothing where none was', () => {
    const [plain, corrected] = [{ ...wire }, { ...wire, corr: [0, -3] }].map((message) =>
      decodeReadings(encodeJson(message)),
    );
    expect(plain?.ok && plain.value.readings.some((reading) => 'correctionMm' in reading)).toBe(false);
    expect(corrected?.ok && corrected.value.readings.map(({ correctionMm }) => correctionMm)).toEqual([undefined, -3]);
    expect(corrected?.ok && JSON.parse(text(encodeReadings(corrected.value)))).toMatchObject({ corr: [0, -3] });
    expect(refusalOf({ corr: [1] })).toBe('corr: 1 values for 2 times');
  });

  it('refuses a message over the size limit before reading it', () => {
    const outcome = decodeReadings(new Uint8Array(maxPayloadBytes + 1));
    expect(outcome).toEqual({ ok: false, reason: `message is longer than ${maxPayloadBytes} bytes` });
  });

  it('keeps a full message of the longest kind within the size limit', () => {
    const reading = (seq: number): Reading => ({
      seq: seq * 1000 + (seq % 2),
      observedAtMs: 1_390_000_000_000 + seq * 86_400_000,
      distanceMm: seq % 2 ? -100_000 : 100_000,
      echo: seq % 2 ? 'dead' : 'blanking',
      spreadMm: 90_000 + seq,
      validPercent: seq % 101,
      temperatureDeciC: -900 + (seq % 2),
      correctionMm: -9_000 - (seq % 2),
      flag: seq % 2 ? 3 : 4,
      test: seq % 2 ? 'attenuated-signal' : 'neighbour',
      clock: seq % 2 ? 'rtc' : 'unsynced',
    });
    const batch: ReadingsBatch = {
      stream: 'abcdefghijklmnop',
      boot: 'b'.repeat(40),
      rev: 999_999,
      gauge: 'g'.repeat(31),
      intervalS: 86_400,
      maintenance: true,
      readings: Array.from({ length: maxReadingsPerMessage }, (_, i) => reading(i + 1)),
      lost: [],
    };
    expect(encodeReadings(batch).byteLength).toBeLessThan(maxPayloadBytes);
    expect(decodeReadings(encodeReadings(batch))).toEqual({ ok: true, value: batch });
  });
});

describe('consecutive runs', () => {
  it('cuts at holes and at the length limit', () => {
    const seqs = [1, 2, 3, 5, 6, 9].map((seq) => ({ seq }));
    expect(consecutiveRuns(seqs, 2).map((run) => run.map(({ seq }) => seq))).toEqual([[1, 2], [3], [5, 6], [9]]);
  });
});

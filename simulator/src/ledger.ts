import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { parserOf } from '@siaga/protocol';
import { type Static, Type } from 'typebox';

/** One line of the ledger: what a virtual gauge handed to the kernel, and when. */
export const LedgerEntry = Type.Object(
  {
    station: Type.String(),
    gauge: Type.String(),
    atMs: Type.Integer({ description: "The gauge's clock when the first frame was written, ms UTC" }),
    realMs: Type.Number({ description: 'Real time at which the kernel had the last byte, ms UTC with fractions' }),
    burst: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
      description: 'Number of the burst, from 1; null for a free-running sample',
    }),
    distanceMm: Type.Integer({ description: 'What the sensor was meant to say, before faults' }),
    frames: Type.Integer({ minimum: 0, description: 'Frames written, whole or damaged; 0 for a dropout' }),
    hex: Type.Optional(Type.String({ description: 'The bytes, where they are kept' })),
    fault: Type.String({ description: 'Names of the faults at work, joined by +; none' }),
  },
  { additionalProperties: false },
);
export type LedgerEntry = Static<typeof LedgerEntry>;

/** An append-only record of everything that gauges wrote, to judge a run by. */
export type Ledger = {
  add(entry: LedgerEntry): void;
  /** Resolves when everything added so far is in the file. */
  flush(): Promise<void>;
  close(): Promise<void>;
};

/** Opens (or goes on with) a ledger of JSON lines. */
export async function openLedger(file: string): Promise<Ledger> {
  await mkdir(dirname(file), { recursive: true });
  const out = createWriteStream(file, { flags: 'a' });
  // A failed write rejects `flush` and `close`; without a listener it would end the process first.
  out.on('error', () => {});
  return {
    add: (entry) => void out.write(`${JSON.stringify(entry)}\n`),
    flush: () => new Promise((done, failed) => out.write('', (error) => (error ? failed(error) : done()))),
    async close() {
      out.end();
      await finished(out);
    },
  };
}

const parseEntry = parserOf(LedgerEntry);

/** Reads a ledger. A torn last line (the writer was killed) is left out; any other bad line throws, by number. */
export async function readLedger(file: string): Promise<LedgerEntry[]> {
  const entries: LedgerEntry[] = [];
  let fault: string | undefined;
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (fault !== undefined) throw new Error(fault);
    number += 1;
    const entry = readLine(line);
    if (entry.ok) entries.push(entry.value);
    else fault = `${file}:${number}: ${entry.reason}`;
  }
  return entries;
}

function readLine(line: string): ReturnType<typeof parseEntry> {
  try {
    return parseEntry(JSON.parse(line));
  } catch {
    return { ok: false, reason: 'not JSON' };
  }
}

/** The section `storage`: how much of the disk the outbox may take, and how long sent readings are kept. */
import { type Static, Type } from 'typebox';
import type { ConfigSection } from '../config/section.ts';

const schema = Type.Object(
  {
    maxMb: Type.Optional(
      Type.Integer({
        minimum: 8,
        maximum: 65_536,
        description:
          'MB of disk that the outbox takes at most, its ballast included. Default: room for 365 days of readings, with a margin',
      }),
    ),
    keepDays: Type.Integer({
      minimum: 0,
      maximum: 365,
      default: 30,
      description: 'Days that readings are kept after the platform has them, so that it can ask for them again',
    }),
    ballastMb: Type.Integer({
      minimum: 0,
      maximum: 64,
      default: 4,
      description: 'MB held back on the disk, given free when it is full so that room can be made',
    }),
  },
  {
    additionalProperties: false,
    default: {},
    description: 'Disk: what is kept, and how much room it may take',
  },
);
export type StorageConfig = Static<typeof schema>;

type Whole = { readonly sampling?: { readonly intervalS: number }; readonly gauges?: readonly unknown[] };

/** A record takes about 70 bytes (npm run bench -- edge); the rest is for spells of faster readings. */
const budgetBytesAReading = 100;
const daysKeptOffline = 365;
const megabyte = 1_000_000;
const leastDataMb = 4;

export const storageSection = {
  schema,
  faults({ maxMb, ballastMb }: StorageConfig): string[] {
    return maxMb !== undefined && maxMb - ballastMb < leastDataMb
      ? [`storage.maxMb: must leave at least ${leastDataMb} MB beside the ${ballastMb} MB of ballastMb`]
      : [];
  },
} satisfies ConfigSection;

/**
 * What the outbox is opened with. Settings from a file always have the section; those that a program makes, for many
 * agents on one disk, may lack it, and then nothing is held back.
 */
export function storageOptions({ storage, sampling, gauges }: Whole & { readonly storage?: StorageConfig }) {
  const { maxMb, keepDays = 30, ballastMb = 0 }: Partial<StorageConfig> = storage ?? {};
  const budgetMb = maxMb ?? defaultMaxMb(sampling?.intervalS ?? 60, gauges?.length ?? 1, ballastMb);
  return {
    maxBytes: (budgetMb - ballastMb) * megabyte,
    keepMs: keepDays * 86_400_000,
    ballastBytes: ballastMb * megabyte,
  };
}

/** MB for 365 days of readings at one interval, and the ballast. */
function defaultMaxMb(intervalS: number, gauges: number, ballastMb: number): number {
  const readings = ((daysKeptOffline * 86_400) / intervalS) * gauges;
  return Math.max(leastDataMb, Math.ceil((readings * budgetBytesAReading) / megabyte)) + ballastMb;
}

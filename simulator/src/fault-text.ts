import { type Parsed, parsed, refused } from '@siaga/protocol';
import { dropouts, type Fault, noise, randomBytes, spikes, stuck, tornFrames, unplugged } from './faults.ts';

const spikeSizeMm = 800;

type Maker = { readonly takes: string; make(value: string, seed: string, startMs: number): Fault | undefined };

/** What a command line may ask for. Spans are seconds of the clock after the start. */
const makers: Readonly<Record<string, Maker>> = {
  noise: { takes: 'MM', make: (value, seed) => withNumber(value, 1000, (mm) => noise(mm, seed)) },
  spikes: { takes: 'SHARE', make: (value, seed) => withNumber(value, 1, (share) => spikes(share, spikeSizeMm, seed)) },
  dropouts: { takes: 'SHARE', make: (value, seed) => withNumber(value, 1, (share) => dropouts(share, seed)) },
  torn: { takes: 'SHARE', make: (value, seed) => withNumber(value, 1, (share) => tornFrames(share, seed)) },
  bytes: { takes: 'SHARE', make: (value, seed) => withNumber(value, 1, (share) => randomBytes(share, seed)) },
  stuck: { takes: 'FROM-TO', make: (value, _, startMs) => withSpan(value, startMs, stuck) },
  unplug: { takes: 'FROM-TO', make: (value, _, startMs) => withSpan(value, startMs, unplugged) },
};

/** How faults are written, for a help text. */
export const faultGrammar = Object.entries(makers)
  .map(([name, { takes }]) => `${name}=${takes}`)
  .join(', ');

export type StationFault = { readonly station: string; make(startMs: number): Fault };

/** Reads `station:name=value`, for example `depok:torn=0.1` or `depok:unplug=60-120`. */
export function stationFaultFrom(text: string): Parsed<StationFault> {
  const match = /^([a-z0-9-]+):([a-z]+)=(.+)$/.exec(text);
  if (match === null) return refused(`"${text}" is not station:fault=value; faults are ${faultGrammar}`);
  const [station, name, value] = match.slice(1) as [string, string, string];
  const maker = Object.hasOwn(makers, name) ? makers[name] : undefined;
  if (maker === undefined) return refused(`"${name}" is not a fault; there are ${faultGrammar}`);
  const make = (startMs: number) => maker.make(value, `${station} ${name}`, startMs);
  if (make(0) === undefined) return refused(`${name}: "${value}" is not ${maker.takes}`);
  return parsed({ station, make: (startMs) => make(startMs) as Fault });
}

function withNumber(text: string, most: number, make: (value: number) => Fault): Fault | undefined {
  const value = Number(text);
  return value >= 0 && value <= most ? make(value) : undefined;
}

function withSpan(text: string, startMs: number, make: (fromMs: number, toMs: number) => Fault): Fault | undefined {
  const [from, to, ...rest] = text.split('-').map(Number);
  if (from === undefined || to === undefined || rest.length > 0 || !(from >= 0 && to > from)) return undefined;
  return make(startMs + from * 1000, startMs + to * 1000);
}

/** Every sensor that can be recognised by its frames alone, with the plainest settings it takes. */
import type { TSchema } from 'typebox';
import { choicesOf, type Node } from '../../config/judge.ts';
import { createDriver, type GaugeConfig, sensors } from '../../sensors/index.ts';
import type { Candidate } from '../../serial/sweep.ts';

export function candidates(): Candidate[] {
  return Object.values(sensors).flatMap(({ name, configSchema }) => {
    // Whatever the schema asks for is given, so the settings are that sensor's.
    const { dialogue } = createDriver(plainest(configSchema as TSchema as Node) as GaugeConfig);
    return dialogue.kind === 'polled' ? [] : [{ sensor: name, frames: dialogue.frames }];
  });
}

function plainest({ properties = {}, required = [] }: Node): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(properties)
      .filter(([name]) => required.includes(name))
      .map(([name, node]) => [name, choicesOf(node)[0] ?? node.maximum ?? 'x']),
  );
}

import { open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parserOf } from '@siaga/protocol';
import { type Static, Type } from 'typebox';

/** What a demonstration remembers between starts: which moment of the scenario belongs to which moment of the clock. */
export const DemoState = Type.Object(
  {
    v: Type.Literal(1),
    scenario: Type.String(),
    clockMs: Type.Integer(),
    scenarioMs: Type.Integer(),
  },
  { additionalProperties: false },
);
export type DemoState = Static<typeof DemoState>;

const parseState = parserOf(DemoState);

/** Scenario time at a moment of the clock. */
export function scenarioMsAt(state: DemoState, clockMs: number): number {
  return state.scenarioMs + (clockMs - state.clockMs);
}

/** The state of that folder; on a first start `fresh`, made durable before it is used. Throws when the file is damaged. */
export async function stateIn(folder: string, fresh: DemoState): Promise<DemoState> {
  const file = join(folder, 'demo.json');
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) {
    await writeDurably(file, `${JSON.stringify(fresh)}\n`);
    return fresh;
  }
  const state = parseState(jsonOf(text));
  if (!state.ok) throw new Error(`${file}: ${state.reason}; remove it to begin the scenario anew`);
  if (state.value.scenario !== fresh.scenario)
    throw new Error(
      `${file}: holds the scenario ${state.value.scenario}, not ${fresh.scenario}; use another data folder`,
    );
  return state.value;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Temp file, sync, rename, sync of the folder: the file is whole or not there. */
async function writeDurably(file: string, text: string): Promise<void> {
  const fresh = `${file}.new`;
  const handle = await open(fresh, 'w');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(fresh, file);
  const folder = await open(dirname(file), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

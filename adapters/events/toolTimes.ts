/** How long tools take, for sources that tell when a tool is called and when it has answered, but not how long that was. */
import { createMemory, seenAtMs, type MapperContext } from './mapper.ts';

interface Called {
  readonly name: string;
  readonly atMs: number;
}

export interface ToolTimes {
  called(callId: string, name: string, context: MapperContext): void;
  /** Once a call: its name and its seconds; null where the call was not seen. */
  answered(callId: string, context: MapperContext): { readonly name: string; readonly durationS: number } | null;
}

export function createToolTimes(): ToolTimes {
  const open = createMemory<Called | null>();
  return {
    called(callId, name, context) {
      if (callId !== '') open.set(callId, { name, atMs: seenAtMs(context) });
    },
    answered(callId, context) {
      const called = open.get(callId) ?? null;
      if (called === null) return null;
      open.set(callId, null);
      return { name: called.name, durationS: Math.max(0, seenAtMs(context) - called.atMs) / 1_000 };
    },
  };
}

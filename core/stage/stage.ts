/**
 * One step of one call's way. Pure: no I/O, clock or await; the same input gives the same output, however it is cut.
 * A stage owns its state; `save` returns it as plain data (numbers, strings, arrays, typed arrays) that shares no memory
 * with the stage, and `load` makes a fresh stage of the same options continue from exactly there.
 */
export interface Stage<In, Out> {
  push(input: In, emit: Emit<Out>): void;
  /** Gives out what was held back for look-ahead. A second flush without a push between emits nothing. */
  flush(emit: Emit<Out>): void;
  save(): StageState;
  load(state: StageState): void;
}

export type Emit<Out> = (out: Out) => void;

/** Plain data of structured-clone kind; each stage knows the shape of its own. */
export type StageState = unknown;

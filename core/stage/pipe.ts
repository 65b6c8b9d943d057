/** `pipe` is the only code that forwards from one stage to the next. */
import type { Emit, Stage, StageState } from './stage.ts';

export function pipe<A, B>(a: Stage<A, B>): Stage<A, B>;
export function pipe<A, B, C>(a: Stage<A, B>, b: Stage<B, C>): Stage<A, C>;
export function pipe<A, B, C, D>(a: Stage<A, B>, b: Stage<B, C>, c: Stage<C, D>): Stage<A, D>;
export function pipe<A, B, C, D, E>(a: Stage<A, B>, b: Stage<B, C>, c: Stage<C, D>, d: Stage<D, E>): Stage<A, E>;
export function pipe(...stages: Stage<unknown, unknown>[]): Stage<unknown, unknown> {
  return stages.reduce((first, second) => join(first, second));
}

function join(first: Stage<unknown, unknown>, second: Stage<unknown, unknown>): Stage<unknown, unknown> {
  return {
    push: (input, emit) => first.push(input, (middle) => second.push(middle, emit)),
    flush(emit) {
      first.flush((middle) => second.push(middle, emit));
      second.flush(emit);
    },
    save: () => [first.save(), second.save()],
    load(state) {
      const [firstState, secondState] = state as [StageState, StageState];
      first.load(firstState);
      second.load(secondState);
    },
  };
}

/** Gives every input to each of several stages, in the order listed; their outputs come in that order too. */
export function fanOut<In, Out>(...stages: Stage<In, Out>[]): Stage<In, Out> {
  return {
    push(input: In, emit: Emit<Out>) {
      for (const stage of stages) stage.push(input, emit);
    },
    flush(emit) {
      for (const stage of stages) stage.flush(emit);
    },
    save: () => stages.map((stage) => stage.save()),
    load(state) {
      (state as StageState[]).forEach((part, index) => stages[index].load(part));
    },
  };
}

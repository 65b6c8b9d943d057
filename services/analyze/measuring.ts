/**
 * Has a call's windows measured beside its running: starts what is wanted, hands answers in as they come. A fault of a window
 * model costs its windows, never the call.
 */
import type { Call } from '../../core/call/call.ts';
import type { WindowRequest } from '../../core/call/voices.ts';
import type { Fact } from '../../core/facts/facts.ts';
import type { ModelBatcher, WindowScores } from '../../core/inference/windowModel.ts';
import type { Emit } from '../../core/stage/stage.ts';

export interface Measuring {
  /** Asks for the windows that the call wants now. */
  start(): void;
  /** How many have been asked for and not answered. */
  readonly open: number;
  /** Resolves when all that was asked for has been answered. */
  done(): Promise<void>;
}

/** `afterAnswer` is called when an answer's facts have been told. */
export function createMeasuring(
  call: Call,
  batcher: ModelBatcher,
  emit: Emit<Fact>,
  afterAnswer: () => void = () => undefined,
): Measuring {
  const open = new Set<Promise<void>>();

  async function measure(request: WindowRequest): Promise<void> {
    const scores = await batcher.measure(request.row).catch((): WindowScores => ({ [request.format]: 'failed' }));
    call.measured(request, scores, emit);
    afterAnswer();
  }

  return {
    start() {
      for (const request of call.windows()) {
        const work = measure(request).finally(() => open.delete(work));
        open.add(work);
      }
    },
    get open() {
      return open.size;
    },
    async done() {
      while (open.size > 0) await Promise.all(open);
    },
  };
}

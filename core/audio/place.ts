/**
 * Places one channel's audio by its media position: heals reordering and repeats within a bound, and turns what never
 * came into explicit gaps. Works at the stream's own rate, before resampling, because the resampler's filter needs its
 * input contiguous. Emitted runs are contiguous from position 0; gaps lie in them as zeros marked missing.
 */
import type { GapReason } from '../facts/facts.ts';
import type { Emit, Stage, StageState } from '../stage/stage.ts';

/** Contiguous samples of one channel, at the rate of whoever emits them. */
export interface Run {
  readonly start: number;
  readonly samples: Float32Array;
  /** These samples never came; they are zeros. */
  readonly missing: boolean;
}

export interface Gap {
  readonly start: number;
  /** Null while nothing has come after it. */
  readonly end: number | null;
  readonly reason: GapReason;
}

export type PlaceInput =
  | { readonly type: 'audio'; readonly position: number; readonly samples: Float32Array }
  | { readonly type: 'advance'; readonly position: number; readonly reason: GapReason };

export type Placed = { readonly type: 'run'; readonly run: Run } | { readonly type: 'gap'; readonly gap: Gap };

export interface PlaceOptions {
  readonly rateHz: number;
  /** How much later audio is held while an earlier piece may still come. */
  readonly reorderMsMax?: number;
}

/** Longest telephone jitter buffers reorder within a few hundred milliseconds; beyond that a piece is lost. */
const REORDER_MS_MAX = 400;
/** Gaps remembered so that a piece that comes after all can be told to be late rather than lost. */
const GAPS_REMEMBERED_MAX = 8;

interface PlaceState {
  head: number;
  pending: { position: number; samples: Float32Array }[];
  openGap: { start: number; reason: GapReason } | null;
  closedGaps: { start: number; end: number; reason: GapReason }[];
}

export function place({ rateHz, reorderMsMax = REORDER_MS_MAX }: PlaceOptions): Stage<PlaceInput, Placed> {
  const reorderSamplesMax = Math.round((reorderMsMax * rateHz) / 1000);
  const zeroSamplesMax = rateHz;
  let state: PlaceState = { head: 0, pending: [], openGap: null, closedGaps: [] };

  /** Everything in front of `position` that has not come is given up. */
  function giveUp(position: number, reason: GapReason, emit: Emit<Placed>): void {
    while (state.head < position) {
      drain(emit);
      const next = state.pending.length > 0 ? Math.min(state.pending[0].position, position) : position;
      if (next > state.head) missing(next, reason, emit);
    }
    drain(emit);
  }

  function missing(end: number, reason: GapReason, emit: Emit<Placed>): void {
    if (state.openGap === null) {
      state.openGap = { start: state.head, reason };
      emit({ type: 'gap', gap: { start: state.head, end: null, reason } });
    }
    while (state.head < end) {
      const count = Math.min(end - state.head, zeroSamplesMax);
      emit({ type: 'run', run: { start: state.head, samples: new Float32Array(count), missing: true } });
      state.head += count;
    }
  }

  function closeGap(emit: Emit<Placed>): void {
    if (state.openGap === null) return;
    const gap = { ...state.openGap, end: state.head };
    state.openGap = null;
    state.closedGaps.push(gap);
    if (state.closedGaps.length > GAPS_REMEMBERED_MAX) state.closedGaps.shift();
    emit({ type: 'gap', gap });
  }

  /** Emits what lies contiguously at the head; what is older than the head was there before. */
  function drain(emit: Emit<Placed>): void {
    while (state.pending.length > 0 && state.pending[0].position <= state.head) {
      const { position, samples } = state.pending[0];
      state.pending.shift();
      const fresh = samples.subarray(Math.min(samples.length, state.head - position));
      if (fresh.length === 0) continue;
      closeGap(emit);
      emit({ type: 'run', run: { start: state.head, samples: fresh, missing: false } });
      state.head += fresh.length;
    }
  }

  function recogniseLate(start: number, end: number, emit: Emit<Placed>): void {
    if (start >= state.head) return;
    for (const gap of state.closedGaps) {
      if (gap.reason !== 'loss' || start >= gap.end || end <= gap.start) continue;
      gap.reason = 'late';
      emit({ type: 'gap', gap: { ...gap } });
    }
    if (state.openGap?.reason === 'loss' && end > state.openGap.start) state.openGap.reason = 'late';
  }

  return {
    push(input, emit) {
      if (input.type === 'advance') {
        giveUp(input.position, input.reason, emit);
        return;
      }
      const { position, samples } = input;
      const end = position + samples.length;
      recogniseLate(position, end, emit);
      if (end <= state.head) return;
      insertByPosition(state.pending, { position, samples });
      drain(emit);
      const last = state.pending.at(-1);
      if (last !== undefined && last.position + last.samples.length - state.head > reorderSamplesMax) {
        giveUp(state.pending[0].position, 'loss', emit);
      }
    },
    flush(emit) {
      const last = state.pending.at(-1);
      if (last !== undefined) giveUp(last.position + last.samples.length, 'loss', emit);
      closeGap(emit);
    },
    save: (): PlaceState => ({
      ...state,
      pending: state.pending.map(({ position, samples }) => ({ position, samples: samples.slice() })),
      openGap: state.openGap && { ...state.openGap },
      closedGaps: state.closedGaps.map((gap) => ({ ...gap })),
    }),
    load(saved: StageState) {
      state = structuredClone(saved) as PlaceState;
    },
  };
}

/** Equal positions keep their order of arrival: the first that came is heard. */
function insertByPosition<Item extends { position: number }>(items: Item[], item: Item): void {
  let index = items.length;
  while (index > 0 && items[index - 1].position > item.position) index -= 1;
  items.splice(index, 0, item);
}

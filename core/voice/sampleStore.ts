/**
 * The last seconds of a channel's audio as 16-bit samples, which is what calls bring: kept in the pieces in which it came, so
 * that nothing is copied while it only waits. Outside what is held there is silence.
 */
export interface SampleStore {
  append(samples: Float32Array): void;
  /** One past the last sample. */
  readonly end: number;
  /** Samples [from, to), in [-1, 1]. */
  read(from: number, to: number): Float32Array;
  /** Samples before this one are not wanted any more. */
  forget(before: number): void;
  save(): unknown;
  load(state: unknown): void;
}

const FULL_SCALE = 32_768;

interface Piece {
  readonly start: number;
  readonly samples: Int16Array;
}

export function createSampleStore(): SampleStore {
  let pieces: Piece[] = [];
  let end = 0;

  function append(samples: Float32Array): void {
    const stored = new Int16Array(samples.length);
    for (let i = 0; i < samples.length; i += 1) {
      stored[i] = Math.max(-FULL_SCALE, Math.min(FULL_SCALE - 1, Math.round(samples[i] * FULL_SCALE)));
    }
    pieces.push({ start: end, samples: stored });
    end += stored.length;
  }

  function read(from: number, to: number): Float32Array {
    const output = new Float32Array(to - from);
    for (const { start, samples } of pieces) {
      const first = Math.max(from, start);
      const last = Math.min(to, start + samples.length);
      for (let i = first; i < last; i += 1) output[i - from] = samples[i - start] / FULL_SCALE;
    }
    return output;
  }

  return {
    append,
    get end() {
      return end;
    },
    read,
    forget(before) {
      const kept = pieces.findIndex(({ start, samples }) => start + samples.length > before);
      if (kept === -1) pieces = [];
      else if (kept > 0) pieces = pieces.slice(kept);
    },
    /** One piece: what a state is made of should not show how the audio came. */
    save() {
      const start = pieces.length > 0 ? pieces[0].start : end;
      const joined = new Int16Array(end - start);
      for (const piece of pieces) joined.set(piece.samples, piece.start - start);
      return { start, samples: joined };
    },
    load(saved) {
      const { start, samples } = saved as Piece;
      pieces = samples.length > 0 ? [{ start, samples: samples.slice() }] : [];
      end = start + samples.length;
    },
  };
}

/** What joining gives: findings, and every event, request and score in its place on the call's timeline. */
import type { Score } from '../events/score.ts';
import type { SpeechEvent } from '../events/speechEvent.ts';
import type { Finding } from '../facts/facts.ts';
import type { Request } from '../spans/request.ts';
import type { SampleIndex } from '../units/time.ts';

/** Where something lies on the timeline, and what was done to put it there. */
export interface Place {
  /** May lie before 0 or after the end; null: it says nothing of time, or its clock could not be aligned. */
  readonly startSample: SampleIndex | null;
  /** Null for moments. */
  readonly endSample: SampleIndex | null;
  /** Subtracted from the time that it told. */
  readonly correctionMs: number;
  /** `clock`: by its wall time; `media`: by its own media time; `received`: by when it came, for want of better. */
  readonly placedBy: 'clock' | 'media' | 'received' | '';
}

export interface AlignedEvent extends Place {
  readonly event: SpeechEvent;
}

export interface AlignedRequest extends Place {
  readonly request: Request;
}

export interface AlignedScore extends Place {
  readonly score: Score;
  /** The agent's turn that it is about, by Earshot's count; null: the call as a whole. */
  readonly turnIndex: number | null;
}

export interface Joined {
  readonly findings: readonly Finding[];
  readonly events: readonly AlignedEvent[];
  readonly requests: readonly AlignedRequest[];
  readonly scores: readonly AlignedScore[];
}

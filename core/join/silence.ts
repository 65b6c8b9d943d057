/** Why the end of a stage is not known where no report of it lies in an exchange. */
import type { SpeechEvent } from '../events/speechEvent.ts';
import type { PartUnknown } from '../facts/reported.ts';
import type { Request } from '../spans/request.ts';
import type { Clocks } from './clocks.ts';
import type { JoinInput } from './joinInput.ts';
import { isStop, type Reports } from './reports.ts';
import type { Silence } from './responseBreakdown.ts';

interface Tellers {
  readonly events: (event: SpeechEvent) => boolean;
  readonly requests: (request: Request) => boolean;
}

const TELLERS: Readonly<Record<'end_of_turn' | 'stt' | 'llm' | 'tts', Tellers>> = {
  end_of_turn: {
    events: (event) =>
      (event.type === 'turn_ended' && event.role !== 'agent') || 'turn.eou_delay' in event.metrics || isStop(event),
    requests: ({ kind, metrics }) => kind === 'end_of_turn' || 'turn.eou_delay' in metrics,
  },
  stt: {
    events: ({ type, role, metrics }) =>
      (type === 'stt_final' && role !== 'agent') || 'stt.transcription_delay' in metrics,
    requests: ({ kind, metrics }) => kind === 'stt' || 'stt.transcription_delay' in metrics,
  },
  llm: {
    events: ({ type, metrics }) => type === 'llm_first_token' || (type === 'metrics' && 'llm.ttft' in metrics),
    requests: ({ kind, timeToFirstMs }) => kind === 'llm' && timeToFirstMs !== null,
  },
  tts: {
    events: ({ type, metrics }) => type === 'tts_first_audio' || (type === 'metrics' && 'tts.ttfb' in metrics),
    requests: ({ kind, timeToFirstMs }) => kind === 'tts' && timeToFirstMs !== null,
  },
};

/** `clock_unknown`: all that told it in this call did so by clocks that could not be aligned. */
export function silenceOf({ events, requests }: JoinInput, reports: Reports, clocks: Clocks): Silence {
  const isLost = (clock: string): boolean => clocks.get(clock)?.basis === 'ambiguous';
  const reason = (tellers: Tellers): PartUnknown => {
    const telling = [
      ...events.filter((event) => tellers.events(event)).map((one) => (one.occurredAtMs === null ? '' : one.clock)),
      ...requests.filter((request) => tellers.requests(request)).map(({ clock }) => clock),
    ];
    return telling.length > 0 && telling.every(isLost) ? 'clock_unknown' : 'no_report';
  };
  const placed = requests.filter(({ clock }) => !isLost(clock));
  const unseen: PartUnknown = requests.length === 0 ? 'not_observed' : 'clock_unknown';
  return {
    end_of_turn: reason(TELLERS.end_of_turn),
    stt: reason(TELLERS.stt),
    llm: reason(TELLERS.llm),
    tts: reason(TELLERS.tts),
    tool: placed.length > 0 || reports.tools.length > 0 ? '' : unseen,
    retrieval: placed.length > 0 ? '' : unseen,
  };
}

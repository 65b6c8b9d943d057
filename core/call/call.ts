/**
 * A call, whole: the log of its messages in, facts out. Read this first.
 *
 *     messages --hear--> hops --cancelEcho--> hops --(speech models, batched across calls)--> scored hops
 *     scored hops --judge--> labels and findings --> facts
 *     labels + hops --windows of speech--(voice models, batched across calls)--> measured windows --voice--> findings --> facts
 *
 * The parts are synchronous and pure. Between them the call waits for scores: `rows` and `windows` are what it wants scored,
 * `scored` and `measured` take the answers. Whoever runs the call (services/analyze) does the waiting. Rows are waited for
 * before the call goes on; windows may be answered at any time, and a saved state knows which are open.
 */
import { createWallClock } from '../audio/wallClock.ts';
import type { CallMessage } from '../audio/message.ts';
import { summarize } from '../conversation/summarize.ts';
import type { EndReason, Fact, Finding } from '../facts/facts.ts';
import { factId } from '../facts/factId.ts';
import type { OpenCall } from '../facts/openCall.ts';
import { cancelEcho, type SidedHop } from '../features/echoCanceller.ts';
import { createListener } from '../inference/listen.ts';
import type { SpeechRow, SpeechScores } from '../inference/speechModel.ts';
import type { WindowFormat, WindowScores } from '../inference/windowModel.ts';
import type { Labelled } from '../conversation/label.ts';
import type { Emit } from '../stage/stage.ts';
import { CHANNELS, type Channel } from '../units/channel.ts';
import { asSampleIndex, msFromSamples, TIMELINE_RATE_HZ } from '../units/time.ts';
import { createAnew, type AnewState } from './anew.ts';
import { hear, speechModelOf, type Heard } from './hear.ts';
import { judge } from './judge.ts';
import { createVoices, type WindowRequest } from './voices.ts';

/** Part of a saved state; a state of another version is not loaded. */
export const CALL_STATE_VERSION = 3;

export interface Ending {
  readonly reason: EndReason;
  readonly errorCode: string;
  readonly errorText: string;
}

export interface Call {
  start(emit: Emit<Fact>): void;
  /** Begins in the middle of a call whose saved state cannot be read: what was heard before is a gap. */
  startAnew(emit: Emit<Fact>): void;
  /** Takes the next message of the log. Throws InvalidInput when it breaks the contract; the call can still be ended. */
  push(message: CallMessage, emit: Emit<Fact>): void;
  /** What wants scoring now, at most one row a channel. */
  rows(): { channel: Channel; row: SpeechRow }[];
  scored(channel: Channel, scores: SpeechScores, emit: Emit<Fact>): void;
  /** Windows of speech that want measuring, each given out once. */
  windows(): WindowRequest[];
  measured(request: WindowRequest, scores: WindowScores, emit: Emit<Fact>): void;
  /** No more messages: gives out what was held back. Its rows have to be scored before `finishJudging`. */
  finishHearing(emit: Emit<Fact>): void;
  /** All rows are scored: gives out the last labels. Its windows have to be measured before `end`. */
  finishJudging(emit: Emit<Fact>): void;
  end(ending: Ending, emit: Emit<Fact>): void;
  /** How much of the timeline has been heard on both channels, in samples. */
  readonly heardSamples: number;
  /** Plain data; only between rows (none waiting to be scored). */
  save(): unknown;
  load(state: unknown): void;
}

/** `formats`: of the windows that there are models for. */
export function createCall(open: OpenCall, formats: readonly WindowFormat[]): Call {
  const anew = createAnew(open);
  const hearing = hear(open);
  const echoFree = cancelEcho(speechModelOf(open).windowSamples);
  const listeners = { caller: createListener(speechModelOf(open)), agent: createListener(speechModelOf(open)) };
  const judging = judge(open);
  const voices = createVoices(formats, speechModelOf(open).rateHz);
  const summary = summarize();
  const wallClock = createWallClock(open.startedAtMs);
  let heard = { caller: 0, agent: 0 };

  const factOf = (finding: Finding): Fact => ({
    ...finding,
    id: factId(open.tenant, open.callId, finding),
    tenant: open.tenant,
    callId: open.callId,
    startWallMs: wallClock.sample0Ms + msFromSamples(finding.startSample),
  });

  const telling = (emit: Emit<Fact>) => (finding: Finding) => {
    if (anew.isOfBefore(finding)) return;
    summary.add(finding);
    emit(factOf(finding));
  };

  const hearingTo = (emit: Emit<Fact>) => (item: Heard) => {
    if (item.type === 'gap') return telling(emit)(item.finding);
    const { channel, hop } = item;
    heard[channel] = hop.endSample;
    voices.hear(channel, hop);
    echoFree.push(item, listen);
  };

  const listen = ({ channel, hop }: SidedHop): void => listeners[channel].hear(hop);

  const labelledTo = (emit: Emit<Fact>) => (labelled: Labelled) => {
    if (labelled.type === 'finding') telling(emit)(labelled.finding);
    else voices.label(labelled, telling(emit));
  };

  function judgeScored(channel: Channel, emit: Emit<Fact>): void {
    for (const scoredHop of listeners[channel].take()) judging.push({ channel, ...scoredHop }, labelledTo(emit));
  }

  function start(emit: Emit<Fact>): void {
    const startSample = asSampleIndex(0);
    emit(factOf({ kind: 'call_started', status: 'final', revision: 0, startSample, call: open }));
  }

  function take(message: CallMessage, emit: Emit<Fact>): void {
    hearing.push(message, hearingTo(emit));
    if (message.type === 'audio') noteArrival(message.arrivedAtMs);
    for (const channel of CHANNELS) judgeScored(channel, emit);
  }

  return {
    start,
    startAnew(emit) {
      anew.begin();
      start(emit);
    },
    push(message, emit) {
      for (const advance of anew.before(message)) take(advance, emit);
      take(message, emit);
    },
    rows: () =>
      CHANNELS.flatMap((channel) => {
        const row = listeners[channel].nextRow();
        return row === null ? [] : [{ channel, row }];
      }),
    scored(channel, scores, emit) {
      listeners[channel].scored(scores);
      judgeScored(channel, emit);
    },
    finishHearing(emit) {
      hearing.flush(hearingTo(emit));
      echoFree.flush(listen);
      for (const channel of CHANNELS) judgeScored(channel, emit);
    },
    windows: () => voices.requests(),
    measured: (request, scores, emit) => voices.scored(request, scores, telling(emit)),
    finishJudging(emit) {
      judging.flush(labelledTo(emit));
      voices.cutLast(telling(emit));
    },
    end(ending, emit) {
      voices.flush(telling(emit));
      const endSample = asSampleIndex(Math.max(heard.caller, heard.agent));
      emit(factOf(summary.tell(endSample)));
      const wallTimeOfSample0Ms = wallClock.sample0Ms;
      const startSample = endSample;
      emit(factOf({ kind: 'call_ended', status: 'final', revision: 0, startSample, ...ending, wallTimeOfSample0Ms }));
    },
    get heardSamples() {
      return Math.min(heard.caller, heard.agent);
    },
    save: () => ({
      anew: anew.save(),
      hearing: hearing.save(),
      echoFree: echoFree.save(),
      listeners: [listeners.caller.save(), listeners.agent.save()],
      judging: judging.save(),
      voices: voices.save(),
      summary: summary.save(),
      wallClock: wallClock.save(),
      heard: { ...heard },
    }),
    load(saved) {
      const state = saved as {
        anew: AnewState;
        hearing: unknown;
        echoFree: unknown;
        listeners: [unknown, unknown];
        judging: unknown;
        voices: unknown;
        summary: unknown;
        wallClock: unknown;
        heard: typeof heard;
      };
      anew.load(state.anew);
      hearing.load(state.hearing);
      echoFree.load(state.echoFree);
      listeners.caller.load(state.listeners[0]);
      listeners.agent.load(state.listeners[1]);
      judging.load(state.judging);
      voices.load(state.voices);
      summary.load(state.summary);
      wallClock.load(state.wallClock);
      heard = { ...state.heard };
    },
  };

  function noteArrival(arrivedAtMs: number): void {
    wallClock.arrived(arrivedAtMs, (Math.max(heard.caller, heard.agent) * 1_000) / TIMELINE_RATE_HZ);
  }
}

/**
 * A call whose waits are known by construction: exchanges with their stages, heard by Earshot and told by the sources that
 * people really have, each on its own clock. Then what goes wrong on the way: skew, drift, jitter, loss, doubles, disorder.
 */
import { eventOf } from '../../core/events/eventOf.ts';
import type { ReportedEvent, SpeechEvent, Word } from '../../core/events/speechEvent.ts';
import type { ResponsePart } from '../../core/facts/reported.ts';
import type { HeardInterruption, HeardResponse, HeardSpeech, HeardTurn, JoinInput } from '../../core/join/joinInput.ts';
import type { Request } from '../../core/spans/request.ts';
import { asSampleIndex, samplesFromMs } from '../../core/units/time.ts';
import { ORIGIN_MS, span } from './oneExchange.ts';
import { seeded } from './voice.ts';

export type Style = 'livekit' | 'pipecat' | 'separate';
export type Stage = 'decision' | 'stt' | 'llm' | 'tts' | 'playback' | 'spans';

export interface ReportedOptions {
  readonly style: Style;
  readonly exchanges: number;
  readonly tools: number;
  readonly retrieval: number;
  /** Share of exchanges with a generation that is given up before the reply that is heard. */
  readonly cancelled: number;
  /** Share of replies that the caller interrupts. */
  readonly interrupted: number;
  readonly skewMs: number;
  readonly driftPpm: number;
  /** Uniform, to either side. */
  readonly jitterMs: number;
  /** What comes to Earshot comes up to so much later. */
  readonly deliveryMs: number;
  readonly loss: number;
  readonly doubled: number;
  /** Share of the agent's replies in which it pauses: one utterance to its framework, two to the ear. */
  readonly pauses: number;
  /** What no source tells in this call. */
  readonly missing: readonly Stage[];
}

export const NOISE_FREE: ReportedOptions = {
  style: 'livekit',
  exchanges: 12,
  tools: 0.3,
  retrieval: 0.3,
  cancelled: 0,
  interrupted: 0.2,
  skewMs: 0,
  driftPpm: 0,
  jitterMs: 0,
  deliveryMs: 10,
  loss: 0,
  doubled: 0,
  pauses: 0.4,
  missing: [],
};

/** ms of the timeline. */
export interface TrueMarks {
  readonly decision: number;
  readonly final: number;
  readonly token: number;
  readonly firstAudio: number;
}

export interface TrueExchange {
  readonly turnId: string;
  readonly callerEndMs: number;
  readonly onsetMs: number;
  readonly marks: TrueMarks;
  readonly parts: Readonly<Record<ResponsePart, number>>;
  /** Where the first generation began of which something got through. */
  readonly modelStartMs: number;
  readonly toolStartMs: number;
  /** The reply that was heard is told of by nothing that got through, but a generation before it, that called a tool, is. */
  readonly isMistakable: boolean;
}

export interface TrueInterruption {
  readonly onsetMs: number;
  readonly decisionMs: number;
  readonly stopMs: number;
}

export interface ReportedCall {
  readonly input: JoinInput;
  readonly exchanges: readonly TrueExchange[];
  readonly interruptions: readonly TrueInterruption[];
  readonly endMs: number;
}

const TENANT = 'acme';
const CALL = 'call-1';
/** Between what a framework calls playback and what is heard; LiveKit also tells when the caller spoke, so it shows. */
const PLAYOUT_DELAY_MS: Readonly<Record<Style, number>> = { livekit: 90, pipecat: 20, separate: 20 };
/** Between the caller and the recogniser, in a stream that began a little before the call was heard. */
const STREAM_MS = 640;

interface Plan {
  readonly turnId: string;
  readonly traceId: string;
  readonly callerRuns: readonly (readonly [number, number])[];
  readonly callerEnd: number;
  readonly marks: TrueMarks;
  readonly modelStart: number;
  readonly retrieval: readonly [number, number] | null;
  readonly tool: readonly [number, number] | null;
  /** The generation that called the tool. */
  readonly toolToken: number | null;
  readonly onset: number;
  readonly sentences: readonly number[];
  readonly replyEnd: number;
  readonly abandoned: {
    readonly start: number;
    readonly token: number;
    readonly audio: number;
    readonly end: number;
  } | null;
  readonly interruption: TrueInterruption | null;
}

export function reportedCall(seed: number, options: ReportedOptions): ReportedCall {
  const random = seeded(seed);
  const between = (low: number, high: number): number => Math.round(low + (high - low) * random());
  const plans: Plan[] = [];
  const greetingEnd = 400 + between(1_500, 3_000);
  let at = greetingEnd;
  let barged: number | null = null;
  for (let index = 0; index < options.exchanges; index++) {
    const plan = planOf(index, at, barged, options, random);
    plans.push(plan);
    at = plan.replyEnd;
    barged = plan.interruption?.onsetMs ?? null;
  }
  const endMs = at + 2_000;
  const speech = heardSpeech(plans, greetingEnd, () => (random() < options.pauses ? between(250, 900) : 0));
  const told = tell(plans, greetingEnd, options, random);
  const shuffled = <Item>(items: readonly Item[]): Item[] =>
    items
      .map((item) => ({ item, key: random() }))
      .sort((a, b) => a.key - b.key)
      .map(({ item }) => item);
  return {
    input: {
      tenant: TENANT,
      callId: CALL,
      state: 'ended',
      anchors: anchorsOf(endMs, options.jitterMs > 0 ? random : () => 0.5),
      endSample: sampleAt(endMs),
      speech,
      turns: turnsOf(speech),
      responses: plans.map(({ callerEnd, onset }): HeardResponse => spanAt(callerEnd, onset)),
      interruptions: plans.flatMap(({ interruption }) => heardInterruption(interruption)),
      events: shuffled(told.events),
      requests: shuffled(told.requests),
      scores: [],
    },
    exchanges: plans.map((plan) => truthOf(plan, told.gotThrough)),
    interruptions: plans.flatMap(({ interruption }) => interruption ?? []),
    endMs,
  };
}

const sampleAt = (ms: number) => asSampleIndex(samplesFromMs(ms));
const spanAt = (startMs: number, endMs: number) => ({ startSample: sampleAt(startMs), endSample: sampleAt(endMs) });

function anchorsOf(endMs: number, random: () => number): JoinInput['anchors'] {
  const count = Math.ceil(endMs / 10_000);
  return Array.from({ length: count }, (_, index) => ({
    sample: sampleAt(index * 10_000),
    wallMs: ORIGIN_MS + index * 10_000 + Math.round(random() * 2 - 1),
  }));
}

/** The stages of one exchange, from what the agent said last to where it ends again. */
function planOf(
  index: number,
  agentEnd: number,
  barged: number | null,
  options: ReportedOptions,
  random: () => number,
): Plan {
  const between = (low: number, high: number): number => Math.round(low + (high - low) * random());
  const callerStart = barged ?? agentEnd + between(400, 1_500);
  const callerRuns: [number, number][] = [[callerStart, Math.max(callerStart, agentEnd) + between(700, 2_500)]];
  if (random() < 0.3) {
    const next = callerRuns[0][1] + between(300, 700);
    callerRuns.push([next, next + between(500, 1_500)]);
  }
  const callerEnd = callerRuns[callerRuns.length - 1][1];
  const decision = callerEnd + between(200, 900);
  const final = options.style === 'pipecat' ? callerEnd + between(150, 1_000) : callerEnd + between(120, 400);
  const abandoned = random() < options.cancelled ? abandonedFrom(callerEnd + 130, decision, between) : null;
  let at = Math.max(decision, final, abandoned === null ? 0 : abandoned.end + 40);
  const isPreemptive = abandoned === null && final < decision - 100 && random() < 0.15;
  if (isPreemptive) at = final + 10;
  const retrieval =
    !isPreemptive && random() < options.retrieval ? ([at + 5, at + 5 + between(30, 150)] as const) : null;
  if (retrieval !== null) at = retrieval[1];
  const modelStart = at + 5;
  let token = modelStart + between(isPreemptive ? 40 : 180, isPreemptive ? 90 : 700);
  let tool: readonly [number, number] | null = null;
  let toolToken: number | null = null;
  if (!isPreemptive && random() < options.tools) {
    toolToken = token;
    tool = [token + between(80, 200), token + between(300, 1_500)];
    token = tool[1] + between(200, 600);
  }
  const firstAudio = Math.max(token, decision) + between(90, 400);
  const onset = firstAudio + between(PLAYOUT_DELAY_MS[options.style] + 5, PLAYOUT_DELAY_MS[options.style] + 160);
  const sentences = Array.from({ length: between(0, 2) }, (_, more) => onset + 500 + more * 1_200 + between(0, 300));
  const fullEnd = onset + between(1_800, 3_000) + sentences.length * 1_300;
  const interruption = random() < options.interrupted ? interruptedIn(onset, fullEnd, between) : null;
  return {
    turnId: `speech_${index + 1}`,
    traceId: (index + 1).toString(16).padStart(32, '0'),
    callerRuns,
    callerEnd,
    marks: { decision, final, token, firstAudio },
    modelStart,
    retrieval,
    tool,
    toolToken,
    onset,
    sentences: sentences.filter((sentence) => sentence < (interruption?.decisionMs ?? fullEnd)),
    replyEnd: interruption?.stopMs ?? fullEnd,
    abandoned,
    interruption,
  };
}

type Between = (low: number, high: number) => number;

/** Begun on an early guess and dropped, with tokens and audio that nobody heard. */
function abandonedFrom(start: number, decision: number, between: Between): Plan['abandoned'] {
  const token = start + between(100, 250);
  const audio = token + between(80, 150);
  return { start, token, audio, end: Math.max(audio + 20, decision - 20) };
}

function interruptedIn(onset: number, end: number, between: Between): TrueInterruption | null {
  const at = onset + between(900, 1_400);
  const decision = at + between(150, 500);
  const stop = decision + between(60, 400);
  return stop < end - 200 ? { onsetMs: at, decisionMs: decision, stopMs: stop } : null;
}

/** Work that no report of got through cannot be told from the model's: it is then the model's in truth as well. */
function truthOf(plan: Plan, gotThrough: ReadonlySet<string>): TrueExchange {
  const { turnId, callerEnd, onset, marks, retrieval, tool, modelStart } = plan;
  const { decision, final, token, firstAudio } = marks;
  const waited = Math.max(decision, final);
  const tokenAt = Math.max(waited, token);
  const isTold = (what: string): boolean => gotThrough.has(`${turnId} ${what}`);
  const length = (work: readonly [number, number] | null, what: string): number =>
    work === null || !isTold(what) ? 0 : work[1] - work[0];
  const [retrievalMs, toolMs] = [length(retrieval, 'retrieval'), length(tool, 'tool')];
  return {
    turnId,
    callerEndMs: callerEnd,
    onsetMs: onset,
    marks,
    parts: {
      end_of_turn: decision - callerEnd,
      stt: waited - decision,
      retrieval: retrievalMs,
      tool: toolMs,
      llm: tokenAt - waited - retrievalMs - toolMs,
      tts: firstAudio - tokenAt,
      playout: onset - firstAudio,
    },
    toolStartMs: tool === null ? Infinity : tool[0],
    modelStartMs: tool === null || isTold('calls') ? modelStart : tool[1],
    isMistakable: tool !== null && !isTold('reply') && !isTold('tool') && isTold('calls'),
  };
}

/** `pause` gives the length of the next pause; a reply that is cut off has none, so that all of it is heard. */
function heardSpeech(plans: readonly Plan[], greetingEnd: number, pause: () => number): HeardSpeech[] {
  return [
    { channel: 'agent', ...spanAt(400, greetingEnd) },
    ...plans.flatMap(({ callerRuns, onset, replyEnd, interruption }): HeardSpeech[] => {
      const pauseMs = interruption === null ? pause() : 0;
      const middle = Math.round((onset + replyEnd) / 2);
      return [
        ...callerRuns.map(([start, end]) => ({ channel: 'caller' as const, ...spanAt(start, end) })),
        { channel: 'agent', ...spanAt(onset, pauseMs === 0 ? replyEnd : middle) },
        ...(pauseMs === 0 ? [] : [{ channel: 'agent' as const, ...spanAt(middle + pauseMs, replyEnd) }]),
      ];
    }),
  ];
}

function turnsOf(speech: readonly HeardSpeech[]): HeardTurn[] {
  const turns: { channel: HeardTurn['channel']; startSample: number; endSample: number }[] = [];
  for (const run of [...speech].sort((a, b) => a.startSample - b.startSample)) {
    const last = turns.at(-1);
    if (last?.channel === run.channel) last.endSample = run.endSample;
    else turns.push({ ...run });
  }
  return turns.map(({ channel, startSample, endSample }, turnIndex) => ({
    channel,
    turnIndex,
    startSample: asSampleIndex(startSample),
    endSample: asSampleIndex(endSample),
  }));
}

function heardInterruption(interruption: TrueInterruption | null): HeardInterruption[] {
  if (interruption === null) return [];
  const { onsetMs, stopMs } = interruption;
  return [{ by: 'caller', outcome: 'yielded', onsetSample: sampleAt(onsetMs), stopSample: sampleAt(stopMs) }];
}

/** What a source says; `atMs` is when it is true on the timeline, `about` what gets through unless it is lost. */
type Say = (atMs: number, event: Omit<ReportedEvent, 'occurredAtMs'>, about?: string) => void;
type Span = (
  startMs: number,
  endMs: number,
  request: Partial<Request> & Pick<Request, 'kind' | 'name'>,
  about?: string,
) => void;

interface Speaker {
  readonly say: Say;
  /** Without a clock of its own: only the receipt tells when. */
  readonly sayUntimed: Say;
  readonly span: Span;
  /** Of what is said about audio. */
  readonly jitter: () => number;
}

function tell(
  plans: readonly Plan[],
  greetingEnd: number,
  options: ReportedOptions,
  random: () => number,
): { events: SpeechEvent[]; requests: Request[]; gotThrough: Set<string> } {
  const events: SpeechEvent[] = [];
  const requests: Request[] = [];
  const gotThrough = new Set<string>();
  const source = { livekit: 'livekit-agents', pipecat: 'pipecat', separate: 'app' }[options.style];
  const jitter = (): number => (random() * 2 - 1) * options.jitterMs;
  const onClock = (atMs: number): number =>
    ORIGIN_MS + atMs + options.skewMs + (options.driftPpm / 1e6) * atMs + jitter();
  const isLost = (): boolean => random() < options.loss;
  const add = (event: SpeechEvent, about: string): void => {
    if (isLost()) return;
    gotThrough.add(about);
    events.push(event);
    if (random() < options.doubled) events.push({ ...event, receivedAtMs: event.receivedAtMs + 700 });
  };
  const received = (atMs: number): number => Math.round(ORIGIN_MS + atMs + options.deliveryMs * (0.4 + 0.6 * random()));
  const origin = (receivedAtMs: number) => ({ tenant: TENANT, callKey: CALL, source, receivedAtMs });
  const speaker: Speaker = {
    jitter,
    say: (atMs, event, about = '') =>
      add(eventOf({ occurredAtMs: onClock(atMs), ...event }, origin(received(atMs + options.jitterMs))), about),
    sayUntimed: (atMs, event, about = '') => add(eventOf(event, origin(received(atMs))), about),
    span: (startMs, endMs, request, about = '') => {
      if (isLost() || options.missing.includes('spans')) return;
      gotThrough.add(about);
      const startAt = onClock(startMs);
      const spanId = (requests.length + 1).toString(16).padStart(16, '0');
      requests.push(
        span(request.kind, startMs, endMs, { traceId: '', clock: source, spanId, startMs: startAt, ...request }),
      );
      if (random() < options.doubled) requests.push({ ...requests[requests.length - 1] });
    },
  };
  const greeting = { onset: 400, replyEnd: greetingEnd };
  switch (options.style) {
    case 'livekit':
      tellLivekit(speaker, plans, greeting, options.missing);
      break;
    case 'pipecat':
      tellPipecat(speaker, plans, greeting, options.missing);
      break;
    case 'separate':
      tellSeparate(speaker, plans, greeting, options.missing);
  }
  return { events, requests, gotThrough };
}

type Greeting = Pick<Plan, 'onset' | 'replyEnd'>;

/** Agent session events, metrics as they are emitted at the end of each request, and the spans of the same process. */
function tellLivekit(
  { say, span }: Speaker,
  plans: readonly Plan[],
  greeting: Greeting,
  missing: readonly Stage[],
): void {
  const delay = PLAYOUT_DELAY_MS.livekit;
  const has = (stage: Stage): boolean => !missing.includes(stage);
  const service = { serviceName: 'agent' };
  for (const { onset, replyEnd } of has('playback') ? [greeting, ...plans] : []) {
    say(onset - delay, { type: 'playback_started', role: 'agent' });
    say(replyEnd - delay, { type: 'playback_stopped', role: 'agent' });
    span(onset - delay, replyEnd - delay, { ...service, kind: 'speaking', name: 'agent_speaking', role: 'agent' });
  }
  for (const plan of plans) {
    const { turnId, callerRuns, callerEnd, marks, onset, replyEnd, interruption } = plan;
    const ids = { ...service, traceId: plan.traceId, turnId };
    for (const [start, end] of callerRuns) {
      say(start + 60, { type: 'speech_started', role: 'caller' });
      say(end + 280, { type: 'speech_stopped', role: 'caller' });
      if (has('playback')) span(start, end, { ...ids, kind: 'speaking', name: 'user_speaking', role: 'caller' });
    }
    if (has('stt')) say(marks.final, { type: 'stt_final', role: 'caller', confidence: 0.9, provider: 'deepgram' });
    if (has('decision')) {
      const metrics = { 'turn.eou_delay': (marks.decision - callerEnd) / 1000 };
      say(marks.decision, { type: 'turn_ended', role: 'caller', metrics });
      say(marks.decision + 2, { type: 'metrics', turnId, metrics });
      const turn = { ...ids, kind: 'turn', name: 'user_turn', role: 'caller', metrics } as const;
      span(callerRuns[0][0], marks.decision, turn);
    }
    tellModel({ say, span }, plan, ids, missing);
    const latency = { 'turn.reported_latency': (onset - delay - callerEnd) / 1000 };
    span(plan.modelStart, replyEnd - delay, {
      ...ids,
      kind: 'turn',
      name: 'agent_turn',
      role: 'agent',
      metrics: latency,
    });
    say(replyEnd + 20, {
      type: 'turn_ended',
      role: 'agent',
      metrics: { ...latency, 'llm.ttft': 0.3, 'tts.ttfb': 0.2 },
    });
    if (interruption !== null) say(interruption.decisionMs, { type: 'interruption', role: 'caller' });
  }
}

interface Ids {
  readonly serviceName: string;
  readonly traceId: string;
  readonly turnId: string;
}

/** Generations, tools and synthesis, told by metrics and by spans. */
function tellModel(
  { say, span }: Pick<Speaker, 'say' | 'span'>,
  plan: Plan,
  ids: Ids,
  missing: readonly Stage[],
): void {
  const { turnId, marks, modelStart, tool, toolToken, sentences, retrieval, abandoned } = plan;
  const model = { provider: 'openai', model: 'gpt-4.1-mini' };
  const synthesis = { provider: 'cartesia', model: 'sonic-3', voice: 'amber' };
  const generation = (start: number, token: number, end: number, name: string, isCancelled: true | false): void => {
    if (missing.includes('llm')) return;
    const about = `${turnId} ${name}`;
    const metrics = { 'llm.ttft': (token - start) / 1000, 'llm.duration': (end - start) / 1000 };
    const told = { turnId: ids.turnId, requestId: `${turnId}_${name}`, ...model, metrics, isCancelled };
    say(end, { type: 'metrics', ...told }, about);
    const node = {
      ...ids,
      kind: 'llm',
      name: 'llm_node',
      ...model,
      timeToFirstMs: token - start,
      isCancelled,
    } as const;
    span(start, end, node, about);
  };
  const speech = (start: number, audio: number, end: number, name: string, isCancelled: true | false): void => {
    if (missing.includes('tts')) return;
    const metrics = { 'tts.ttfb': (audio - start) / 1000, 'tts.duration': (end - start) / 1000 };
    say(end, { type: 'metrics', turnId, segmentId: `${turnId}_${name}`, ...synthesis, metrics, isCancelled });
    span(start, end, {
      ...ids,
      kind: 'tts',
      name: 'tts_node',
      ...synthesis,
      timeToFirstMs: audio - start,
      isCancelled,
    });
  };
  if (abandoned !== null) {
    generation(abandoned.start, abandoned.token, abandoned.end, 'early', true);
    speech(abandoned.token, abandoned.audio, abandoned.end, 'early', true);
  }
  if (retrieval !== null) span(...retrieval, { ...ids, kind: 'retrieval', name: 'search' }, `${turnId} retrieval`);
  if (tool !== null && toolToken !== null) {
    generation(modelStart, toolToken, tool[0], 'calls', false);
    span(...tool, { ...ids, kind: 'tool', name: 'function_tool', tool: 'lookup' }, `${turnId} tool`);
    const metrics = { 'tool.duration': (tool[1] - tool[0]) / 1000 };
    say(tool[1], { type: 'tool_call', turnId: ids.turnId, attributes: { tool: 'lookup' }, metrics }, `${turnId} tool`);
    generation(tool[1], marks.token, marks.token + 600, 'reply', false);
  } else generation(modelStart, marks.token, marks.token + 600, 'reply', false);
  const cut = plan.interruption?.decisionMs ?? null;
  const firstEnd = marks.firstAudio + 700;
  const isCut = cut !== null && cut < firstEnd;
  speech(Math.max(marks.token, marks.decision) + 10, marks.firstAudio, isCut ? cut : firstEnd, 's0', isCut);
  sentences.forEach((audio, index) => speech(audio - 120, audio, audio + 400, `s${index + 1}`, false));
}

/** RTVI messages and observers, first-byte metrics as they are measured, spans under the turn that Pipecat counts. */
function tellPipecat(
  { say, span }: Speaker,
  plans: readonly Plan[],
  greeting: Greeting,
  missing: readonly Stage[],
): void {
  const delay = PLAYOUT_DELAY_MS.pipecat;
  const has = (stage: Stage): boolean => !missing.includes(stage);
  for (const { onset, replyEnd } of has('playback') ? [greeting, ...plans] : []) {
    say(onset - delay, { type: 'playback_started', role: 'agent' });
    say(replyEnd + 350, { type: 'playback_stopped', role: 'agent' });
  }
  plans.forEach((plan, index) => {
    const { callerRuns, callerEnd, marks, onset, replyEnd, retrieval, tool, toolToken, abandoned, interruption } = plan;
    const about = (what: string): string => `${plan.turnId} ${what}`;
    const ids = { serviceName: 'bot', traceId: plan.traceId, turnId: String(index + 2) };
    say(callerRuns[0][0] + 200, { type: 'speech_started', role: 'caller' });
    if (has('decision')) say(marks.decision, { type: 'speech_stopped', role: 'caller' });
    if (has('stt')) {
      say(marks.final, { type: 'stt_final', role: 'caller', text: 'yes please' });
      const stt = { kind: 'stt', name: 'stt', provider: 'deepgram', model: 'nova-3', role: 'caller' } as const;
      span(callerRuns[0][0] + 200, marks.final, { ...ids, ...stt });
    }
    const model = { provider: 'openai', model: 'gpt-4.1-mini' };
    const generation = (start: number, token: number, end: number, what: 'early' | 'calls' | 'reply'): void => {
      if (!has('llm')) return;
      const metrics = { 'llm.ttft': (token - start) / 1000 };
      const isCancelled = what === 'early';
      if (!isCancelled) say(token, { type: 'metrics', ...model, metrics }, about(what));
      const llm = { kind: 'llm', name: 'llm', ...model, timeToFirstMs: token - start, isCancelled } as const;
      span(start, end, { ...ids, ...llm }, about(what));
    };
    const speech = (start: number, audio: number): void => {
      if (!has('tts')) return;
      const metrics = { 'tts.ttfb': (audio - start) / 1000 };
      say(audio, { type: 'metrics', provider: 'cartesia', metrics });
      const tts = { kind: 'tts', name: 'tts', provider: 'cartesia', voice: 'amber' } as const;
      span(start, audio + 300, { ...ids, ...tts, timeToFirstMs: audio - start });
    };
    if (abandoned !== null) generation(abandoned.start, abandoned.token, abandoned.end, 'early');
    if (retrieval !== null) span(...retrieval, { ...ids, kind: 'retrieval', name: 'retrieve' }, about('retrieval'));
    if (tool !== null && toolToken !== null) {
      generation(plan.modelStart, toolToken, tool[0], 'calls');
      span(...tool, { ...ids, kind: 'tool', name: 'llm_tool_call', tool: 'lookup' }, about('tool'));
      generation(tool[1], marks.token, marks.token + 600, 'reply');
    } else generation(plan.modelStart, marks.token, marks.token + 600, 'reply');
    speech(Math.max(marks.token, marks.decision) + 10, marks.firstAudio);
    for (const audio of plan.sentences) speech(audio - 120, audio);
    const latency = { 'turn.reported_latency': (onset - delay - callerEnd) / 1000 };
    span(callerRuns[0][0] + 200, replyEnd + 350, { ...ids, kind: 'turn', name: 'turn', metrics: latency });
    if (interruption !== null) say(interruption.decisionMs, { type: 'interruption', role: 'agent' });
  });
}

/** A recogniser and a synthesiser with audio of their own and no wall clock; the application has a clock and spans. */
function tellSeparate(
  { say, sayUntimed, span, jitter }: Speaker,
  plans: readonly Plan[],
  greeting: Greeting,
  missing: readonly Stage[],
): void {
  const delay = PLAYOUT_DELAY_MS.separate;
  const has = (stage: Stage): boolean => !missing.includes(stage);
  for (const { onset, replyEnd } of has('playback') ? [greeting, ...plans] : []) {
    say(onset - delay, { type: 'playback_started', role: 'agent' });
    say(replyEnd - delay, { type: 'playback_stopped', role: 'agent' });
  }
  const deepgram = { source: 'deepgram', streamId: 'dg-1', provider: 'deepgram', model: 'nova-3' } as const;
  for (const plan of plans) {
    const { callerRuns, callerEnd, marks, retrieval, interruption } = plan;
    const ids = { serviceName: 'app', traceId: plan.traceId, turnId: '' };
    callerRuns.forEach(([start, end], index) => {
      const startMs = start + STREAM_MS - 40;
      const words = wordsOf(start + STREAM_MS + jitter(), end + STREAM_MS + jitter());
      const said = {
        ...deepgram,
        role: 'caller',
        startMs,
        words,
        endMs: end + STREAM_MS + 60,
        confidence: 0.95,
      } as const;
      sayUntimed(end - 100, { ...said, type: 'stt_interim' });
      const isLast = index === callerRuns.length - 1;
      if (has('stt')) sayUntimed(isLast ? marks.final : end + 250, { ...said, type: 'stt_final' });
    });
    if (has('decision')) say(marks.decision, { type: 'turn_ended', role: 'caller', metrics: {} });
    if (retrieval !== null)
      span(...retrieval, { ...ids, kind: 'embedding', name: 'embed' }, `${plan.turnId} retrieval`);
    tellModel({ say: () => undefined, span }, { ...plan, retrieval: null }, ids, [...missing, 'tts']);
    if (has('tts')) {
      const cartesia = { source: 'cartesia', streamId: plan.turnId, provider: 'cartesia', model: 'sonic-3' } as const;
      sayUntimed(marks.firstAudio, { ...cartesia, type: 'tts_first_audio', role: 'agent' });
      const words = wordsOf(0, plan.replyEnd - plan.onset);
      sayUntimed(marks.firstAudio + 30, { ...cartesia, type: 'tts_words', role: 'agent', startMs: 0, words });
    }
    const latency = { 'turn.reported_latency': (plan.onset - delay - callerEnd) / 1000 };
    say(plan.onset, { type: 'metrics', metrics: latency });
    if (interruption !== null) say(interruption.decisionMs, { type: 'interruption', role: 'caller' });
  }
}

function wordsOf(startMs: number, endMs: number): Word[] {
  const count = Math.max(1, Math.round((endMs - startMs) / 350));
  const each = (endMs - startMs) / count;
  return Array.from({ length: count }, (_, index) => ({
    text: 'word',
    startMs: Math.round(startMs + index * each),
    endMs: Math.round(startMs + (index + 1) * each),
    confidence: null,
  }));
}

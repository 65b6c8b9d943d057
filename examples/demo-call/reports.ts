/**
 * What a voice framework would report of the demo call: events of its agent and of a speech recogniser, and the spans of a trace,
 * laid around the call's true responses so that every part of every wait is known by construction. The two run on clocks that are
 * wrong by seconds, as real ones are.
 */

/** A piece of the reports and the moment of the call at which it is sent. */
export interface DueReport {
  readonly atMs: number;
  readonly path: '/v1/events' | '/v1/traces' | '/v1/scores';
  readonly body: unknown;
}

export interface KnownParts {
  readonly endOfTurnMs: number;
  readonly sttMs: number;
  readonly retrievalMs: number;
  readonly toolMs: number;
  readonly llmMs: number;
  readonly ttsMs: number;
  readonly playoutMs: number;
}

/** The true responses, and where their time goes. */
export const DEMO_RESPONSES: readonly { callerEndMs: number; agentStartMs: number; parts: KnownParts }[] = [
  response(6_850, 8_450, [420, 90, 180, 0, 480, 240, 190]),
  response(13_750, 14_850, [380, 60, 0, 0, 340, 180, 140]),
  response(21_280, 22_110, [300, 40, 0, 0, 260, 130, 100]),
  response(46_940, 47_940, [310, 50, 0, 240, 170, 120, 110]),
  response(61_900, 62_510, [200, 30, 0, 0, 190, 100, 90]),
];

/** When the framework decided to stop, and the caller's onset that made it. */
export const DEMO_DECISIONS = [
  { onsetMs: 10_850, decisionMs: 11_040 },
  { onsetMs: 49_940, decisionMs: 50_240 },
] as const;

interface AgentLine {
  readonly startMs: number;
  readonly endMs: number;
  readonly text: string;
  /** Length of the whole synthesis where it was cut. */
  readonly wholeMs?: number;
}

export const DEMO_AGENT_LINES: readonly AgentLine[] = [
  { startMs: 400, endMs: 3_290, text: 'Good evening, this is the Harbour Hotel. How may I help you?' },
  {
    startMs: 8_450,
    endMs: 11_200,
    text: 'We have three kinds of rooms. The first one looks at the garden and has a bath. The second one looks at the sea.',
    wholeMs: 6_100,
  },
  {
    startMs: 14_850,
    endMs: 19_260,
    text: 'Very well, the garden room. Breakfast is served from seven until ten, in the winter garden.',
  },
  { startMs: 22_110, endMs: 23_450, text: 'Let me have a look at that for you.' },
  { startMs: 27_650, endMs: 30_900, text: 'Yes, dogs are welcome here. There is a small fee of ten per night.' },
  { startMs: 34_100, endMs: 35_130, text: 'May I have your number?' },
  {
    startMs: 38_900,
    endMs: 44_730,
    text: 'Our night desk is open at all hours. Please ring the bell at the side door, and someone will come down and let you in.',
  },
  {
    startMs: 47_940,
    endMs: 51_210,
    text: 'Then I shall read you our terms and conditions. You may cancel free of charge until the day before. After that we ask for the first night.',
    wholeMs: 7_200,
  },
  {
    startMs: 54_140,
    endMs: 60_490,
    text: 'Of course. You will receive a letter with the terms, your room number, the way to the hotel, and a card for the car park behind the house.',
  },
  { startMs: 62_510, endMs: 64_240, text: 'Good bye, and thank you for calling.' },
];

interface CallerLine {
  readonly startMs: number;
  readonly endMs: number;
  readonly text: string;
}

export const DEMO_CALLER_LINES: readonly CallerLine[] = [
  { startMs: 3_990, endMs: 6_850, text: 'Hello. I would like to book a room for two nights.' },
  { startMs: 10_860, endMs: 13_750, text: 'The garden room sounds fine to me, thank you.' },
  { startMs: 16_750, endMs: 17_170, text: 'Right.' },
  { startMs: 19_860, endMs: 21_280, text: 'Can I bring my dog with me?' },
  {
    startMs: 31_510,
    endMs: 37_590,
    text: 'That is all right. My name is Walter, and I am going to arrive rather late in the evening, around eleven.',
  },
  { startMs: 45_430, endMs: 46_940, text: 'I am quite happy with that.' },
  { startMs: 49_940, endMs: 52_940, text: 'Could you please just send all of that to me in a letter?' },
  { startMs: 56_040, endMs: 59_330, text: 'One moment, I am not coming by car, I take the train.' },
  { startMs: 61_390, endMs: 61_900, text: 'Good bye.' },
];

const AGENT_SKEW_MS = 1_240;
const STT_SKEW_MS = -2_600;
/** The recogniser was connected before the call's first sample came. */
const STT_STREAM_BEFORE_MS = 350;
const STT_DELAY_MS = 400;
const TRACE_ID = '5e7a0c11d2f34b6a9c8d7e6f50414243';

export const DEMO_TRACE_ID = TRACE_ID;

/** In the order in which they are sent. `startWallMs`: Unix time of the call's first sample. */
export function demoReports(callId: string, startWallMs: number): DueReport[] {
  const clockOf = (skewMs: number) => (ms: number) => new Date(startWallMs + ms + skewMs).toISOString();
  const reports = [...agentReports(callId, clockOf(AGENT_SKEW_MS)), ...sttReports(callId, clockOf(STT_SKEW_MS))];
  const ns = (ms: number): string => `${BigInt(Math.round((startWallMs + ms + AGENT_SKEW_MS) * 1_000)) * 1_000n}`;
  return [...reports, ...traceReports(callId, ns), ...scoreReports(callId)].sort((a, b) => a.atMs - b.atMs);
}

type Clock = (ms: number) => string;

function agentReports(callId: string, at: Clock): DueReport[] {
  const event = (ms: number, type: string, rest: object): DueReport => ({
    atMs: ms + 20,
    path: '/v1/events',
    body: { events: [{ callId, type, source: 'hotel-agent', occurredAt: at(ms), ...rest }] },
  });
  const spoken = DEMO_AGENT_LINES.flatMap((line, index) => {
    const segmentId = `line-${index}`;
    const words = spread(line.text, 0, line.wholeMs ?? line.endMs - line.startMs);
    const tts = { role: 'agent', segmentId, provider: 'flite', model: 'cmu-slt', voice: 'slt' };
    return [
      event(line.startMs - 60, 'tts_words', { ...tts, text: line.text, startMs: 0, words, streamId: segmentId }),
      event(line.startMs, 'playback_started', { role: 'agent', segmentId }),
      event(line.endMs, line.wholeMs === undefined ? 'playback_stopped' : 'playback_truncated', {
        role: 'agent',
        segmentId,
      }),
    ];
  });
  const answered = DEMO_RESPONSES.flatMap(({ callerEndMs, agentStartMs, parts }, index) => {
    const turnId = `turn-${index}`;
    const ttsAt = agentStartMs - parts.playoutMs;
    return [
      event(callerEndMs + parts.endOfTurnMs, 'turn_ended', { role: 'caller', turnId }),
      event(ttsAt, 'tts_first_audio', { role: 'agent', turnId, provider: 'flite', model: 'cmu-slt', voice: 'slt' }),
      // The framework counts from its own decision to its own first byte of sound.
      event(agentStartMs, 'metrics', {
        turnId,
        metrics: { 'turn.reported_latency': (ttsAt - callerEndMs - parts.endOfTurnMs) / 1_000 },
      }),
    ];
  });
  const stopped = DEMO_DECISIONS.map(({ decisionMs }) => event(decisionMs, 'interruption', { role: 'caller' }));
  return [...spoken, ...answered, ...stopped];
}

function sttReports(callId: string, at: Clock): DueReport[] {
  return DEMO_CALLER_LINES.map(({ startMs, endMs, text }) => {
    const answer = DEMO_RESPONSES.find(({ callerEndMs }) => callerEndMs === endMs);
    const saidMs = endMs + (answer === undefined ? STT_DELAY_MS : answer.parts.endOfTurnMs + answer.parts.sttMs);
    const media = { startMs: startMs + STT_STREAM_BEFORE_MS, endMs: endMs + STT_STREAM_BEFORE_MS };
    const words = spread(text, media.startMs, media.endMs);
    const event = {
      callId,
      type: 'stt_final',
      role: 'caller',
      source: 'deepgram',
      provider: 'deepgram',
      model: 'nova-3',
    };
    const body = {
      events: [{ ...event, streamId: 'stt-1', occurredAt: at(saidMs), ...media, text, words, confidence: 0.97 }],
    };
    return { atMs: saidMs, path: '/v1/events' as const, body };
  });
}

/** Words share the time by their letters. */
function spread(text: string, startMs: number, endMs: number): { text: string; startMs: number; endMs: number }[] {
  const words = text.split(' ');
  const letters = words.reduce((sum, word) => sum + word.length, 0);
  const msALetter = (endMs - startMs) / letters;
  let at = startMs;
  return words.map((word) => {
    const from = at;
    at += word.length * msALetter;
    return { text: word, startMs: Math.round(from), endMs: Math.round(at) };
  });
}

type Ns = (ms: number) => string;

/** The root span is exported when it ends, long after its children. */
function traceReports(callId: string, ns: Ns): DueReport[] {
  const answers = DEMO_RESPONSES.map(({ callerEndMs, agentStartMs, parts }, index) => ({
    atMs: agentStartMs + 1_000,
    path: '/v1/traces' as const,
    body: exported(answerSpans(index, callerEndMs + parts.endOfTurnMs + parts.sttMs, parts, ns)),
  }));
  const root = span('conversation', '00000000000000ff', '', [ns(0), ns(65_000)], { 'conversation.id': callId });
  return [...answers, { atMs: 65_000, path: '/v1/traces', body: exported([root]) }];
}

function answerSpans(index: number, sttMs: number, parts: KnownParts, ns: Ns): object[] {
  const id = (n: number): string => (16 * (index + 1) + n).toString(16).padStart(16, '0');
  const turn = { 'turn.number': String(index) };
  const { retrievalMs, toolMs, llmMs, ttsMs } = parts;
  const model = { 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt-4.1-mini' };
  const usage = { 'gen_ai.usage.input_tokens': 900 + 40 * index, 'gen_ai.usage.output_tokens': 30 };
  const tokenMs = sttMs + retrievalMs + toolMs + llmMs;
  const root = '00000000000000ff';
  const spans: object[] = [];
  const startMs = sttMs + retrievalMs;
  if (retrievalMs > 0) {
    const what = { 'gen_ai.operation.name': 'retrieval', ...turn };
    spans.push(span('retrieval rooms', id(1), root, [ns(sttMs), ns(startMs)], what));
  }
  const chat = { 'gen_ai.operation.name': 'chat', ...model, ...usage, ...turn };
  const half = toolMs > 0 ? llmMs / 2 : 0;
  if (toolMs > 0) {
    const calls = { ...chat, 'gen_ai.response.time_to_first_chunk': half / 2_000 };
    spans.push(span('chat gpt-4.1-mini', id(2), root, [ns(startMs), ns(startMs + half)], calls));
    const tool = { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'terms_lookup', ...turn };
    spans.push(span('execute_tool terms_lookup', id(3), root, [ns(startMs + half), ns(startMs + half + toolMs)], tool));
  }
  const from = startMs + half + toolMs;
  const says = { ...chat, 'gen_ai.response.time_to_first_chunk': (tokenMs - from) / 1_000 };
  spans.push(span('chat gpt-4.1-mini', id(4), root, [ns(from), ns(tokenMs + 600)], says));
  const voice = {
    'gen_ai.operation.name': 'tts',
    'gen_ai.request.model': 'cmu-slt',
    voice_id: 'slt',
    'metrics.ttfb': ttsMs / 1_000,
  };
  spans.push(span('tts', id(5), root, [ns(tokenMs), ns(tokenMs + ttsMs + 300)], { ...voice, ...turn }));
  return spans;
}

const span = (
  name: string,
  spanId: string,
  parentSpanId: string,
  [start, end]: [string, string],
  attributes: object,
) => ({
  traceId: TRACE_ID,
  spanId,
  parentSpanId,
  name,
  kind: 1,
  startTimeUnixNano: start,
  endTimeUnixNano: end,
  attributes: Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) })),
});

const anyValue = (value: unknown): object =>
  typeof value === 'number' ? { doubleValue: value } : { stringValue: String(value) };

const exported = (spans: object[]): object => ({
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'hotel-agent' } }] },
      scopeSpans: [{ scope: { name: 'hotel' }, spans }],
    },
  ],
});

const scoreReports = (callId: string): DueReport[] => [
  {
    atMs: 65_000,
    path: '/v1/scores',
    body: {
      scores: [
        { callId, turnId: 'turn-1', name: 'relevance', value: 0.9, source: 'judge' },
        { callId, name: 'task_done', label: 'yes', source: 'judge' },
      ],
    },
  },
];

function response(callerEndMs: number, agentStartMs: number, parts: readonly number[]) {
  const [endOfTurnMs, sttMs, retrievalMs, toolMs, llmMs, ttsMs, playoutMs] = parts;
  return { callerEndMs, agentStartMs, parts: { endOfTurnMs, sttMs, retrievalMs, toolMs, llmMs, ttsMs, playoutMs } };
}

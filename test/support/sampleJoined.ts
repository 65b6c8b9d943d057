/** The joined facts of the sample call: its response at 2.9 s, its interruption at 5 s, one clock that is 40 ms ahead. */
import type { Fact, FactBodies, FactKind } from '../../core/facts/facts.ts';
import { asSampleIndex, samplesFromMs } from '../../core/units/time.ts';

type Tell = <Kind extends FactKind>(kind: Kind, body: FactBodies[Kind]) => Fact;

const at = (ms: number) => asSampleIndex(samplesFromMs(ms));
const part = (ms: number) => ({ samples: samplesFromMs(ms), unknown: '' }) as const;

export const sampleJoined = (tell: Tell): Fact[] => [
  tell('clock_offset', {
    startSample: at(0),
    endSample: at(20_000),
    clock: 'livekit-agents',
    offsetMs: 40,
    driftPpm: 0,
    pairCount: 4,
    matchedShare: 1,
    spreadMs: 6,
    basis: 'estimated',
  }),
  tell('response_breakdown', {
    startSample: at(2_000),
    endSample: at(2_900),
    latencySamples: samplesFromMs(900),
    parts: {
      end_of_turn: part(250),
      stt: part(50),
      retrieval: part(50),
      tool: { samples: null, unknown: 'not_observed' },
      llm: part(250),
      tts: part(150),
      playout: part(150),
    },
    unattributedSamples: 0,
    dominant: 'llm',
    reportedLatencyMs: 650,
    sttConfidence: 0.75,
    traceId: '0af7651916cd43dd8448eb211c80319c',
    turnId: 'speech_1',
    sttProvider: 'deepgram',
    sttModel: 'nova-3',
    llmProvider: 'openai',
    llmModel: 'gpt-4.1-mini',
    ttsProvider: 'cartesia',
    ttsModel: 'sonic-3',
    ttsVoice: 'amber',
    toolNames: ['lookup'],
    toldBy: { llm: 'livekit-agents llm_node' },
  }),
  tell('interruption_breakdown', {
    startSample: at(5_000),
    endSample: at(5_400),
    outcome: 'yielded',
    latencySamples: samplesFromMs(400),
    detectionSamples: samplesFromMs(250),
    flushSamples: samplesFromMs(150),
    decisionUnknown: '',
    speechAfterDecisionSamples: samplesFromMs(150),
    reportedLatencyMs: 250,
    toldBy: 'livekit-agents interruption',
  }),
  tell('agent_text', {
    startSample: at(2_900),
    endSample: at(5_400),
    channel: 'agent',
    verdict: 'fits',
    isCut: true,
    generatedWords: 12,
    heardWords: 6,
    generatedCharacters: 60,
    heardCharacters: 31,
    wordsPerMinute: 165.5,
    silentWords: 0,
    wordErrorRate: 0.25,
    characterErrorRate: 0.125,
    sttConfidence: 0.5,
    unknown: '',
  }),
];

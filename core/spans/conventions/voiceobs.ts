/** Spans of voiceobs: voice.conversation > voice.turn > voice.asr, voice.llm, voice.tts. */
import type { RequestKind } from '../request.ts';
import type { Span } from '../span.ts';
import { providerName } from './providerName.ts';
import { textOf, type Reading } from './reading.ts';

const KINDS: Readonly<Record<string, RequestKind>> = {
  'voice.conversation': 'session',
  'voice.turn': 'turn',
  'voice.asr': 'stt',
  'voice.llm': 'llm',
  'voice.tts': 'tts',
};
const ROLES: Readonly<Record<string, Reading['role']>> = { user: 'caller', agent: 'agent', assistant: 'agent' };
const STAGE_ROLES: Readonly<Record<string, Reading['role']>> = { stt: 'caller', llm: 'agent', tts: 'agent' };

export function readVoiceobs(span: Span): Reading {
  if (KINDS[span.name] === undefined) return {};
  const kind = KINDS[span.name];
  return {
    kind,
    role: ROLES[textOf(span, 'voice.actor')] ?? STAGE_ROLES[kind] ?? '',
    provider: providerName(textOf(span, 'voice.stage.provider')),
    model: textOf(span, 'voice.stage.model'),
    turnId: textOf(span, 'voice.turn.id'),
  };
}

/**
 * LiveKit agents, Python and JavaScript: events of an AgentSession, metrics, items of the chat, as JSON of their own fields
 * (model_dump in Python, the event itself in JavaScript). Times are wall times of the agent's machine; livekitUnits.ts says how
 * their units are told apart. https://docs.livekit.io/agents/build/events
 */
import type { ReportedEvent } from '../../core/events/speechEvent.ts';
import { boundedList, idAt, LIMITS, objectAt, objectsAt, shareAt, textAt, typedMessage, wallMsAt } from './json.ts';
import type { Json } from './json.ts';
import { livekitItem, type Told } from './livekitItem.ts';
import { livekitMetrics, METRICS_TYPE } from './livekitMetrics.ts';
import { durationAt, spellings } from './livekitUnits.ts';
import { event, known, type EventMapper } from './mapper.ts';

const MESSAGE = {
  expected: 'an event or metrics of LiveKit agents, with a type like user_state_changed or llm_metrics',
  pattern: /^[a-z]+(_[a-z]+)*$/,
};

type Fields = Omit<ReportedEvent, 'type'>;

export function createLivekitAgentsMapper(): EventMapper {
  let told: Told = { states: false, turnEnds: false, latencies: false, interruptions: false };

  function metricsOf(type: string, json: Json): ReportedEvent[] {
    told = {
      ...told,
      turnEnds: told.turnEnds || type === 'eou_metrics',
      latencies: told.latencies || type === 'llm_metrics',
    };
    return livekitMetrics(type, json);
  }

  /** The decision by the detector; without one an interruption shows only in the item that it cut. */
  function overlap(json: Json, about: Fields): ReportedEvent[] {
    const isInterruption = json.is_interruption === true || json.isInterruption === true;
    const agentEnded = json.agent_ended === true || json.agentEnded === true;
    if (isInterruption) told = { ...told, interruptions: true };
    const type = isInterruption ? 'interruption' : agentEnded ? 'overlap' : 'backchannel';
    const delayS = durationAt(json, 'detectionDelay', 's') ?? durationAt(json, 'detectionDelayInS', 's');
    return [
      event(type, {
        ...about,
        role: 'caller',
        occurredAtMs: wallMsAt(json, ...spellings('detectedAt')) ?? about.occurredAtMs,
        confidence: shareAt(json, 'probability'),
        metrics: known({ 'interruption.detection_delay': delayS }),
      }),
    ];
  }

  return {
    map(message) {
      const { json, type } = typedMessage(message, MESSAGE);
      if (METRICS_TYPE.test(type)) return metricsOf(type, json);
      const about: Fields = { occurredAtMs: wallMsAt(json, ...spellings('createdAt')) };
      switch (type) {
        case 'metrics_collected': {
          const metrics = typedMessage(json.metrics, { ...MESSAGE, pattern: METRICS_TYPE });
          return metricsOf(metrics.type, metrics.json);
        }
        case 'user_state_changed':
          return changes(json, 'speech_started', 'speech_stopped', { ...about, role: 'caller' });
        case 'agent_state_changed':
          told = { ...told, states: true };
          return changes(json, 'playback_started', 'playback_stopped', { ...about, role: 'agent' });
        case 'user_input_transcribed':
          return transcribed(json, about);
        case 'conversation_item_added':
          return livekitItem(json.item, about.occurredAtMs ?? undefined, told);
        case 'message':
          return livekitItem(json, about.occurredAtMs ?? undefined, told);
        case 'overlapping_speech':
          return overlap(json, about);
        case 'agent_false_interruption':
          return [event('false_interruption', { ...about, role: 'caller', attributes: resumed(json) })];
        case 'function_tools_executed':
          return toolCalls(json, about);
        case 'error':
          return [
            event('error', { ...about, text: textAt(json, 'error') || textAt(objectAt(json, 'error'), 'message') }),
          ];
        case 'close':
          return [event('state', { ...about, attributes: known({ state: 'closed', reason: idAt(json, 'reason') }) })];
        default:
          return [];
      }
    },
  };
}

type Edge = 'speech_started' | 'speech_stopped' | 'playback_started' | 'playback_stopped';

/** Speaking begins and ends; thinking, being away and the like are told as they are. */
function changes(json: Json, started: Edge, stopped: Edge, about: Fields): ReportedEvent[] {
  const [from, to] = [idAt(json, ...spellings('oldState')), idAt(json, ...spellings('newState'))];
  if (from === to) return [];
  if (to === 'speaking') return [event(started, about)];
  const state = event('state', { ...about, attributes: { state: to } });
  return [...(from === 'speaking' ? [event(stopped, about)] : []), ...(to === '' || to === 'listening' ? [] : [state])];
}

function transcribed(json: Json, about: Fields): ReportedEvent[] {
  const isFinal = json.is_final === true || json.isFinal === true;
  const text = textAt(json, 'transcript');
  if (text === '') return [];
  return [
    event(isFinal ? 'stt_final' : 'stt_interim', {
      ...about,
      role: 'caller',
      text,
      itemId: idAt(json, ...spellings('itemId')),
      language: idAt(json, 'language'),
      attributes: known({ speaker: idAt(json, ...spellings('speakerId')) }),
    }),
  ];
}

const resumed = (json: Json): Readonly<Record<string, string>> =>
  known({ resumed: typeof json.resumed === 'boolean' ? String(json.resumed) : undefined });

/** From when each was asked for to when it had answered, by the items' own times where the release writes them. */
function toolCalls(json: Json, about: Fields): ReportedEvent[] {
  const calls = boundedList(objectsAt(json, ...spellings('functionCalls')), 'function calls', LIMITS.entries);
  const outputs = objectsAt(json, ...spellings('functionCallOutputs'));
  const callIdOf = (item: Json): string => idAt(item, ...spellings('callId'));
  return calls.map((call) => {
    const output = outputs.find((candidate) => callIdOf(candidate) === callIdOf(call));
    const calledMs = wallMsAt(call, ...spellings('createdAt'));
    const endedMs = wallMsAt(output, ...spellings('createdAt')) ?? about.occurredAtMs ?? undefined;
    const durationMs = calledMs === undefined || endedMs === undefined ? -1 : endedMs - calledMs;
    return event('tool_call', {
      ...about,
      role: 'agent',
      itemId: callIdOf(call),
      occurredAtMs: endedMs,
      metrics: known({ 'tool.duration': durationMs < 0 ? undefined : durationMs / 1_000 }),
      attributes: known({ phase: 'ended', name: idAt(call, 'name') }),
    });
  });
}

/** Events that come on the call's own socket, among its audio. */
import { MAPPERS, type SourceName } from '../../adapters/events/mappers.ts';
import { parseEventBatch, type Rejection } from '../../adapters/events/wireEvent.ts';
import type { ClientEvent } from '../../adapters/telephony/earshot.ts';
import { describe } from '../../core/units/describe.ts';
import { eventOf } from '../../core/events/eventOf.ts';
import type { ReportedEvent, SpeechEvent } from '../../core/events/speechEvent.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { SourceStreams } from './sourceStreams.ts';

export interface ReadEvents {
  readonly events: readonly SpeechEvent[];
  readonly rejected: readonly Rejection[];
}

export class SocketEvents {
  readonly #nowMs: () => number;
  readonly #streams: SourceStreams;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#streams = new SourceStreams(nowMs);
  }

  /** The call is known by the socket, so an event need not name it. */
  read(message: ClientEvent, { tenant, callId }: OpenCall): ReadEvents {
    const origin = { tenant, callKey: callId, source: message.source ?? 'events', receivedAtMs: this.#nowMs() };
    try {
      const { reported, rejected } = this.#reported(message, callId, origin.receivedAtMs);
      return { events: reported.map((event) => ({ ...eventOf(event, origin), callKey: callId })), rejected };
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      return { events: [], rejected: [{ index: 0, code: error.code, expected: error.expected, got: error.got }] };
    }
  }

  #reported(message: ClientEvent, callKey: string, receivedAtMs: number): Reported {
    const { event, source, role = '', streamId } = message;
    if (event !== undefined) {
      const body = Buffer.from(JSON.stringify(event));
      const { events, rejected } = parseEventBatch(body, 'application/json', callKey);
      return { reported: events, rejected };
    }
    if (source === undefined || !Object.hasOwn(MAPPERS, source)) {
      const expected = `an event, or a source of ${Object.keys(MAPPERS).join(', ')} with its message`;
      throw new InvalidInput('message_invalid', { expected, got: describe(source) });
    }
    const mapper = this.#streams.of([source, streamId ?? ''], MAPPERS[source as SourceName]);
    const reported = mapper.map(message.message, { role, receivedAtMs, callKey, streamId });
    return { reported, rejected: [] };
  }
}

interface Reported {
  readonly reported: readonly ReportedEvent[];
  readonly rejected: readonly Rejection[];
}

/** Which words of a span are text of people or of models, and what is left of a span when these have to go. */
import { holdsText } from '../events/textAttributes.ts';
import type { Span, SpanEvent } from './span.ts';

/**
 * The span with each such text passed through `keep`, in its attributes, its resource's, its events' and its links', and the
 * message of its status, into which exceptions write what they choked on.
 */
export function withoutContent(span: Span, keep: (text: string) => string): Span {
  const kept = (attributes: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
    const names = Object.keys(attributes).filter((name) => attributes[name] !== '' && holdsText(name));
    if (names.length === 0) return attributes;
    return { ...attributes, ...Object.fromEntries(names.map((name) => [name, keep(attributes[name])])) };
  };
  const eventKept = (event: SpanEvent): SpanEvent => {
    const isMessage = /^gen_ai\.(.*message|choice|client\.inference\.operation\.details)$/.test(event.name);
    if (!isMessage) return { ...event, attributes: kept(event.attributes) };
    // All that such an event has is the message, but for who says it.
    const entries = Object.entries(event.attributes).map(([name, value]) => [
      name,
      /^(role|index|finish_reason|id|name)$|^gen_ai\.(system|provider\.name)$/.test(name) ? value : keep(value),
    ]);
    return { ...event, attributes: Object.fromEntries(entries) as SpanEvent['attributes'] };
  };
  return {
    ...span,
    resourceAttributes: kept(span.resourceAttributes),
    attributes: kept(span.attributes),
    statusMessage: span.statusMessage === '' ? '' : keep(span.statusMessage),
    events: span.events.map(eventKept),
    links: span.links.map((link) => ({ ...link, attributes: kept(link.attributes) })),
  };
}

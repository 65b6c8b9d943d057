/**
 * Which words of a span are text of people or of models, by the names of their attributes: known names, and names that end
 * like those that hold such text, since anybody may make up more. What cannot be told from its name is kept.
 */
import type { Span, SpanEvent } from './span.ts';

const NAMES = new Set([
  'text',
  'input',
  'output',
  'tools',
  'user_id',
  'text_output',
  'tools.definitions',
  'tool.parameters',
  'tool.result',
  'tool.arguments',
  'function_calls',
  'context_messages',
  'gen_ai.system_instructions',
  'gen_ai.tool.definitions',
  'gen_ai.tool.description',
  'gen_ai.memory.records',
  'gen_ai.retrieval.documents',
  'gen_ai.evaluation.explanation',
  'gen_ai.event.content',
  'exception.stacktrace',
  'langfuse.observation.status_message',
]);

/** LiveKit marks what is personal with a part of the name; its room's name is the call's key, and no text. */
const MARKED = /(^|\.)pii(\.|$)/;
const KEY = 'lk.pii.room_name';

/** Whole families. */
const FAMILIES =
  /^(lk\.(chat_ctx|user_transcript|user_input|instructions|input_text|participant_identity|rpc\.(caller|destination)_identity|response\.text|response\.function_calls|function_tool\.(arguments|output))|gen_ai\.(prompt|completion)([._]|$)|gen_ai\.(input|output)\.messages|llm\.(input|output)_messages|(gen_ai|llm)\.content\.|llm\.(prompts|prompt_template|choices|function_call|tools)|(input|output)\.(documents|images)|traceloop\.prompt\.template|retrieval\.documents|reranker\.(input|output)_documents|reranker\.query|embedding\.embeddings|input\.value|output\.value|traceloop\.entity\.(input|output)|langfuse\.(trace|observation)\.(input|output)|ai\.(prompt|response\.(text|object|toolCalls|reasoning)|value|values|toolCall\.(args|result))|settings\.(system_instruction|prompt|instructions))/;

/** The last word of a name, if it promises text: booking.user_message, stt.transcript. */
const LAST_WORDS =
  /(^|[._-])(prompt|completion|transcripts?|transcription|utterances?|content|messages?|text|query|question|answer|instructions?|arguments|args|body|stacktrace|statement|explanation|expected_output|documents?|caller_name|phone_?number|email)$/i;

/** The same words where they count or name something. */
const NOT_TEXT = /(token|usage|count|length|cost|price)|^gen_ai\.output\.type$|\.(id|name|type|version)$/i;

export function holdsContent(name: string): boolean {
  if (NAMES.has(name) || FAMILIES.test(name) || (MARKED.test(name) && name !== KEY)) return true;
  return LAST_WORDS.test(name) && !NOT_TEXT.test(name);
}

/**
 * The span with each such text passed through `keep`, in its attributes, its resource's, its events' and its links', and the
 * message of its status, into which exceptions write what they choked on.
 */
export function withoutContent(span: Span, keep: (text: string) => string): Span {
  const kept = (attributes: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
    const names = Object.keys(attributes).filter((name) => attributes[name] !== '' && holdsContent(name));
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

/**
 * Attributes of events and spans that hold what people said, what was said to them, or what a model was given and gave: the one
 * place where they are listed. Known names, and names that end like those that hold such text, since anybody may make up more.
 * What cannot be told from its name is kept.
 */
/** Names that promise nothing by their last word. */
const NAMES: ReadonlySet<string> = new Set([
  'result',
  'tool.output',
  'gen_ai.tool.call.result',
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

/** Whole families, but for who says it. */
const FAMILIES =
  /^(lk\.(chat_ctx|user_transcript|user_input|instructions|input_text|participant_identity|rpc\.(caller|destination)_identity|response\.text|response\.function_calls|function_tool\.(arguments|output))|gen_ai\.(prompt|completion)([._]|$)|gen_ai\.(input|output)\.messages|llm\.(input|output)_messages|(gen_ai|llm)\.content\.|llm\.(prompts|prompt_template|choices|function_call|tools)|(input|output)\.(documents|images)|traceloop\.prompt\.template|retrieval\.documents|reranker\.(input|output)_documents|reranker\.query|embedding\.embeddings|input\.value|output\.value|traceloop\.entity\.(input|output)|langfuse\.(trace|observation)\.(input|output)|ai\.(prompt|response\.(text|object|toolCalls|reasoning)|value|values|toolCall\.(args|result))|settings\.(system_instruction|prompt|instructions))/;

/** The last word of a name, if it promises text: booking.user_message, stt.transcript. */
const LAST_WORDS =
  /(^|[._-])(prompt|completion|transcripts?|transcription|utterances?|content|messages?|text|query|question|answer|instructions?|arguments|args|body|stacktrace|statement|explanation|expected_output|documents?|caller_name|phone_?number|email)$/i;

/** The same words where they count or name something. */
const NOT_TEXT = /(token|usage|count|length|cost|price)|^gen_ai\.output\.type$|\.(id|name|type|version)$/i;

const SPEAKER = /\.role$/;

export function holdsText(name: string): boolean {
  if (NAMES.has(name) || (MARKED.test(name) && name !== KEY)) return true;
  if (FAMILIES.test(name)) return !SPEAKER.test(name);
  return LAST_WORDS.test(name) && !NOT_TEXT.test(name);
}

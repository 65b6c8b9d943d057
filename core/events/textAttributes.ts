/**
 * Attributes of events and spans that hold what people said, what was said to them, or what a model was given and gave: the one
 * place where they are listed. Names that carry ids, numbers, settings and the names of models and tools are not among them.
 */
const EXACT: ReadonlySet<string> = new Set([
  // Events and Pipecat's spans.
  'text',
  'transcript',
  'utterance',
  'content',
  'message',
  'prompt',
  'input',
  'output',
  'arguments',
  'result',
  'tool.arguments',
  'tool.result',
  'function_call.arguments',
  'system_instructions',
  // OpenTelemetry's GenAI conventions.
  'gen_ai.input.messages',
  'gen_ai.output.messages',
  'gen_ai.system_instructions',
  'gen_ai.tool.call.arguments',
  'gen_ai.tool.call.result',
  'gen_ai.evaluation.explanation',
  'gen_ai.retrieval.query.text',
  'gen_ai.retrieval.documents',
  // OpenInference.
  'input.value',
  'output.value',
  'llm.input_messages',
  'llm.output_messages',
  'llm.prompts',
  'tool.parameters',
  'tool.output',
  'retrieval.documents',
  'reranker.query',
  'reranker.input_documents',
  'reranker.output_documents',
  'embedding.text',
  // Traceloop and Langfuse.
  'traceloop.entity.input',
  'traceloop.entity.output',
  'langfuse.observation.input',
  'langfuse.observation.output',
  'langfuse.trace.input',
  'langfuse.trace.output',
  'langfuse.observation.status_message',
  // Vercel AI.
  'ai.prompt',
  'ai.prompt.messages',
  'ai.response.text',
  'ai.response.object',
  'ai.response.reasoning',
  'ai.response.toolCalls',
  'ai.toolCall.args',
  'ai.toolCall.result',
  'ai.value',
  'ai.values',
  // Errors quote what they were about.
  'exception.message',
  'exception.stacktrace',
]);

/** LiveKit has them with and without `pii.`; its room's name is the call's key and is kept. */
const LIVEKIT =
  /^lk\.(?:pii\.)?(?:user_transcript|chat_ctx|response\.(?:text|function_calls)|input_text|user_input|instructions|participant_identity|function_tool\.(?:arguments|output)|function_tools)$/;

/** Lists that are written one attribute an element. */
const ELEMENTS =
  /^(?:gen_ai\.(?:prompt|completion)|llm\.(?:input_messages|output_messages|prompts)|retrieval\.documents|reranker\.(?:input|output)_documents|embedding\.embeddings)\.\d{1,6}\..*(?:content|text|arguments|contents|reasoning)$/;

export const holdsText = (name: string): boolean => EXACT.has(name) || LIVEKIT.test(name) || ELEMENTS.test(name);

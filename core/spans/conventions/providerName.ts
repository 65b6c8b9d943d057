/** One name for each provider, whichever way it is written: a product's name, the class of a plugin, the host that was called. */
const NAMES: Readonly<Record<string, string>> = {
  awsbedrock: 'aws.bedrock',
  amazonbedrock: 'aws.bedrock',
  bedrock: 'aws.bedrock',
  amazon: 'aws.bedrock',
  aws: 'aws.bedrock',
  azureaiopenai: 'azure.ai.openai',
  azaiopenai: 'azure.ai.openai',
  azureopenai: 'azure.ai.openai',
  azure: 'azure.ai.openai',
  gcpgemini: 'gcp.gemini',
  gcpgenai: 'gcp.gemini',
  gemini: 'gcp.gemini',
  google: 'gcp.gemini',
  googlegenerativeai: 'gcp.gemini',
  gcpvertexai: 'gcp.vertex_ai',
  vertexai: 'gcp.vertex_ai',
  googlevertex: 'gcp.vertex_ai',
  mistral: 'mistral_ai',
  mistralai: 'mistral_ai',
  xai: 'x_ai',
  grok: 'x_ai',
};

/** Endpoints by the part of their host that names them. */
const HOSTS: readonly (readonly [RegExp, string])[] = [
  [/\.openai\.azure\.com$/, 'azure.ai.openai'],
  [/^generativelanguage\.googleapis\.com$/, 'gcp.gemini'],
  [/aiplatform\.googleapis\.com$/, 'gcp.vertex_ai'],
  [/^bedrock.*\.amazonaws\.com$/, 'aws.bedrock'],
  [/^(?:api\.)?mistral\.ai$/, 'mistral_ai'],
  [/^(?:api\.)?x\.ai$/, 'x_ai'],
];

export function providerName(told: string): string {
  const name = told.trim().toLowerCase();
  if (name === '' || name === 'unknown') return '';
  const host = HOSTS.find(([pattern]) => pattern.test(name));
  if (host !== undefined) return host[1];
  const plain = name.replace(/^api\.([a-z0-9-]+)\.(?:com|ai)$/, '$1');
  return NAMES[plain.replace(/[^a-z0-9]/g, '')] ?? productOf(plain);
}

/** The Vercel AI SDK adds which of a provider's interfaces it was: openai.chat, google.generative-ai. */
function productOf(name: string): string {
  const [provider] = name.split('.');
  const isInterface = /\.(chat|responses|completion|messages|embedding|generative-ai|speech|transcription)$/.test(name);
  return isInterface ? (NAMES[provider] ?? provider) : name;
}

/** Fact ids are hashes of what a fact is about, so a retry, a replay or a recovery writes the same row again. */
import { createHash } from 'node:crypto';
import { DEFINITION_VERSION, type Finding } from './facts.ts';

/** 128 bits as 32 lower-case hex digits. */
export function factId(tenant: string, callId: string, finding: Finding): string {
  const about = [tenant, callId, sideOf(finding), finding.startSample, kindOf(finding), DEFINITION_VERSION];
  return createHash('sha256').update(about.join('\u0000')).digest('hex').slice(0, 32);
}

/** Several models may speak of the same stretch. */
function kindOf(finding: Finding): string {
  if (finding.kind === 'model_score') return `${finding.kind}:${finding.model}`;
  if (finding.kind === 'unmeasured') return `${finding.kind}:${finding.models.join(',')}`;
  if (finding.kind === 'clock_offset') return `${finding.kind}:${finding.clock}`;
  return finding.kind;
}

/** The channel that a finding is about; for exchanges, the side that began them; empty for the call as a whole. */
export function sideOf(finding: Finding): 'caller' | 'agent' | '' {
  switch (finding.kind) {
    case 'speech':
    case 'turn':
    case 'gap':
    case 'noise_burst':
    case 'echo':
    case 'clipping':
    case 'dropout':
    case 'frames':
    case 'prosody':
    case 'tone_change':
    case 'quality':
    case 'gibberish':
    case 'loop':
    case 'unmeasured':
    case 'model_score':
    case 'agent_text':
      return finding.channel;
    case 'interruption':
      return finding.by;
    case 'overlap':
      return finding.startedBy;
    case 'response':
    case 'response_breakdown':
      return 'agent';
    case 'interruption_breakdown':
      return 'caller';
    case 'dead_air':
      return finding.owedBy;
    case 'call_started':
    case 'call_ended':
    case 'summary':
    case 'clock_offset':
      return '';
  }
}

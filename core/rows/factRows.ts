/** Facts to rows: each is a row of `facts` or `frames`; what tells of the call as a whole is a row of `calls` too. */
import type { Fact } from '../facts/facts.ts';
import type { OpenCall } from '../facts/openCall.ts';
import { callRow } from './callRow.ts';
import { factRow } from './factRow.ts';
import { framesRow } from './framesRow.ts';
import type { TableRow } from './tables.ts';

export function factRows(fact: Fact, call: OpenCall): TableRow[] {
  switch (fact.kind) {
    case 'frames':
      return [{ table: 'frames', row: framesRow(fact, call) }];
    case 'call_started':
    case 'summary':
    case 'call_ended':
      return [
        { table: 'calls', row: callRow(fact, call) },
        { table: 'facts', row: factRow(fact, call) },
      ];
    case 'speech':
    case 'turn':
    case 'overlap':
    case 'interruption':
    case 'response':
    case 'dead_air':
    case 'gap':
    case 'noise_burst':
    case 'echo':
    case 'clipping':
    case 'dropout':
    case 'prosody':
    case 'tone_change':
    case 'quality':
    case 'gibberish':
    case 'loop':
    case 'unmeasured':
    case 'model_score':
    case 'clock_offset':
    case 'response_breakdown':
    case 'interruption_breakdown':
    case 'agent_text':
      return [{ table: 'facts', row: factRow(fact, call) }];
  }
}

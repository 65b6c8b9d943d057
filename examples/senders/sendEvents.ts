/**
 * Posts a batch of events to Earshot and prints its answer:
 *
 *     node dist/examples/senders/sendEvents.js http://127.0.0.1:8787 examples/senders/events.json
 *
 * Events are JSON as protos/earshot/v1/events.proto has them: a type, the call, and what is known besides.
 */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** What Earshot answers: how many it has taken, and which not and why. */
export interface Answer {
  readonly accepted: number;
  readonly rejected: readonly { readonly index: number; code: string; expected: string; got: string }[];
}

export async function sendEvents(url: string, events: unknown): Promise<Answer> {
  const answer = await fetch(new URL('/v1/events', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(events),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`Earshot answered ${answer.status}: ${text}`);
  const { accepted = 0, rejected = [] } = JSON.parse(text) as Partial<Answer>;
  return { accepted, rejected };
}

async function main([url, path]: readonly string[]): Promise<void> {
  const { accepted, rejected } = await sendEvents(url, JSON.parse(readFileSync(path, 'utf8')));
  console.log(`${accepted} accepted, ${rejected.length} rejected`);
  for (const { index, code, expected, got } of rejected)
    console.log(`event ${index}: ${code}: expected ${expected}; got ${got}`);
  process.exitCode = rejected.length > 0 ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const args = process.argv.slice(2);
  if (args.length === 2) await main(args);
  else {
    console.error('usage: node dist/examples/senders/sendEvents.js URL FILE');
    process.exitCode = 2;
  }
}

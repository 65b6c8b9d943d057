/** Posts the demo call's reports when they are due. */
import { demoReports, type DueReport } from './reports.ts';

/** `startWallMs`: when the call's first sample is sent. Throws what the server says of a report that it does not take whole. */
export async function pacedReports(url: string, callId: string, startWallMs: number): Promise<void> {
  const sent: Promise<void>[] = [];
  for (const report of demoReports(callId, startWallMs)) {
    const aheadMs = startWallMs + report.atMs - Date.now();
    if (aheadMs > 0) await new Promise((resolve) => setTimeout(resolve, aheadMs));
    // An answer comes when the report is durable; the next is not kept waiting for it.
    sent.push(send(url, report));
  }
  await Promise.all(sent);
}

async function send(url: string, { path, body }: DueReport): Promise<void> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = await response.text();
  if (!response.ok || answer.includes('rejected":[{')) throw new Error(`${path} ${response.status}: ${answer}`);
}

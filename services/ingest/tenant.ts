/** Whom a call belongs to when nobody says; and who an HTTP request says. */
import type { IncomingHttpHeaders } from 'node:http';

export const DEFAULT_TENANT = 'default';

export function tenantOfHeader(headers: IncomingHttpHeaders): string {
  const header = headers['x-earshot-tenant'];
  return typeof header === 'string' && header !== '' ? header : DEFAULT_TENANT;
}

/** Whose something is: said by a header, by gRPC metadata, by a stream's path or its hello; nobody's word is `default`. */
import { describe } from './describe.ts';
import { InvalidInput } from './errors.ts';

export const DEFAULT_TENANT = 'default';
/** Of HTTP requests, and of gRPC's metadata. */
export const TENANT_HEADER = 'x-earshot-tenant';

const LENGTH_MAX = 200;
/** Tenants and names are told apart by such characters inside, and a header cannot hold one. */
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/;

export function tenantOf(told: string | undefined): string {
  if (told === undefined || told === '') return DEFAULT_TENANT;
  if (told.length <= LENGTH_MAX && !CONTROL.test(told)) return told;
  const got = told.length > LENGTH_MAX ? `${told.length} characters` : describe(told);
  const expected = `a tenant of at most ${LENGTH_MAX} characters, none of them a control character`;
  throw new InvalidInput('request_invalid', { expected, got });
}

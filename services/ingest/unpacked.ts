/** The body of a request as it was before it was packed; gzip is what OTLP's exporters and many HTTP clients use. */
import type { FastifyRequest } from 'fastify';
import { gunzipBounded } from '../../adapters/otlp/gunzipBounded.ts';

/** What the sender asked in, and cannot be answered in. */
export class Unsupported extends Error {
  readonly statusCode = 415;
}

/** `bytesMax`: what it may hold unpacked. A request without a body has an empty one. */
export async function unpacked(request: FastifyRequest, bytesMax: number): Promise<Uint8Array> {
  const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
  const packing = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (packing === 'identity' || packing === '') return body;
  if (packing === 'gzip') return gunzipBounded(body, bytesMax);
  throw new Unsupported(`expected a content-encoding of gzip or none; got ${packing}`);
}

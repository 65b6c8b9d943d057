/** Tenants as they are told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tenantOf } from './tenant.ts';

test('a tenant is taken as it is told, nobody is the default, and what could pass for two names is refused', () => {
  assert.equal(tenantOf('acme / Köln'), 'acme / Köln');
  assert.equal(tenantOf('t'.repeat(200)).length, 200);
  for (const nobody of [undefined, '']) assert.equal(tenantOf(nobody), 'default');
  for (const bad of ['t'.repeat(201), 'acme\u0000call', 'a\nb']) {
    assert.throws(() => tenantOf(bad), { code: 'request_invalid' });
  }
});

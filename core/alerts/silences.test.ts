/** Silences and maintenance windows: whom they hold back, and when. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inCallRule, fact } from '../../test/support/alertRules.ts';
import { labelsOf, type Alert } from './alert.ts';
import { judgeCall } from './inCall.ts';
import type { MaintenanceWindow, Silence } from './rules.ts';
import { silencedBy } from './silences.ts';

const alerts: Alert[] = [];
const rule = inCallRule({ on: 'loop', name: 'stuck', labels: { team: 'voice', tenant: 'no matter' } });
judgeCall({ tenant: 'acme', callId: 'c1' }, [rule]).push(fact('loop', 'a', 0, 1, {}), (alert) => alerts.push(alert));
const [alert] = alerts;

const silence: Silence = { name: 's', comment: '', rules: [], labels: {}, startsAtMs: 100, endsAtMs: 200 };
const nightly: MaintenanceWindow = {
  name: 'night',
  comment: '',
  rules: [],
  labels: {},
  days: ['fri'],
  fromMinute: 22 * 60,
  toMinute: 2 * 60,
  timeZone: 'Europe/Berlin',
};
const silent = (one: Partial<Silence>, atMs: number): string | null =>
  silencedBy({ silences: [{ ...silence, ...one }], maintenanceWindows: [] }, alert, atMs);
const maintained = (one: Partial<MaintenanceWindow>, at: string): string | null =>
  silencedBy({ silences: [], maintenanceWindows: [{ ...nightly, ...one }] }, alert, Date.parse(at));

test('a silence holds from its start to before its end, for the alerts that match all of it', () => {
  assert.deepEqual(
    [99, 100, 199, 200].map((at) => silent({}, at)),
    [null, 's', 's', null],
  );
  assert.equal(silent({ rules: ['stuck'], labels: { team: 'voice', call_id: 'c1', tenant: 'acme' } }, 150), 's');
  assert.equal(silent({ rules: ['other'] }, 150), null);
  assert.equal(silent({ labels: { team: 'other' } }, 150), null);
  assert.equal(silent({ labels: { constructor: 'x' } }, 150), null);
  assert.equal(labelsOf(alert).tenant, 'acme');
});

test('a maintenance window goes by the clock of its zone, over midnight and through the change of the clocks', () => {
  // Friday 9 January 2026 is winter: Berlin is one hour ahead.
  assert.equal(maintained({}, '2026-01-09T20:59:00Z'), null);
  assert.equal(maintained({}, '2026-01-09T21:00:00Z'), 'night');
  assert.equal(maintained({}, '2026-01-10T00:59:00Z'), 'night');
  assert.equal(maintained({}, '2026-01-10T01:00:00Z'), null);
  // In summer two; and Thursday's night is not Friday's.
  assert.equal(maintained({}, '2026-07-10T20:00:00Z'), 'night');
  assert.equal(maintained({}, '2026-07-10T00:00:00Z'), null);
  assert.equal(maintained({ timeZone: 'UTC', fromMinute: 0, toMinute: 60 }, '2026-01-09T00:30:00Z'), 'night');
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createClosers } from '../../main/base/closers.ts';
import { createMonitor } from '../../main/broker/monitor.ts';
import type { AppState, SinkState } from '../../main/contract/state.ts';
import { createCounts } from '../../main/fleet/counts.ts';
import { exposition } from '../../main/fleet/exposition.ts';
import { at, busy, moment, signedOut } from '../renderer/states.ts';

const problem = { code: 'export-failed' as const, message: 'The log server is away.' };

const siem: SinkState = { name: 'siem', type: 'syslog', required: true, behind: 7 };

function monitor(state: AppState) {
  const counts = createCounts((connection) => (connection === 'sales' ? 'postgresql' : undefined));
  const closers = createClosers(() => undefined);
  const opened = createMonitor({
    record: { counts },
    services: { now: () => moment },
    closers,
    state: () => state,
  });
  return { ...opened, counts, close: closers.close };
}

it('docs/FLEET.md names each metric, and none that there is not', async () => {
  const { metrics, counts, close } = monitor({ ...busy, sinks: [siem] });
  counts.note({ event: 'sign-in-failed', provider: 'contoso', code: 'sign-in-declined' });
  counts.note({
    event: 'login-refused',
    connection: 'gone',
    clientUser: 'ada',
    database: 'd',
    program: 'p',
    address: 'unix',
    code: 'token-wrong',
    unreported: 4,
  });
  metrics();
  // The delay is measured from the first look on.
  await expect.poll(metrics).toContain('latchkey_event_loop_delay_seconds');
  const shown = metrics();
  const names = new Set([...shown.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  // It begins anew with each look, and may have nothing to tell of so short a time.
  names.add('latchkey_event_loop_delay_seconds');
  const page = readFileSync(join(import.meta.dirname, '../../docs/FLEET.md'), 'utf8');
  const told = [...page.matchAll(/`((?:latchkey|process)_[a-z_]+)`/g)].map(([, name]) => name);
  expect([...new Set(told)].toSorted()).toEqual([...names].toSorted());
  expect(shown).toContain('latchkey_logins_total{protocol="unknown",outcome="refused"} 5\n');
  expect(shown).toContain('latchkey_refusals_total{event="sign-in-failed",code="sign-in-declined"} 1\n');
  expect(shown).toContain('latchkey_audit_sink_behind_records{sink="siem"} 7\n');
  await close();
});

it('is ready until a required sink is overdue, and while whatever lets logins in works', () => {
  const ready = (change: Partial<AppState>) => monitor({ ...signedOut, ...change }).health();
  const failing = (refusesFrom: string) => ({ ...siem, failing: { since: at(-60), problem, refusesFrom } });
  expect(ready({}).isReady).toBe(true);
  expect(ready({ sinks: [siem] }).isReady).toBe(true);
  expect(ready({ sinks: [failing(at(1))] }).isReady).toBe(true);
  expect(ready({ sinks: [failing(at(0))] })).toMatchObject({
    isReady: false,
    checks: [{ isOk: true }, { name: 'audit-sinks', isOk: false }, { isOk: true }, { isOk: true }],
  });
  expect(ready({ audit: { kind: 'failed', path: '/a', problem } }).isReady).toBe(false);
  expect(ready({ seal: { kind: 'keychain', waiting: true } }).isReady).toBe(false);
});

it('a label may hold anything', () => {
  const samples = [{ labels: { sink: 'a"b\\c\nd' }, value: 1.5 }];
  expect(exposition([{ name: 'm', type: 'gauge', help: 'What it is.', samples }])).toBe(
    '# HELP m What it is.\n# TYPE m gauge\nm{sink="a\\"b\\\\c\\nd"} 1.5\n',
  );
  expect(exposition([{ name: 'm', type: 'gauge', help: 'What it is.', samples: [] }])).toBe('');
});

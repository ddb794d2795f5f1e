import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openAudit, type Audit } from '../../main/audit/audit.ts';
import { auditSettings } from '../../main/config/sinks.ts';
import { openSinks, type Sinks } from '../../main/fleet/sinks.ts';
import { numbered } from '../audit/audit-folder.ts';
import { freePort } from '../support/free-port.ts';

let home: string;
let audit: Audit;
let sinks: Sinks | undefined;
let wanted: object[];
let clock: number;

/** A server that is not there, as nobody listens at its port. */
let away: { name: string; type: string; host: string; port: number; tls: string };

async function open(): Promise<Sinks> {
  sinks = await openSinks({
    folder: join(home, 'export'),
    auditFolder: join(home, 'audit'),
    audit,
    settings: () => auditSettings.parse({ sinks: wanted }).sinks,
    stored: async () => undefined,
    fetchWith: () => fetch,
    host: 'ada-laptop',
    version: '9.8.7',
    changed: () => undefined,
    log: () => undefined,
    now: () => clock,
  });
  return sinks;
}

const names = () => sinks?.state().map(({ name }) => name);

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'lk-sinks-'));
  audit = await openAudit({ folder: join(home, 'audit') });
  clock = Date.parse('2026-03-10T09:00:00.000Z');
  away = { name: 'siem', type: 'syslog', host: '127.0.0.1', port: await freePort(), tls: 'off' };
  wanted = [away];
});
afterEach(async () => {
  await sinks?.close();
  sinks = undefined;
  await audit.close();
  rmSync(home, { recursive: true });
});

it('a required one that is away for its outage keeps logins out, and a restart does not begin that anew', async () => {
  wanted = [{ ...away, required: true, outage: '15m' }];
  const first = await open();
  await audit.append(numbered(1));
  await expect
    .poll(() => first.state()[0]?.failing)
    .toMatchObject({
      since: '2026-03-10T09:00:00.000Z',
      refusesFrom: '2026-03-10T09:15:00.000Z',
    });
  clock += 14 * 60_000;
  first.check();
  await first.close();
  clock += 2 * 60_000;
  const second = await open();
  expect(() => second.check()).toThrow(
    'The audit has not reached the log server "siem" since 2026-03-10T09:00:00.000Z, and without it nobody is let in.',
  );
});

it('one that is not required keeps nobody out, however long it is away', async () => {
  const opened = await open();
  await audit.append(numbered(1));
  await expect.poll(() => opened.state()[0]?.failing).toBeDefined();
  clock += 365 * 24 * 3600_000;
  opened.check();
  expect(opened.state()[0]?.failing).not.toHaveProperty('refusesFrom');
});

it('follows the configuration, and goes on where it was with what has another address', async () => {
  const opened = await open();
  wanted = [away, { ...away, name: 'second' }];
  await opened.follow();
  expect(names()).toEqual(['siem', 'second']);
  await audit.append(numbered(1));
  wanted = [{ ...away, port: await freePort() }];
  await opened.follow();
  expect(names()).toEqual(['siem']);
  // Neither the record before it nor the one of its own beginning has left.
  expect(opened.state()[0]?.behind).toBe(audit.end().seq);
  wanted = [];
  await opened.follow();
  expect(names()).toEqual([]);
  opened.check();
});

it('a note of a newer Latchkey is left as it is, and a required sink cannot be taken for one that has all', async () => {
  const note = join(home, 'export', 'siem.json');
  mkdirSync(join(home, 'export'));
  writeFileSync(note, '{"version":2,"new":"form"}');
  wanted = [{ ...away, required: true, outage: '15m' }];
  const opened = await open();
  expect(opened.state()).toMatchObject([{ name: 'siem', failing: { problem: { code: 'stored-newer' } } }]);
  expect(opened.state()[0]).not.toHaveProperty('behind');
  opened.check();
  clock += 15 * 60_000;
  expect(() => opened.check()).toThrow('without it nobody is let in');
  expect(readFileSync(note, 'utf8')).toBe('{"version":2,"new":"form"}');
});

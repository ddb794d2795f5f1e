import { expect, it } from 'vitest';
import { createEntitlements } from '../../main/access/entitlement.ts';
import type { HandleRecord } from '../../main/access/handle-record.ts';
import { openHandles } from '../../main/access/handles.ts';
import { permissions } from '../../main/access/policy.ts';
import { createTokens } from '../../main/access/tokens.ts';
import { createHandleService } from '../../main/access/handle-service.ts';
import type { AuditEvent } from '../../main/audit/events.ts';
import type { ConnectionSettings } from '../../main/config/schema.ts';
import type { LiveSession } from '../../main/session/live-session.ts';
import { configuredConnection } from '../support/configured-connection.ts';

const dayMs = 24 * 3600_000;
const group = '1b4e28ba-2fa1-4d3c-8f00-d3b7a1c0e5f2';
const account = { provider: 'work', tenantId: 't', objectId: 'ada', username: 'ada', displayName: '' };
const binding = {
  tool: 'psql',
  connection: 'sales',
  role: undefined,
  account,
  uid: 1000,
  boundTo: undefined,
};
const placeOf = () => ({ host: '127.0.0.1', port: 1, database: 'sales', command: '' }) as never;

function memory(): HandleRecord & { stored: Uint8Array | undefined } {
  const record = {
    stored: undefined as Uint8Array | undefined,
    lasting: true,
    read: async () => record.stored,
    write: async (bytes: Uint8Array) => void (record.stored = bytes),
  };
  return record;
}
const comes = (password: string) => ({
  connection: 'sales',
  clientUser: 'ada',
  proof: { kind: 'password' as const, password },
});

it('a handle ends at its time, stays dead when the clock is set back, and is still in the list', async () => {
  let clock = Date.UTC(2026, 0, 1);
  const record = memory();
  const handles = await openHandles(record, () => clock);
  const { handle, text } = await handles.make({ ...binding, lifetimeMs: 30 * dayMs });
  expect(handles.verify(comes(text))).toMatchObject({ ok: true });
  // The end is kept over a restart.
  const later = await openHandles(record, () => clock);
  clock += 30 * dayMs;
  expect(later.verify(comes(text))).toMatchObject({ ok: false, code: 'handle-expired' });
  clock -= dayMs;
  expect(later.verify(comes(text))).toMatchObject({ ok: false, code: 'handle-expired' });
  expect(later.list()).toMatchObject([{ id: handle.id, expiresAt: '2026-01-31T00:00:00.000Z' }]);
});

it('one that was stored before handles had an end has 90 days from when it was made', async () => {
  let clock = Date.UTC(2026, 0, 1);
  const record = memory();
  const { text } = await (await openHandles(record, () => clock)).make({ ...binding, lifetimeMs: dayMs });
  const stored = JSON.parse(new TextDecoder().decode(record.stored)) as { handles: { expiresAt?: number }[] };
  delete stored.handles[0]?.expiresAt;
  record.stored = new TextEncoder().encode(JSON.stringify(stored));
  const handles = await openHandles(record, () => clock);
  clock += 89 * dayMs;
  expect(handles.verify(comes(text))).toMatchObject({ ok: true });
  clock += dayMs;
  expect(handles.verify(comes(text))).toMatchObject({ code: 'handle-expired' });
});

it('revoking one cuts before it writes: a slow disk keeps no session open', async () => {
  const order: string[] = [];
  const record = memory();
  const handles = await openHandles(record);
  const { handle, text } = await handles.make({ ...binding, lifetimeMs: dayMs });
  let written = (): void => undefined;
  record.write = () =>
    new Promise((resolve) => {
      written = () => {
        order.push('written');
        resolve();
      };
    });
  const service = createHandleService({
    logins: {} as never,
    accounts: {} as never,
    handles,
    audit: { append: async () => undefined },
    placeOf,
    uid: 1000,
    revokeWhere: async (which) => {
      order.push(`cut ${which({ handleId: handle.id } as never)}`);
      return 1;
    },
    changed: () => undefined,
  });
  const revoking = service.revoke(handle.id);
  expect(order).toEqual(['cut true']);
  expect(handles.verify(comes(text))).toMatchObject({ code: 'handle-revoked' });
  written();
  await revoking;
  expect(order).toEqual(['cut true', 'written']);
});

it('short tokens behind handles are reused, and leave the limit to the person', async () => {
  const clock = Date.now();
  const rule = { group, role: 'reader', mfa: 'never', tokenLifetime: '60s', handleLifetime: '1h' } as const;
  const connection = { name: 'sales', rules: [rule] } as unknown as ConnectionSettings;
  const session = {
    id: 's1',
    account,
    groups: [{ id: group, name: 'Analysts' }],
    groupsReadAt: clock,
    since: clock,
    until: clock + 8 * 3600_000,
  } as LiveSession;
  const scram = { salt: Buffer.alloc(16, 1), iterations: 4096 };
  const tokens = createTokens(scram, { wall: () => clock, monotonic: () => 0 });
  const entitlements = (until: number) =>
    createEntitlements({
      tokens,
      audit: { append: async () => undefined },
      sessions: () => [{ ...session, until }],
      checkOpen: () => undefined,
      groupsMaxAgeMs: () => dayMs,
      defaultTokenLifetime: () => '15m',
      changed: () => undefined,
      now: () => clock,
    });
  const handles = await openHandles(memory(), () => clock);
  // More handles than there may be tokens, as reports and pools have them.
  for (let count = 0; count < 300; count += 1) {
    const { handle } = await handles.make({ ...binding, lifetimeMs: dayMs });
    for (const until of [session.until, session.until, clock + 30_000, clock + 30_000]) {
      await entitlements(until).tokenBehind(handle, connection, { clientUser: 'ada', database: 'sales' });
    }
    handles.revoke(handle.id).catch(() => undefined);
  }
  expect(tokens.list().length).toBeLessThanOrEqual(300);
  const own = { sessionId: 's1', connection: 'sales', role: 'reader', groupId: group, account, uid: 1000 };
  for (let count = 0; count < 1000; count += 1) tokens.mint({ ...own, handleId: `h${count}` }, 60);
  await expect(tokens.issue(own, 60)).resolves.toMatchObject({ token: { role: 'reader' } });
});

it('a new one lives as long as its rule says or 90 days, the shortest of the roles that it may take', async () => {
  const clock = Date.UTC(2026, 0, 1);
  const sales = configuredConnection({
    name: 'sales',
    protocol: 'postgresql',
    port: 15432,
    upstream: { host: 'db.example', database: 'sales' },
    rules: [
      { group, role: 'reader', password: { stored: 'reader' } },
      { group, role: 'writer', password: { stored: 'writer' }, handleLifetime: '30d' },
      { group, role: 'owner', password: { stored: 'owner' }, handleLifetime: '120d' },
    ],
  });
  const session = { account, groups: [{ id: group, name: 'Analysts' }] } as LiveSession;
  const events: AuditEvent[] = [];
  const handles = await openHandles(memory(), () => clock);
  const service = createHandleService({
    logins: {
      connectionNamed: () => sales,
      permitted: (of, connection) =>
        ({ session: of, ways: permissions(connection, of.groups, '15m') }) as never,
    },
    accounts: { forConnection: () => session },
    handles,
    audit: { append: async (event) => void events.push(event) },
    placeOf,
    uid: 1000,
    revokeWhere: async () => 0,
    changed: () => undefined,
  });
  const days = { reader: 90, writer: 30, owner: 120, any: 30 };
  for (const [role, lifetime] of Object.entries(days)) {
    const expiresAt = new Date(clock + lifetime * dayMs).toISOString();
    const made = await service.make({ connection: 'sales', tool: 'psql', ...(role !== 'any' && { role }) });
    expect(made, role).toMatchObject({ expiresAt });
    expect(handles.list().at(-1), role).toMatchObject({ id: made.id, expiresAt });
    expect(events.at(-1), role).toMatchObject({ event: 'handle-made', handleId: made.id, expiresAt });
  }
});

it('a tool that has saved the name of before a rename is let in, as is one with the name of now', async () => {
  const clock = Date.now();
  const rule = { group, role: 'reader', mfa: 'never' } as const;
  const connection = {
    name: 'sales',
    protocol: 'postgresql',
    rules: [rule],
  } as unknown as ConnectionSettings;
  const renamed: LiveSession = {
    id: 's1',
    provider: 'work',
    account: { ...account, username: 'ada.king@fabrikam.example' },
    groups: [{ id: group, name: 'Analysts' }],
    groupsReadAt: clock,
    since: clock,
    until: clock + 8 * 3600_000,
  };
  const scram = { salt: Buffer.alloc(16, 1), iterations: 4096 };
  const { tokenBehind } = createEntitlements({
    tokens: createTokens(scram, { wall: () => clock, monotonic: () => 0 }),
    audit: { append: async () => undefined },
    sessions: () => [renamed],
    checkOpen: () => undefined,
    groupsMaxAgeMs: () => dayMs,
    defaultTokenLifetime: () => '15m',
    changed: () => undefined,
    now: () => clock,
  });
  const before = { ...account, username: 'ada@fabrikam.example' };
  const handles = await openHandles(memory(), () => clock);
  const { handle } = await handles.make({ ...binding, account: before, lifetimeMs: dayMs });
  const login = (clientUser: string) => tokenBehind(handle, connection, { clientUser, database: 'sales' });
  for (const name of [before.username, renamed.account.username])
    expect(await login(name)).toMatchObject({ role: 'reader', account: { objectId: account.objectId } });
  await expect(login('bruno@fabrikam.example')).rejects.toMatchObject({ code: 'role-not-allowed' });
});

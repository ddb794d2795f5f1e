import { createLiveLogins } from '../../main/access/live-logins.ts';
import { createOpenSessions } from '../../main/access/open-sessions.ts';
import { createRecentLogins } from '../../main/access/recent-logins.ts';
import type { Token } from '../../main/access/tokens.ts';
import type { AuditEvent } from '../../main/audit/events.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { describe, expect } from 'vitest';
import { configuredConnection } from '../support/configured-connection.ts';
import { signIn, start } from './people-world.ts';
import { it, type World } from './world.ts';

const ended = { sessionId: 'db1', bytesFromClient: 0, bytesFromUpstream: 0 };
const group = '00000000-0000-4000-8000-000000000001';

/** One database session of this person, with the credentials of a broker. */
async function openSession(world: World, password: object, protocol: 'mysql' | 'postgresql' = 'mysql') {
  const started = await start(world);
  const session = await signIn(started, 'ada@fabrikam.example', fabrikam.users.ada);
  const { connection, rule } = connectionWith(password, protocol);
  const live = createLiveLogins();
  const events: AuditEvent[] = [];
  let released = 0;
  live.add({
    // Nothing of it counts any more once the session is open.
    token: {} as Token,
    connection,
    request: { connection: connection.name, rule, session },
    release: () => void (released += 1),
    database: 'shop',
    shown: {
      id: 'db1',
      connection: connection.name,
      username: session.account.username,
      role: rule.role,
      database: 'shop',
      program: 'mysql',
      since: new Date(session.since).toISOString(),
      bytesFromClient: 0,
      bytesFromUpstream: 0,
    },
  });
  const open = createOpenSessions({
    live,
    audit: { append: async (event) => void events.push(event) },
    credentialAgain: started.credentials.again,
    log: (line) => void world.lines.push(line),
    recent: createRecentLogins({ changed: () => undefined }),
    changed: () => undefined,
  });
  return { ...started, ...open, id: session.id, events, released: () => released };
}

function connectionWith(password: object, protocol: string) {
  const connection = configuredConnection({
    name: 'shop',
    protocol,
    port: 13306,
    upstream: { host: 'db.example', database: 'shop' },
    rules: [{ group, role: 'shop-reader', password }],
  });
  const [rule] = connection.rules;
  if (rule === undefined) throw new Error('no rule');
  return { connection, rule };
}

describe('what stops a statement at MySQL after the sign-in has ended', () => {
  it.for(['signed out', 'refused by the directory'])(
    'is the token that was kept: %s',
    async (how, { world }) => {
      const { id, session, keepCredentials, loginAgain } = await openSession(world, {
        entra: 'mysql',
        user: 'person',
      });
      await keepCredentials();
      if (how === 'signed out') await session.signOutOf(id);
      else await session.end(() => true, { code: 'account-disabled', message: 'Disabled.' });
      const login = await loginAgain('db1');
      expect(login).toMatchObject({ user: 'ada@fabrikam.example', database: 'shop' });
      const [, claims = ''] = (login?.accessToken ?? '').split('.');
      expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
        oid: fabrikam.users.ada,
      });
      world.keepSecret(login?.accessToken ?? '');
    },
  );

  it('is fetched for nobody whose statements are stopped otherwise', async ({ world }) => {
    const { keepCredentials, databaseRequests } = await openSession(
      world,
      { entra: 'postgresql' },
      'postgresql',
    );
    await keepCredentials();
    expect(databaseRequests()).toBe(0);
  });

  it('is the user that a vault has made for the session, who stays until its end', async ({ world }) => {
    const { loginAgain, sessionEnded, released, session, id } = await openSession(world, {
      vault: { address: 'https://vault.example', path: 'database/creds/shop', auth: { stored: 'vault' } },
    });
    await session.signOutOf(id);
    expect(await loginAgain('db1')).toBeUndefined();
    expect(released()).toBe(0);
    sessionEnded({ ...ended, reason: 'cut' });
    expect(released()).toBe(1);
  });

  it('and is not enough is on record', async ({ world }) => {
    const { sessionEnded, events } = await openSession(world, { entra: 'mysql' });
    const notStopped = { code: 'upstream-login-failed', message: 'The server refuses the token.' } as const;
    sessionEnded({ ...ended, reason: 'cut', notStopped });
    expect(events).toMatchObject([
      {
        event: 'statement-not-stopped',
        databaseSessionId: 'db1',
        connection: 'shop',
        code: 'upstream-login-failed',
      },
      { event: 'database-session-ended', reason: 'cut' },
    ]);
  });
});

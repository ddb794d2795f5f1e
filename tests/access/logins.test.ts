import { beforeEach, describe, expect, it } from 'vitest';
import { createLogins, type LoginsOptions } from '../../main/access/logins.ts';
import { openHandles, type Handles } from '../../main/access/handles.ts';
import { createLiveLogins } from '../../main/access/live-logins.ts';
import { createTokens, type Token } from '../../main/access/tokens.ts';
import type { AuditEvent } from '../../main/audit/events.ts';
import { parseConfiguration } from '../../main/config/load.ts';
import { LatchkeyError } from '../../main/contract/errors.ts';
import type { LoginAttempt, LoginDecision, Peer } from '../../main/gateway/ports.ts';
import type { LiveSession } from '../../main/session/live-session.ts';

const analysts = '00000000-0000-4000-8000-00000000000a';
const { connections } = parseConfiguration(
  `
providers:
  - {name: work, type: azure-directory, authority: 'https://login.microsoftonline.com/6c1d4b60-8a3f-4c57-9d0b-0f0d3f2a9a11', applicationId: ${analysts}}
connections:
  - name: sales
    protocol: postgresql
    port: 15432
    upstream: {host: db.example, database: warehouse}
    rules:
      - {group: ${analysts}, role: reader, password: {stored: reader}}
`,
  'the test',
);

const account = {
  provider: 'work',
  tenantId: 't',
  objectId: 'o',
  username: 'ada@t.example',
  displayName: 'Ada',
};
const own: Peer = { transport: 'tcp', address: '127.0.0.1', port: 5, localPort: 15432, uid: 1000 };

describe('logins', () => {
  const tokens = createTokens(
    { salt: new Uint8Array(16), iterations: 1 },
    { wall: () => clock, monotonic: () => clock },
  );
  let clock = Date.UTC(2026, 0, 1);
  let session: LiveSession | undefined;
  let events: AuditEvent[];
  let lines: string[];
  let issued: { token: Token; text: string };
  let handles: Handles;
  let released: number;

  function logins(change: Partial<LoginsOptions> = {}) {
    return createLogins({
      connections: () => connections,
      tokens,
      audit: { append: async (event) => void events.push(event) },
      sessions: () => (session === undefined ? [] : [session]),
      handles,
      live: createLiveLogins(),
      credentialAgain: async () => undefined,
      credential: async () => ({ password: 'the password', release: async () => void (released += 1) }),
      waitFor: {
        signIn: async () => undefined,
        client: async () => undefined,
        secondFactor: async () => undefined,
      },
      patienceMs: () => 1000,
      groupsMaxAgeMs: () => 3600_000,
      defaultTokenLifetime: () => '15m',
      checkOpen: () => undefined,
      uid: 1000,
      changed: () => undefined,
      log: (line) => lines.push(line),
      now: () => clock,
      ...change,
    });
  }

  function attempt(change: Partial<LoginAttempt> = {}): LoginAttempt {
    return {
      connection: 'sales',
      clientUser: account.username,
      database: 'sales',
      program: 'psql',
      peer: own,
      proof: { kind: 'password', password: issued.text },
      ...change,
    };
  }

  const asked = (secondFactor: () => Promise<void>): LoginsOptions['waitFor'] => ({
    signIn: async () => undefined,
    client: async () => undefined,
    secondFactor,
  });

  const forMysql = connections.map((connection) => ({ ...connection, protocol: 'mysql' as const }));

  it('an expired token of MySQL may stop its own live sessions, and only as long as they live', async () => {
    const { authorize, sessionEnded } = logins({ connections: () => forMysql });
    const first = await authorize(attempt(), new AbortController().signal);
    const sessionId = first.allow ? first.sessionId : '';
    clock += 16 * 60_000;
    const again = await authorize(attempt(), new AbortController().signal);
    expect(again).toMatchObject({ allow: true, onlyKill: [sessionId] });
    expect(events.at(-1)).toMatchObject({ event: 'login-allowed', only: 'kill' });
    const stranger = await authorize(attempt({ clientUser: 'somebody' }), new AbortController().signal);
    expect(codeOf(stranger)).toBe('token-expired');
    for (const decision of [first, again]) {
      if (decision.allow)
        sessionEnded({
          sessionId: decision.sessionId,
          reason: 'client-closed',
          bytesFromClient: 0,
          bytesFromUpstream: 0,
        });
    }
    expect(codeOf(await authorize(attempt(), new AbortController().signal))).toBe('token-expired');
    const postgres = logins();
    await postgres.authorize(attempt(), new AbortController().signal);
    expect(codeOf(await postgres.authorize(attempt(), new AbortController().signal))).toBe('token-expired');
  });

  const codeOf = (decision: LoginDecision): string =>
    decision.allow ? 'allowed' : decision.refusal.problem.code;

  beforeEach(async () => {
    handles = await openHandles({ lasting: true, read: async () => undefined, write: async () => undefined });
    released = 0;
    events = [];
    lines = [];
    session = {
      id: 's1',
      provider: 'work',
      account,
      groups: [{ id: analysts, name: 'Analysts' }],
      groupsReadAt: clock,
      since: clock,
      until: clock + 8 * 3600_000,
    };
    tokens.revoke(() => true);
    const binding = {
      sessionId: 's1',
      connection: 'sales',
      role: 'reader',
      groupId: analysts,
      account,
      uid: 1000,
    };
    issued = await tokens.issue(binding, 900);
  });

  it('lets in with what the upstream needs, and after the record alone', async () => {
    const recorded = Promise.withResolvers<void>();
    const { authorize, sessions, sessionOpened, sessionEnded, sessionIds } = logins({
      audit: {
        append: async (event) => {
          events.push(event);
          await recorded.promise;
        },
      },
    });
    let decision: LoginDecision | undefined;
    const asked = authorize(attempt()).then((answer) => (decision = answer));
    await new Promise((resolve) => setImmediate(resolve));
    expect(decision).toBeUndefined();
    expect(events).toMatchObject([{ event: 'login-allowed', tokenId: issued.token.id, uid: 1000 }]);
    recorded.resolve();
    expect(await asked).toMatchObject({
      allow: true,
      login: { user: 'reader', database: 'warehouse', password: 'the password' },
    });
    // Shown from the moment on that the client is through; known, so that it can be cut, from the decision on.
    const ids = sessionIds(() => true);
    expect(ids).toHaveLength(1);
    expect(sessions()).toEqual([]);
    sessionOpened(ids[0] ?? '');
    expect(sessions()).toMatchObject([{ role: 'reader', program: 'psql', username: 'ada@t.example' }]);
    const end = {
      sessionId: ids[0] ?? '',
      reason: 'client-closed' as const,
      bytesFromClient: 1,
      bytesFromUpstream: 2,
    };
    sessionEnded(end);
    sessionEnded(end);
    expect(sessions()).toEqual([]);
    expect(events.map(({ event }) => event)).toEqual([
      'login-allowed',
      'database-session-opened',
      'database-session-ended',
    ]);
  });

  it.each<[string, () => void]>([
    ['sign-in-required', () => (session = undefined)],
    ['groups-unknown', () => session && (session.groupsReadAt = clock - 3600_001)],
    ['not-allowed', () => session && (session.groups = [])],
    ['token-revoked', () => session && (session.id = 's2')],
    ['token-revoked', () => void tokens.revoke(() => true)],
    ['token-expired', () => (clock += 900_000)],
  ])('refuses with %s', async (code, change) => {
    const { authorize, sessionIds } = logins();
    change();
    const decision = await authorize(attempt());
    expect(codeOf(decision)).toBe(code);
    expect(decision).toMatchObject({
      refusal: { sqlState: '28000', problem: { remedy: expect.any(String) as string } },
    });
    expect(events).toMatchObject([{ event: 'login-refused', code, tokenId: issued.token.id }]);
    expect(sessionIds(() => true)).toEqual([]);
  });

  it('refuses where no password is stored, or the store fails', async () => {
    const failing = (error: Error) => {
      const credential = async (): Promise<never> => {
        throw error;
      };
      return logins({ credential }).authorize(attempt());
    };
    const missing = new LatchkeyError('credential-missing', 'Not stored.');
    expect(codeOf(await failing(missing))).toBe('credential-missing');
    const locked = new LatchkeyError('seal-unavailable', 'The keychain is locked.');
    expect(codeOf(await failing(locked))).toBe('seal-unavailable');
    const decision = await failing(new TypeError('secret hunter2'));
    expect(decision).toMatchObject({
      allow: false,
      refusal: { sqlState: 'XX000', problem: { code: 'internal' } },
    });
    expect(JSON.stringify(decision)).not.toContain('hunter2');
    expect(lines.join()).toContain('TypeError: secret hunter2');
  });

  it('refuses while nothing can be recorded', async () => {
    const unwritable = new LatchkeyError('audit-unwritable', 'The audit cannot be written.');
    const { authorize, sessionIds } = logins({ audit: { append: () => Promise.reject(unwritable) } });
    expect(codeOf(await authorize(attempt()))).toBe('audit-unwritable');
    expect(sessionIds(() => true)).toEqual([]);
    expect(released).toBe(1);
  });

  it.each<[string, string, () => void]>([
    ['the person signs out', 'token-revoked', () => (session = undefined)],
    ['the token is revoked', 'token-revoked', () => void tokens.revoke(() => true)],
    ['the token expires', 'token-expired', () => (clock += 900_000)],
  ])('refuses where %s while the record is being written', async (_what, code, change) => {
    let first = true;
    const { authorize, sessionIds } = logins({
      audit: {
        append: async (event) => {
          events.push(event);
          if (first) change();
          first = false;
        },
      },
    });
    expect(codeOf(await authorize(attempt()))).toBe(code);
    expect(events.map(({ event }) => event)).toEqual(['login-allowed', 'login-refused']);
    expect(sessionIds(() => true)).toEqual([]);
  });

  it('looks at everything again when it has waited for a second factor', async () => {
    const asking = connections.map((each) => ({
      ...each,
      rules: each.rules.map((rule) => ({ ...rule, mfa: 'login' as const })),
    }));
    const whileWaiting: [string, () => void][] = [
      ['sign-in-required', () => (session = undefined)],
      ['not-allowed', () => session && (session = { ...session, groups: [] })],
      ['token-revoked', () => tokens.revoke(() => true)],
    ];
    for (const [code, happens] of whileWaiting) {
      const before = session;
      issued = await tokens.issue(issued.token, 900);
      const { authorize } = logins({ connections: () => asking, waitFor: asked(async () => void happens()) });
      expect(codeOf(await authorize(attempt()))).toBe(code);
      session = before;
    }
    const { authorize } = logins({
      connections: () => asking,
      waitFor: asked(async () => {
        throw new LatchkeyError('mfa-denied', 'Denied.');
      }),
    });
    issued = await tokens.issue(issued.token, 900);
    expect(codeOf(await authorize(attempt()))).toBe('mfa-denied');
  });
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createLiveLogins } from '../../main/access/live-logins.ts';
import { openHandles } from '../../main/access/handles.ts';
import { createTokenIssuer } from '../../main/access/issue-token.ts';
import { createLogins } from '../../main/access/logins.ts';
import { createRevocation } from '../../main/access/revocation.ts';
import { createTokens } from '../../main/access/tokens.ts';
import { createWhichAccount } from '../../main/access/which-account.ts';
import type { AuditEvent } from '../../main/audit/events.ts';
import { parseConfiguration } from '../../main/config/load.ts';
import type { Account } from '../../main/contract/state.ts';
import type { LiveSession } from '../../main/session/live-session.ts';

const names = ['ada', 'bruno', 'carla', 'dario'] as const;
/** What the groups of each tenant open, beside a role that all of them have. */
const roles = { work: 'reader', other: 'owner' } as const;
const shared = { id: '00000000-0000-4000-8000-00000000000c', role: 'clerk' };
type Tenant = keyof typeof roles;
const groupOf = (tenant: Tenant): string =>
  `00000000-0000-4000-8000-00000000000${tenant === 'work' ? 'a' : 'b'}`;

const { connections } = parseConfiguration(
  `
providers: []
connections:
  - name: sales
    protocol: postgresql
    port: 15432
    upstream: {host: db.example, database: sales}
    rules:
      - {group: ${groupOf('work')}, role: reader, password: {stored: reader}}
      - {group: ${groupOf('other')}, role: owner, password: {stored: owner}, mfa: login}
      - {group: ${shared.id}, role: ${shared.role}, password: {stored: clerk}}
`,
  'the test',
);

/** The same object ids and sign-in names in both tenants, which nothing may take for one account. */
const accountOf = (who: string, tenant: Tenant): Account => ({
  provider: tenant,
  tenantId: tenant,
  objectId: `id-${who}`,
  username: `${who}@t.example`,
  displayName: who,
});
const keyOf = ({ tenantId, objectId }: Pick<Account, 'tenantId' | 'objectId'>): string =>
  `${tenantId} ${objectId}`;

const who = fc.constantFrom(...names);
const tenant = fc.constantFrom<Tenant>('work', 'other');
const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('in' as const), who, tenant }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('out' as const), who, tenant }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('issue' as const),
      as: fc.option(who, { nil: undefined }),
      role: fc.constantFrom(undefined, 'reader', 'owner', 'clerk'),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('log-in' as const), token: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('revoke' as const), token: fc.nat(30) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('hold' as const, 'let-go', 'turn', 'turn') }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer Of> ? Of : never;

/** Access as the broker joins it, with sessions as the walk says, and what waits held back as long as it says. */
async function createWorld() {
  let sessions: LiveSession[] = [];
  let counter = 0;
  let held: PromiseWithResolvers<void> | undefined;
  const events: AuditEvent[] = [];
  const issued: { id: string; text: string; key: string; role: string }[] = [];
  const running: Promise<unknown>[] = [];
  const live = createLiveLogins();
  const clock = Date.now();
  const tokens = createTokens(
    { salt: new Uint8Array(16), iterations: 1 },
    { wall: () => clock, monotonic: () => clock },
  );
  const audit = {
    async append(event: AuditEvent): Promise<void> {
      await held?.promise;
      events.push(event);
    },
  };
  const signedIn = () => sessions;
  const common = { tokens, audit, sessions: signedIn, uid: 1000, changed: () => undefined };
  const logins = createLogins({
    ...common,
    live,
    connections: () => connections,
    handles: await openHandles({ lasting: true, read: async () => undefined, write: async () => undefined }),
    credentialAgain: async () => undefined,
    async credential({ session, rule }) {
      await held?.promise;
      expect([shared.role, roles[session.account.tenantId as Tenant]]).toContain(rule.role);
      return { password: keyOf(session.account), release: async () => undefined };
    },
    waitFor: {
      signIn: async () => undefined,
      client: async () => undefined,
      async secondFactor({ account }, _mode, { program }) {
        // Each client of the walk calls itself by whose it is.
        expect(program).toBe(keyOf(account));
        await held?.promise;
      },
    },
    patienceMs: () => 1000,
    groupsMaxAgeMs: () => 3600_000,
    defaultTokenLifetime: () => '15m',
    checkOpen: () => undefined,
    log: (line) => expect.fail(line),
  });
  const accounts = createWhichAccount({ all: signedIn, chosen: () => undefined });
  const place = { host: '127.0.0.1', port: 15432, database: 'sales' };
  const issue = createTokenIssuer({
    ...common,
    logins,
    accounts,
    placeOf: () => place,
    authorityFile: '/ca.pem',
  });
  const end = (sessionId: string): void =>
    logins.sessionEnded({ sessionId, reason: 'client-closed', bytesFromClient: 0, bytesFromUpstream: 0 });
  const { revokeWhere } = createRevocation({
    ...common,
    logins,
    cut: (ids) => ids.forEach(end),
    onLock: () => 'keep',
    lock: () => undefined,
    forgetUntilLock: () => undefined,
    signOut: async () => undefined,
  });

  /** The one account that such a request can mean, as things stand; undefined where it is none or a guess. */
  function meant(as: string | undefined, role: string | undefined): LiveSession | undefined {
    const named = sessions.filter(({ account }) => as === undefined || account.displayName === as);
    const able = as !== undefined || named.length === 1 ? named : named.filter((one) => fits(one, role));
    return able.length === 1 && able.every((one) => fits(one, role)) ? able[0] : undefined;
  }
  const fits = ({ account }: LiveSession, role: string | undefined): boolean =>
    role === undefined || role === shared.role || role === roles[account.tenantId as Tenant];

  async function issueOne(as: string | undefined, role: string | undefined): Promise<void> {
    const found = meant(as, role);
    const name = as === undefined ? {} : { as: `id-${as}` };
    const token = await issue({ connection: 'sales', role, ...name }).catch(() => undefined);
    if (token === undefined) return;
    if (found === undefined) throw new Error(`a token for a guess: ${as} ${role}`);
    const key = keyOf(found.account);
    expect(token.role).toBe(role ?? roles[found.account.tenantId as Tenant]);
    const record = events.find((event) => event.event === 'token-issued' && event.tokenId === token.id);
    expect(record).toMatchObject({ account: { ...found.account }, role: token.role });
    issued.push({ id: token.id, text: token.token, key, role: token.role });
  }

  async function logIn(index: number): Promise<void> {
    const token = issued[index % Math.max(1, issued.length)];
    if (token === undefined) return;
    const [tenantId = '', objectId = ''] = token.key.split(' ');
    const isIn = sessions.some(({ account }) => keyOf(account) === token.key);
    const decision = await logins.authorize({
      connection: 'sales',
      clientUser: `${objectId.replace('id-', '')}@t.example`,
      database: 'sales',
      program: token.key,
      peer: { transport: 'tcp', address: '127.0.0.1', port: 5, localPort: 15432, uid: 1000 },
      proof: { kind: 'password', password: token.text },
    });
    if (!decision.allow) return;
    if (!isIn) throw new Error(`${token.key} was let in after the end`);
    expect(decision.login).toMatchObject({ user: token.role, password: token.key });
    expect(
      events.find((one) => one.event === 'login-allowed' && one.databaseSessionId === decision.sessionId),
    ).toMatchObject({ tokenId: token.id, account: { tenantId, objectId } });
  }

  return {
    /** What stands at any moment stands on somebody who is signed in, and on the right one. */
    check(): void {
      for (const token of tokens.list())
        expect(keyOf(sessions.find(({ id }) => id === token.sessionId)?.account ?? token.account)).toBe(
          keyOf(token.account),
        );
      for (const id of live.ids(() => true)) {
        const login = live.find(id);
        const session = sessions.find((one) => one.id === login?.token.sessionId);
        expect(keyOf(session?.account ?? accountOf('nobody', 'work'))).toBe(
          keyOf(login?.token.account ?? accountOf('somebody', 'work')),
        );
        expect(keyOf(login?.request.session.account ?? accountOf('nobody', 'work'))).toBe(
          keyOf(session?.account ?? accountOf('somebody', 'work')),
        );
      }
    },
    step(op: Operation): void {
      switch (op.do) {
        case 'in': {
          const account = accountOf(op.who, op.tenant);
          if (sessions.some((one) => keyOf(one.account) === keyOf(account))) return;
          const groups = [groupOf(op.tenant), shared.id].map((id) => ({ id, name: id }));
          const times = { groupsReadAt: clock, since: clock, until: clock + 8 * 3600_000 };
          sessions = [
            ...sessions,
            { id: `s${(counter += 1)}`, provider: op.tenant, account, groups, ...times },
          ];
          return;
        }
        case 'out': {
          const gone = sessions.find((one) => keyOf(one.account) === keyOf(accountOf(op.who, op.tenant)));
          if (gone === undefined) return;
          sessions = sessions.filter((one) => one !== gone);
          running.push(revokeWhere(({ sessionId }) => sessionId === gone.id, 'The end.'));
          return;
        }
        case 'issue':
          running.push(issueOne(op.as, op.role));
          return;
        case 'log-in':
          running.push(logIn(op.token));
          return;
        case 'revoke': {
          const { id } = issued[op.token % Math.max(1, issued.length)] ?? {};
          running.push(revokeWhere((token) => token.id === id, 'Revoked.'));
          return;
        }
        case 'hold':
          held ??= Promise.withResolvers();
          return;
        case 'let-go':
          held?.resolve();
          held = undefined;
          return;
        case 'turn':
      }
    },
    async settle(): Promise<{ tokens: number; logins: number }> {
      held?.resolve();
      held = undefined;
      await Promise.all(running);
      for (const { id, sessionId } of tokens.list()) {
        expect(sessions.map((one) => one.id)).toContain(sessionId);
        // What stands does open the database.
        const index = issued.findIndex((one) => one.id === id);
        const before = live.ids(() => true).length;
        await logIn(index);
        expect(live.ids(() => true)).toHaveLength(before + 1);
      }
      return { tokens: issued.length, logins: live.ids(() => true).length };
    },
  };
}

it(
  'no token, credential, prompt or record is of another account, whatever overlaps',
  { timeout: 60_000 },
  async () => {
    const seen = { tokens: 0, logins: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(operation, { minLength: 40, maxLength: 160, size: 'max' }),
        async (operations) => {
          const world = await createWorld();
          for (const op of operations) {
            world.step(op);
            if (op.do === 'turn' || op.do === 'let-go') await new Promise((resolve) => setImmediate(resolve));
            world.check();
          }
          const { tokens, logins } = await world.settle();
          world.check();
          seen.tokens += tokens;
          seen.logins += logins;
        },
      ),
      { numRuns: 150 },
    );
    // A walk in which nothing comes about would show nothing.
    expect(seen.tokens).toBeGreaterThan(150);
    expect(seen.logins).toBeGreaterThan(50);
  },
);

import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, vi } from 'vitest';
import { createTestAuthority } from '../support/certificates.ts';
import { it, type World } from './world.ts';
import { startVault, type VaultStandIn } from './vault-stand-in.ts';

const readonly = 'database/creds/readonly';
/** For hangs only. */
const patience = { timeout: 30_000, interval: 50 };

async function start(world: World, options: Parameters<typeof startVault>[0] = {}): Promise<VaultStandIn> {
  const vault = await startVault(options);
  world.onClose(async () => {
    await vault.close();
    world.keepSecret(...vault.secrets);
    expect(vault.requests.filter(({ url }) => [...vault.secrets].some((text) => url.includes(text)))).toEqual(
      [],
    );
  });
  return vault;
}

function withToken(world: World, vault: VaultStandIn, more: object = {}) {
  world.stored.set('vault-token', vault.addToken());
  const auth = { stored: 'vault-token' };
  return world.rule({ vault: { address: vault.address, path: readonly, auth, ...more } });
}

function withAppRole(world: World, vault: VaultStandIn, more: object = {}) {
  world.stored.set('secret-id', vault.secretId);
  const auth = { appRole: { roleId: vault.roleId, secretId: { stored: 'secret-id' } } };
  return world.rule({ vault: { address: vault.address, path: readonly, auth, ...more } });
}

describe.concurrent('a database user of the vault', () => {
  it('is made for a session and gone with it', async ({ world }) => {
    const vault = await start(world);
    const rule = withToken(world, vault);
    const credentials = world.open();
    const credential = await world.acquire(credentials, rule);
    expect(vault.users()).toEqual([credential.user]);
    expect(vault.secrets).toContain(credential.password);
    expect(credential.accessToken).toBeUndefined();
    await Promise.all([credential.release(), credential.release()]);
    expect(vault.users()).toEqual([]);
    expect(vault.count('sys/leases/revoke')).toBe(1);
    expect(world.lines).toEqual([]);
  });

  it('each session has its own, and a crowd of them keeps to the limit', async ({ world }) => {
    const vault = await start(world);
    vault.delayMs = 20;
    const rule = withAppRole(world, vault);
    const credentials = world.open();
    const all = await Promise.all(Array.from({ length: 50 }, () => world.acquire(credentials, rule)));
    expect(new Set(all.map(({ user }) => user)).size).toBe(50);
    expect(vault.users()).toHaveLength(50);
    expect(vault.peak).toBeGreaterThan(1);
    expect(vault.peak).toBeLessThanOrEqual(8);
    expect(vault.count('auth/approle/login')).toBe(1);
    await Promise.all(all.map(({ release }) => release()));
    expect(vault.users()).toEqual([]);
  });

  it('lives longer than its first lease while the session does', async ({ world }) => {
    const vault = await start(world);
    vault.terms.leaseSeconds = 6;
    const rule = withToken(world, vault);
    const credential = await world.acquire(world.open(), rule);
    await vi.waitFor(() => expect(vault.count('sys/leases/renew')).toBeGreaterThanOrEqual(3), patience);
    expect(vault.users()).toEqual([credential.user]);
    await credential.release();
    const renewals = vault.count('sys/leases/renew');
    await new Promise((resolve) => setTimeout(resolve, 3500));
    expect(vault.count('sys/leases/renew')).toBe(renewals);
    expect(world.lines).toEqual([]);
  });

  it('survives renewals that fail, which the log tells', async ({ world }) => {
    const vault = await start(world);
    vault.terms.leaseSeconds = 10;
    vault.faults.push({ path: /renew$/, times: 2, answer: 500 });
    const credential = await world.acquire(world.open(), withToken(world, vault));
    await vi.waitFor(() => expect(vault.count('sys/leases/renew')).toBeGreaterThanOrEqual(3), patience);
    expect(vault.users()).toEqual([credential.user]);
    expect(world.lines).toHaveLength(2);
    expect(world.lines[0]).toMatch(
      /^vault database\/creds\/readonly: a lease could not be renewed \(HTTP 500\); it ends at 20/,
    );
  });

  it('is told to be gone when somebody else has revoked it', async ({ world }) => {
    const vault = await start(world);
    vault.terms.leaseSeconds = 2;
    const credential = await world.acquire(world.open(), withToken(world, vault));
    vault.revokeLeases();
    await vi.waitFor(() => expect(world.lines).toHaveLength(1), patience);
    expect(world.lines[0]).toMatch(/is gone before its session was over \(HTTP 400\)/);
    expect(vault.count('sys/leases/renew')).toBe(1);
    await credential.release();
    expect(world.lines).toHaveLength(1);
  });

  it('whose lease cannot be renewed is not renewed, and said to end', async ({ world }) => {
    const vault = await start(world);
    Object.assign(vault.terms, { leaseSeconds: 1, leaseRenewable: false });
    const credential = await world.acquire(world.open(), withToken(world, vault));
    expect(world.lines).toEqual([expect.stringMatching(/cannot be renewed; it ends at 20/)]);
    await vi.waitFor(() => expect(vault.users()).toEqual([]), patience);
    expect(vault.count('sys/leases/renew')).toBe(0);
    await credential.release();
    expect(world.lines).toHaveLength(1);
  });

  it('at its greatest age is renewed no longer', async ({ world }) => {
    const vault = await start(world);
    Object.assign(vault.terms, { leaseSeconds: 4, leaseMaxSeconds: 5 });
    await world.acquire(world.open(), withToken(world, vault));
    await vi.waitFor(() => expect(vault.users()).toEqual([]), patience);
    await vi.waitFor(() => expect(world.lines).toHaveLength(1), patience);
    expect(world.lines[0]).toMatch(/can be renewed no longer|is gone before its session was over/);
    expect(vault.count('sys/leases/renew')).toBeLessThan(10);
  });

  it('that cannot be revoked is said to end by itself, and does', async ({ world }) => {
    const vault = await start(world);
    Object.assign(vault.terms, { leaseSeconds: 4 });
    vault.faults.push({ path: /revoke$/, times: Infinity, answer: 500 });
    const credential = await world.acquire(world.open(), withToken(world, vault));
    await credential.release();
    expect(vault.count('sys/leases/revoke')).toBe(3);
    expect(world.lines).toEqual([
      expect.stringMatching(/could not be revoked \(HTTP 500\); it ends by itself at 20/),
    ]);
    await vi.waitFor(() => expect(vault.users()).toEqual([]), patience);
  });

  it('that the policy does not let revoke is told with what it needs', async ({ world }) => {
    const vault = await start(world);
    vault.mayRevoke = false;
    const credential = await world.acquire(world.open(), withAppRole(world, vault));
    await credential.release();
    expect(vault.count('sys/leases/revoke')).toBe(1);
    expect(world.lines).toEqual([
      expect.stringMatching(/could not be revoked \(the policy needs "update" on sys\/leases\/revoke\)/),
    ]);
  });

  it('whose answer makes no sense is revoked at once', async ({ world }) => {
    const vault = await start(world);
    vault.faults.push({ path: /creds/, times: 1, answer: 'no-user' });
    const rule = withToken(world, vault);
    const { code, text } = await world.failure(world.open(), rule);
    expect(code).toBe('credential-failed');
    expect(text).toMatch(/did not answer as expected/);
    expect(vault.count('sys/leases/revoke')).toBe(1);
    expect(vault.users()).toEqual([]);
  });
});

describe.concurrent('a static password of the vault', () => {
  it('has no lease, and a crowd asks once', async ({ world }) => {
    const vault = await start(world);
    vault.delayMs = 50;
    const rule = withToken(world, vault, { path: 'database/static-creds/app' });
    const credentials = world.open();
    const all = await Promise.all(Array.from({ length: 50 }, () => world.acquire(credentials, rule)));
    expect(new Set(all.map(({ user }) => user))).toEqual(new Set(['static_user']));
    expect(vault.count('database/static-creds/app')).toBe(1);
    await Promise.all(all.map(({ release }) => release()));
    await world.acquire(credentials, rule);
    expect(vault.count('database/static-creds/app')).toBe(2);
    expect(vault.count('sys/leases/revoke')).toBe(0);
  });
});

describe.concurrent('signing in to the vault', () => {
  it('with a stored token: a new one counts at once', async ({ world }) => {
    const vault = await start(world);
    const rule = withToken(world, vault);
    const credentials = world.open();
    const first = await world.acquire(credentials, rule);
    vault.revokeTokens();
    expect((await world.failure(credentials, rule)).text).toMatch(
      /does not allow database\/creds\/readonly to be read.* latchkey secret set vault-token/,
    );
    world.stored.set('vault-token', vault.addToken());
    await world.acquire(credentials, rule);
    await first.release();
  });

  it('with a stored token that is missing or no token', async ({ world }) => {
    const vault = await start(world);
    const rule = withToken(world, vault);
    const credentials = world.open();
    world.stored.set('vault-token', 'hvs.two\nlines-canary');
    world.keepSecret('lines-canary');
    expect(await world.failure(credentials, rule)).toEqual({
      code: 'credential-failed',
      text: expect.stringContaining('is no token of a vault') as string,
    });
    world.stored.clear();
    const { code, text } = await world.failure(credentials, rule);
    expect(code).toBe('credential-missing');
    expect(text).toContain('latchkey secret set vault-token');
    expect(vault.requests).toEqual([]);
  });

  it('a stored token with an end is renewed, and one that cannot be is told', async ({ world }) => {
    const vault = await start(world);
    vault.terms.tokenSeconds = 4;
    const rule = withToken(world, vault);
    world.stored.set('vault-token', vault.addToken({ seconds: 4, renewable: true }));
    const credentials = world.open();
    await world.acquire(credentials, rule);
    await vi.waitFor(() => expect(vault.count('auth/token/renew-self')).toBeGreaterThanOrEqual(3), patience);
    expect(vault.users()).toHaveLength(1);
    world.stored.set('vault-token', vault.addToken({ seconds: 2 }));
    await world.acquire(credentials, rule);
    await vi.waitFor(
      () => expect(world.lines.join()).toMatch(/can be renewed no longer; store a new one/),
      patience,
    );
  });

  it('with AppRole: the token is renewed, so that its leases live on', async ({ world }) => {
    const vault = await start(world);
    vault.terms.tokenSeconds = 6;
    const credential = await world.acquire(world.open(), withAppRole(world, vault));
    await vi.waitFor(() => expect(vault.count('auth/token/renew-self')).toBeGreaterThanOrEqual(3), patience);
    expect(vault.count('auth/approle/login')).toBe(1);
    expect(vault.users()).toEqual([credential.user]);
  });

  it('with AppRole: a token whose renewal fails is tried again, which the log tells', async ({ world }) => {
    const vault = await start(world);
    vault.terms.tokenSeconds = 16;
    vault.faults.push({ path: /renew-self/, times: 2, answer: 500 });
    const credential = await world.acquire(world.open(), withAppRole(world, vault));
    await vi.waitFor(() => expect(vault.count('auth/token/renew-self')).toBeGreaterThanOrEqual(3), patience);
    expect(world.lines).toHaveLength(2);
    expect(world.lines[0]).toMatch(/the token could not be renewed \(HTTP 500\)$/);
    expect(vault.users()).toEqual([credential.user]);
    expect(vault.count('auth/approle/login')).toBe(1);
  });

  it('with AppRole: a token that was revoked is replaced, also for releases', async ({ world }) => {
    const vault = await start(world);
    const rule = withAppRole(world, vault);
    const credentials = world.open();
    await world.acquire(credentials, rule);
    vault.revokeTokens();
    const all = await Promise.all(Array.from({ length: 20 }, () => world.acquire(credentials, rule)));
    expect(vault.users()).toHaveLength(20);
    expect(vault.count('auth/approle/login')).toBe(2);
    vault.revokeTokens();
    await Promise.all(all.map(({ release }) => release()));
    expect(world.lines).toEqual([]);
    expect(vault.count('auth/approle/login')).toBe(3);
  });

  it('with AppRole: near its greatest age the token is replaced for new sessions', async ({ world }) => {
    const vault = await start(world);
    Object.assign(vault.terms, { tokenSeconds: 8, tokenMaxSeconds: 7 });
    const rule = withAppRole(world, vault);
    const credentials = world.open();
    const old = await world.acquire(credentials, rule);
    await vi.waitFor(() => expect(vault.count('auth/token/renew-self')).toBe(1), patience);
    vault.terms.tokenMaxSeconds = 3600;
    const fresh = await world.acquire(credentials, rule);
    expect(vault.count('auth/approle/login')).toBe(2);
    await vi.waitFor(() => expect(vault.users()).not.toContain(old.user), patience);
    expect(vault.users()).toEqual([fresh.user]);
  });

  it('with AppRole: a wrong secret id, and one that has not been stored', async ({ world }) => {
    const vault = await start(world);
    const rule = withAppRole(world, vault);
    const credentials = world.open();
    world.stored.set('secret-id', 'wrong-canary');
    expect((await world.failure(credentials, rule)).text).toMatch(
      /refused the sign-in with AppRole.* latchkey secret set secret-id/,
    );
    world.stored.clear();
    expect((await world.failure(credentials, rule)).code).toBe('credential-missing');
  });

  it('with AppRole: a policy that forbids the path does not make it sign in again and again', async ({
    world,
  }) => {
    const vault = await start(world);
    const rule = withAppRole(world, vault, { path: 'database/creds/forbidden' });
    const credentials = world.open();
    for (let count = 0; count < 3; count++) {
      expect((await world.failure(credentials, rule)).text).toMatch(
        /does not allow database\/creds\/forbidden.*capabilities = \["read"\]/,
      );
    }
    expect(vault.count('auth/approle/login')).toBe(1);
  });

  it('in a namespace', async ({ world }) => {
    const vault = await start(world);
    vault.namespace = 'teams/data';
    const credentials = world.open();
    expect((await world.failure(credentials, withToken(world, vault))).text).toMatch(
      /"namespace" of the rule/,
    );
    await world.acquire(credentials, withToken(world, vault, { namespace: 'teams/data' }));
    expect(vault.users()).toHaveLength(1);
  });
});

describe.concurrent('a vault that', () => {
  it.for([
    ['is sealed', (vault: VaultStandIn) => Object.assign(vault, { sealed: true }), /is sealed.* unseal/, 1],
    [
      'has a fault',
      (vault: VaultStandIn) => vault.faults.push({ path: /creds/, times: Infinity, answer: 500 }),
      /has a fault \(HTTP 500\)/,
      3,
    ],
    [
      'answers nonsense',
      (vault: VaultStandIn) => vault.faults.push({ path: /creds/, times: 1, answer: 'nonsense' }),
      /an answer that is no JSON/,
      1,
    ],
    [
      'hangs',
      (vault: VaultStandIn) => vault.faults.push({ path: /creds/, times: Infinity, answer: 'hang' }),
      /did not answer in time/,
      1,
    ],
  ] as const)('%s', async ([, spoil, expected, requests], { world }) => {
    const vault = await start(world);
    const rule = withToken(world, vault);
    spoil(vault);
    const { code, text } = await world.failure(world.open(), rule);
    expect(code).toBe('credential-failed');
    expect(text).toMatch(expected);
    expect(vault.count(readonly)).toBe(requests);
  });

  it.for([[503], [412], [429], ['reset']] as const)(
    'fails for a moment (%s)',
    async ([answer], { world }) => {
      const vault = await start(world);
      vault.faults.push({ path: /creds/, times: 2, answer });
      await world.acquire(world.open(), withToken(world, vault));
      expect(vault.count(readonly)).toBe(3);
    },
  );

  it('has no such role', async ({ world }) => {
    const vault = await start(world);
    const rule = withToken(world, vault, { path: 'database/creds/unknown' });
    expect((await world.failure(world.open(), rule)).text).toMatch(
      /has no database role database\/creds\/unknown \(HTTP 404\).*Check "path"/,
    );
  });

  it('is not there', async ({ world }) => {
    const vault = await start(world);
    const rule = withToken(world, vault);
    await vault.close();
    expect((await world.failure(world.open(), rule)).text).toMatch(/cannot be reached \(ECONNREFUSED\)/);
  });

  it('has a certificate of a company is trusted with its own authority only', async ({ world }) => {
    const authority = await createTestAuthority();
    const other = await createTestAuthority();
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-vault-'));
    const [caFile, otherFile] = [join(folder, 'ca.pem'), join(folder, 'other.pem')];
    await writeFile(caFile, authority.caPem);
    await writeFile(otherFile, other.caPem);
    const vault = await start(world, { tls: await authority.issue({ dns: ['localhost'] }) });
    const credentials = world.open();
    await world.acquire(credentials, withToken(world, vault, { caFile }));
    expect(vault.users()).toHaveLength(1);
    const before = vault.requests.length;
    for (const more of [
      {},
      { caFile: otherFile },
      { caFile, address: vault.address.replace('localhost', '127.0.0.1') },
    ])
      expect((await world.failure(credentials, withToken(world, vault, more))).text).toMatch(
        /certificate of the vault at .* is not trusted/,
      );
    expect(vault.requests).toHaveLength(before);
  });
});

describe('a vault on this machine', () => {
  it('is not asked through a proxy, which would see its secrets', async ({ world }) => {
    const vault = await start(world);
    const proxied: string[] = [];
    const proxy = createServer((request, response) => {
      proxied.push(request.url ?? '');
      response.writeHead(502).end();
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    world.onClose(async () => {
      vi.unstubAllEnvs();
      proxy.closeAllConnections();
      proxy.close();
    });
    for (const name of ['http_proxy', 'HTTP_PROXY'])
      vi.stubEnv(name, `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    await world.acquire(world.open(), withToken(world, vault));
    expect(vault.users()).toHaveLength(1);
    expect(proxied).toEqual([]);
  });
});

describe.concurrent('closing', () => {
  it('revokes every lease and the own token, those of logins under way included', async ({ world }) => {
    const vault = await start(world);
    const rule = withAppRole(world, vault);
    const credentials = world.open();
    await Promise.all(Array.from({ length: 10 }, () => world.acquire(credentials, rule)));
    vault.delayMs = 300;
    const late = Promise.allSettled(Array.from({ length: 10 }, () => world.acquire(credentials, rule)));
    await vi.waitFor(() => expect(vault.count(readonly)).toBeGreaterThan(10), patience);
    await credentials.close();
    expect((await late).map(({ status }) => status)).not.toContain('fulfilled');
    await vi.waitFor(() => expect(vault.reading()).toBe(0), patience);
    expect(vault.users()).toEqual([]);
    expect(vault.tokens()).toEqual([]);
    expect((await world.failure(credentials, rule)).text).toMatch(/Latchkey is closing/);
    expect(world.lines).toEqual([]);
  });

  it('leaves a stored token alone, but none of its leases', async ({ world }) => {
    const vault = await start(world);
    const rule = withToken(world, vault);
    const credentials = world.open();
    await world.acquire(credentials, rule);
    vault.delayMs = 300;
    const late = Promise.allSettled(Array.from({ length: 10 }, () => world.acquire(credentials, rule)));
    await vi.waitFor(() => expect(vault.count(readonly)).toBeGreaterThan(1), patience);
    await credentials.close();
    await late;
    await vi.waitFor(() => expect(vault.reading()).toBe(0), patience);
    expect(vault.users()).toEqual([]);
    expect(vault.tokens()).toHaveLength(1);
  });

  it('ends although the vault hangs, and says what is left', async ({ world }) => {
    const vault = await start(world);
    const credentials = world.open();
    await world.acquire(credentials, withAppRole(world, vault));
    vault.faults.push({ path: /revoke/, times: Infinity, answer: 'hang' });
    await credentials.close();
    expect(world.lines).toEqual([expect.stringMatching(/could not be revoked .* it ends by itself at 20/)]);
  });
});

import { describe, expect } from 'vitest';
import { checkExpected } from '../../main/session/account-check.ts';
import type { FetchLike } from '../../main/contract/http.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { createDirectory } from '../../main/entra/graph/graph.ts';
import { it, signInAs } from './tenant-fixture.ts';

const ada = 'ada@fabrikam.example';

/** Changes what id_tokens say; nothing checks their signature here, as they come over TLS. */
function withClaims(fetch: FetchLike, change: (claims: Record<string, unknown>) => void): FetchLike {
  return async (url, init) => {
    const response = await fetch(url, init);
    if (!new URL(url).pathname.endsWith('/token') || response.status !== 200) return response;
    const body = (await response.json()) as { id_token: string };
    const [head, payload = '', signature] = body.id_token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    change(claims);
    const changed = Buffer.from(JSON.stringify(claims)).toString('base64url');
    return Response.json({ ...body, id_token: [head, changed, signature].join('.') });
  };
}

describe.concurrent('names', () => {
  it.for([
    ['missing', (claims: Record<string, unknown>) => delete claims['preferred_username']],
    ['of a phone', (claims: Record<string, unknown>) => (claims['preferred_username'] = '+49 170 0000000')],
  ] as [string, (claims: Record<string, unknown>) => void][])(
    'preferred_username %s: the person is known by object id, and /me says the name',
    async ([_title, change], { setup }) => {
      const tenant = await setup.startTenant();
      const { directory } = setup.openDirectory(tenant, {
        fetch: withClaims(setup.trustingFetch(tenant), change),
      });
      const account = await signInAs(tenant, directory, ada);
      expect(account.objectId).toBe(fabrikam.users.ada);
      // What the token says is no name to use.
      expect(account.username).not.toBe(ada);
      const graph = createDirectory({
        origin: tenant.graph,
        fetch: setup.trustingFetch(tenant),
        accessToken: directory.graphToken,
      });
      expect(await graph.me()).toMatchObject({ username: ada });
      expect((await directory.renew()).objectId).toBe(fabrikam.users.ada);
    },
  );
});

describe.concurrent('a guest', () => {
  it('signs in under the own name or the long one, whichever the token has', async ({ setup }) => {
    const long = 'ana_partner.example#EXT#@fabrikam.onmicrosoft.com';
    const tenant = await setup.startTenant();
    const { directory } = setup.openDirectory(tenant, {
      fetch: withClaims(setup.trustingFetch(tenant), (claims) => {
        claims['preferred_username'] = 'ana@partner.example';
        claims['upn'] = long;
      }),
    });
    const { names } = await directory.signInWithDeviceCode({
      signal: new AbortController().signal,
      onCode: ({ userCode }) => void tenant.complete({ userCode, user: ada }),
    });
    expect(names).toEqual(['ana@partner.example', long]);
  });
});

describe('who was asked for', () => {
  const guest = {
    provider: 'work',
    tenantId: 't',
    objectId: 'o',
    username: 'ana_partner.example#EXT#@fabrikam.example',
    displayName: 'Ana',
  };
  const names = { signIn: ['ana@partner.example', guest.username], others: ['ana.mail@partner.example'] };
  const open = { name: 'work', domains: [] };

  it.for([
    [guest.username],
    [guest.username.toUpperCase()],
    ['ana@partner.example'],
    ['ana.mail@partner.example'],
    [undefined],
  ] as const)('a guest may be asked for as %s', ([username]) => {
    expect(() => checkExpected(guest, names, open, { username })).not.toThrow();
  });

  it('is the same person whatever the name, and nobody else by it', () => {
    const person = { tenantId: 't', objectId: 'o' };
    expect(() => checkExpected(guest, names, open, { username: 'old@x', person })).not.toThrow();
    const other = { tenantId: 't', objectId: 'other' };
    expect(() => checkExpected(guest, names, open, { username: guest.username, person: other })).toThrow(
      expect.objectContaining({ code: 'wrong-account' }),
    );
    expect(() => checkExpected(guest, names, open, { username: 'bruno@fabrikam.example' })).toThrow(
      expect.objectContaining({ code: 'wrong-account' }),
    );
  });

  it('is of the domains by a name to sign in with, not by a mail address', () => {
    const domains = (domain: string) => ({ name: 'work', domains: [domain] });
    expect(() => checkExpected(guest, names, domains('fabrikam.example'), {})).not.toThrow();
    expect(() =>
      checkExpected(guest, { ...names, signIn: [guest.username] }, domains('partner.example'), {}),
    ).toThrow(expect.objectContaining({ code: 'wrong-account' }));
  });
});

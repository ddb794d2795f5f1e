import { describe, expect } from 'vitest';
import type { FaultInput } from '../../../main/demo/tenant/faults.ts';
import type { LocalTenant } from '../../../main/demo/tenant/local-tenant.ts';
import { fabrikam } from '../../../main/demo/tenant/organisation.ts';
import type { GraphOptions } from '../../../main/entra/graph/graph-client.ts';
import { createDirectory } from '../../../main/entra/graph/graph.ts';
import { it, settlesWithin, signInAs, type Setup } from '../tenant-fixture.ts';

const ada = 'ada@fabrikam.example';

/** A person signed in by the real sign-in, and Graph look-ups with that person's tokens. */
async function signedIn(setup: Setup, user = ada, options: Partial<GraphOptions> = {}) {
  const tenant = await setup.startTenant();
  return { tenant, ...(await directoryOf(setup, tenant, user, options)) };
}

async function directoryOf(
  setup: Setup,
  tenant: LocalTenant,
  user = ada,
  options: Partial<GraphOptions> = {},
) {
  const fetch = setup.trustingFetch(tenant);
  const azure = setup.openDirectory(tenant, { fetch }).directory;
  await signInAs(tenant, azure, user);
  const directory = createDirectory({
    origin: azure.graph,
    fetch,
    accessToken: azure.graphToken,
    ...options,
  });
  return { azure, directory };
}

function groupRequests(tenant: LocalTenant) {
  return tenant.requests().filter(({ path }) => path.includes('transitiveMemberOf'));
}

describe.concurrent('the signed-in person in Graph', () => {
  it('has an id and names', async ({ setup }) => {
    const { directory } = await signedIn(setup);
    expect(await directory.me()).toEqual({
      objectId: fabrikam.users.ada,
      username: ada,
      displayName: 'Ada Marsh',
      mail: ada,
    });
  });

  it('is in groups directly and through other groups, by object id', async ({ setup }) => {
    const { directory, tenant } = await signedIn(setup);
    const { groups, named } = await directory.groups();
    expect(named).toBe(true);
    expect(new Map(groups.map(({ id, name }) => [id, name]))).toEqual(
      new Map<string, string>([
        [fabrikam.groups.reportingTeam, 'Reporting Team'],
        [fabrikam.groups.dataAnalysts, 'Data Analysts'],
        [fabrikam.groups.dataPlatform, 'Data Platform'],
        [fabrikam.groups.staff, 'Staff'],
      ]),
    );
    expect(groupRequests(tenant).map(({ status, values }) => [status, values['$top']])).toEqual([
      [200, '999'],
    ]);
  });

  it('may be in no group, which is no error', async ({ setup }) => {
    const tenant = await setup.startTenant();
    tenant.putUser({ user: { userPrincipalName: 'new@fabrikam.example', displayName: 'New' } });
    const { directory } = await directoryOf(setup, tenant, 'new@fabrikam.example');
    expect(await directory.groups()).toEqual({ groups: [], named: true });
  });

  it('shows names as they are, markup and marks of direction included', async ({ setup }) => {
    const { directory } = await signedIn(setup, 'farid@fabrikam.example');
    expect((await directory.me()).displayName).toBe('🦊 <b>Farid</b> & "Sons" \u202Egnp.exe\u202C');
  });

  it('reads ids without names where only User.Read is granted', async ({ setup }) => {
    const tenant = await setup.startTenant();
    tenant.updateApplication({
      clientId: tenant.clientId,
      change: { consentedScopes: ['User.Read'], userConsentAllowed: false },
    });
    const { directory } = await directoryOf(setup, tenant);
    const { groups, named } = await directory.groups();
    expect(named).toBe(false);
    expect(groups).toHaveLength(4);
    expect(groups).toContainEqual({ id: fabrikam.groups.dataAnalysts, name: '' });
  });

  it('has a removal from a group noticed at the next look-up', async ({ setup }) => {
    const { directory, tenant } = await signedIn(setup);
    tenant.removeMember({ groupId: fabrikam.groups.dataAnalysts, memberId: fabrikam.groups.reportingTeam });
    expect((await directory.groups()).groups).toEqual([
      { id: fabrikam.groups.reportingTeam, name: 'Reporting Team' },
    ]);
  });
});

describe.concurrent('1,200 groups over pages', () => {
  it('come whole, with a 429 in the middle', async ({ setup }) => {
    const { directory, tenant } = await signedIn(setup);
    const { groupIds } = tenant.generateGroups({ user: ada, count: 1196, depth: 4 });
    tenant.addFault({ type: 'throttle', endpoint: 'graph', retryAfter: 1, skip: 1, times: 1 });
    const before = Date.now();
    const { groups, named } = await directory.groups();
    expect(Date.now() - before).toBeGreaterThanOrEqual(1000);
    expect(named).toBe(true);
    expect(groups).toHaveLength(1200);
    expect(new Set(groups.map(({ id }) => id)).size).toBe(1200);
    const found = new Set(groups.map(({ id }) => id));
    expect(groupIds.every((id) => found.has(id))).toBe(true);
    expect(groupRequests(tenant).map(({ status }) => status)).toEqual([200, 429, 200]);
  });

  it.for([
    ['a reset', { type: 'reset' }],
    ['an HTML 503', { type: 'server_error', format: 'html' }],
    ['a JSON 503 with Retry-After', { type: 'server_error', format: 'json', retryAfter: 1 }],
    ['a 504', { type: 'server_error', status: 504 }],
    ['truncated JSON', { type: 'truncate' }],
  ] as [string, FaultInput][])('come whole, with %s in the middle', async ([_title, fault], { setup }) => {
    const { directory, tenant } = await signedIn(setup);
    tenant.generateGroups({ user: ada, count: 1196 });
    tenant.addFault({ ...fault, endpoint: 'graph', skip: 1, times: 1 });
    expect((await directory.groups()).groups).toHaveLength(1200);
  });

  it.for([
    ['throttling', { type: 'throttle', endpoint: 'graph', skip: 1 }, 'directory-unreachable'],
    [
      'a Retry-After beyond the deadline',
      { type: 'throttle', endpoint: 'graph', retryAfter: 600, skip: 1 },
      'directory-unreachable',
    ],
    ['5xx', { type: 'server_error', endpoint: 'graph', skip: 1 }, 'directory-unreachable'],
    ['resets', { type: 'reset', endpoint: 'graph', skip: 1 }, 'directory-unreachable'],
    ['hanging', { type: 'hang', endpoint: 'graph', skip: 1 }, 'directory-unreachable'],
    ['truncated JSON', { type: 'truncate', endpoint: 'graph', skip: 1 }, 'directory-refused'],
    [
      'an expired page',
      { type: 'graph_error', endpoint: 'graph', status: 400, code: 'Directory_ExpiredPageToken', skip: 1 },
      'directory-refused',
    ],
  ] as [string, FaultInput, string][])(
    'are an error, never a part, when %s lasts',
    async ([_title, fault, code], { setup }) => {
      // A refusal does not wait for the deadline, which a busy machine would reach first.
      const deadlineMs = code === 'directory-refused' ? 30_000 : 3000;
      const { directory, tenant } = await signedIn(setup, ada, { deadlineMs });
      tenant.generateGroups({ user: ada, count: 1196 });
      tenant.addFault(fault);
      const groups = directory.groups();
      expect(await settlesWithin(deadlineMs + 500, groups)).toBe(true);
      await expect(groups).rejects.toMatchObject({ code });
    },
  );
});

describe.concurrent('what Graph refuses', () => {
  it('403 names the missing permission and where to grant it', async ({ setup }) => {
    const { directory, tenant } = await signedIn(setup);
    tenant.addFault({
      type: 'graph_error',
      endpoint: 'graph',
      status: 403,
      code: 'Authorization_RequestDenied',
    });
    await expect(directory.groups()).rejects.toMatchObject({
      code: 'directory-refused',
      remedy: expect.stringMatching(/API permissions.*GroupMember\.Read\.All.*Grant admin consent/) as string,
      entra: {
        error: 'Authorization_RequestDenied',
        traceId: expect.stringMatching(/^[\da-f-]{36}$/) as string,
      },
    });
    expect(groupRequests(tenant)).toHaveLength(1);
  });

  it('a claims challenge is met with a new token, once', async ({ setup }) => {
    const { directory, tenant, azure } = await signedIn(setup);
    const before = await azure.graphToken();
    tenant.challenge({ user: ada });
    expect((await directory.groups()).groups).toHaveLength(4);
    expect(groupRequests(tenant).map(({ status }) => status)).toEqual([401, 200]);
    expect(await azure.graphToken()).not.toBe(before);
  });

  it('a challenge for a revoked sign-in: sign-in-required from the authority', async ({ setup }) => {
    const { directory, tenant } = await signedIn(setup);
    tenant.revoke({ user: ada });
    await expect(directory.groups()).rejects.toMatchObject({
      code: 'sign-in-required',
      entra: { aadsts: 50173 },
    });
  });

  it('a challenge for a disabled account: account-disabled', async ({ setup }) => {
    const { directory, tenant } = await signedIn(setup);
    tenant.setUserEnabled({ user: ada, enabled: false });
    await expect(directory.groups()).rejects.toMatchObject({ code: 'account-disabled' });
  });

  it('a token for something else: sign-in-required after one renewal', async ({ setup }) => {
    const { tenant, azure } = await signedIn(setup);
    const directory = createDirectory({
      origin: tenant.graph,
      fetch: setup.trustingFetch(tenant),
      accessToken: () => azure.accessToken(['https://database.windows.net/.default']),
    });
    await expect(directory.me()).rejects.toMatchObject({ code: 'sign-in-required' });
    expect(tenant.requests().filter(({ endpoint }) => endpoint === 'graph')).toHaveLength(2);
  });
});

describe.concurrent('an abort', () => {
  it.for([
    ['while a request hangs', { type: 'hang', endpoint: 'graph' }],
    ['while it waits for Retry-After', { type: 'throttle', endpoint: 'graph', retryAfter: 50 }],
  ] as [string, FaultInput][])(
    '%s ends the look-up at once with its reason',
    async ([_title, fault], { setup }) => {
      const { directory, tenant } = await signedIn(setup);
      tenant.addFault(fault);
      const controller = new AbortController();
      const groups = directory.groups(controller.signal);
      expect(await settlesWithin(300, groups)).toBe(false);
      controller.abort(new Error('enough'));
      expect(await settlesWithin(100, groups)).toBe(true);
      await expect(groups).rejects.toThrow('enough');
    },
  );
});

import type { ServerResponse } from 'node:http';
import { describe, expect } from 'vitest';
import type { LocalTenant } from '../../../main/demo/tenant/local-tenant.ts';
import { fabrikam, tailspin } from '../../../main/demo/tenant/organisation.ts';
import {
  createApplicationDirectory,
  type ApplicationDirectoryOptions,
} from '../../../main/entra/graph/application-directory.ts';
import { endsSession } from '../../../main/session/ending.ts';
import { sendJson, startScriptedServer } from '../scripted-server.ts';
import { it, settlesWithin, tokenRequests, type Setup } from '../tenant-fixture.ts';

const ada = 'ada@fabrikam.example';
const right = 'sample-application-secret';

type Options = Partial<Omit<ApplicationDirectoryOptions, 'settings'>> & {
  settings?: Partial<ApplicationDirectoryOptions['settings']>;
};

/** Look-ups by the application in front of a tenant. */
function open(setup: Setup, tenant: LocalTenant, { settings, ...options }: Options = {}) {
  const lines: string[] = [];
  const people = createApplicationDirectory({
    settings: {
      name: 'work',
      cloud: 'local',
      authority: new URL(tenant.authority).origin,
      tenant: tenant.tenantId,
      applicationId: tenant.clientId,
      graph: tenant.graph,
      ...settings,
    },
    fetch: setup.trustingFetch(tenant),
    secret: async () => right,
    log: (line) => lines.push(line),
    ...options,
  });
  setup.onClose(people.close);
  return { people, lines };
}

const signInsOf = (tenant: LocalTenant) => tokenRequests(tenant, 'client_credentials');

describe.concurrent('look-ups by the application', () => {
  it('of groups, by sign-in name and by object id, with nobody signed in', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { people, lines } = open(setup, tenant);
    const expected = ['Data Analysts', 'Data Platform', 'Reporting Team', 'Staff'];
    for (const key of [ada, fabrikam.users.ada]) {
      const { groups, named } = await people.groupsOf(key);
      expect(named).toBe(true);
      expect(groups.map(({ name }) => name).toSorted()).toEqual(expected);
    }
    expect(signInsOf(tenant).map(({ values }) => values['scope'])).toEqual([`${tenant.graph}/.default`]);
    expect(lines).toEqual([]);
  });

  it('of 1,200 groups, over pages, with a 429 in the middle', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { groupIds } = tenant.generateGroups({ user: ada, count: 1196, depth: 4 });
    tenant.addFault({ type: 'throttle', endpoint: 'graph', retryAfter: 1, skip: 1, times: 1 });
    const { people } = open(setup, tenant);
    const { groups, named } = await people.groupsOf(fabrikam.users.ada);
    expect(named).toBe(true);
    expect(groups).toHaveLength(1200);
    const found = new Set(groups.map(({ id }) => id));
    expect(groupIds.every((id) => found.has(id))).toBe(true);
  });

  it('of people; who is not there is undefined', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { people } = open(setup, tenant);
    expect(await people.user(ada)).toEqual({
      objectId: fabrikam.users.ada,
      username: ada,
      displayName: 'Ada Marsh',
    });
    expect(await people.user('nobody@fabrikam.example')).toBeUndefined();
    await expect(people.groupsOf('nobody@fabrikam.example')).rejects.toMatchObject({
      code: 'account-disabled',
    });
  });

  it('at two tenants side by side, each with its own', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const secrets = ['the-other-secret'];
    const change = { secrets, applicationPermissions: ['GroupMember.Read.All', 'User.Read.All'] };
    tenant.updateApplication({ clientId: tailspin.clientId, change });
    const ours = open(setup, tenant).people;
    const theirs = open(setup, tenant, {
      settings: { name: 'other', tenant: 'tailspin.example', applicationId: tailspin.clientId },
      secret: async () => secrets[0],
    }).people;
    const [mine, other] = await Promise.all([ours.groupsOf(ada), theirs.groupsOf('jonas@tailspin.example')]);
    expect(mine.groups).toHaveLength(4);
    expect(other.groups).toEqual([{ id: tailspin.groups.pilots, name: 'Pilots' }]);
    expect(await theirs.user(ada)).toBeUndefined();
  });

  it('without names where only User.Read.All is granted', async ({ setup }) => {
    const tenant = await setup.startTenant();
    tenant.updateApplication({
      clientId: tenant.clientId,
      change: { applicationPermissions: ['User.Read.All'] },
    });
    const { groups, named } = await open(setup, tenant).people.groupsOf(ada);
    expect(named).toBe(false);
    expect(groups).toHaveLength(4);
  });

  it('without any permission: names them and where to grant them', async ({ setup }) => {
    const tenant = await setup.startTenant();
    tenant.updateApplication({ clientId: tenant.clientId, change: { applicationPermissions: [] } });
    await expect(open(setup, tenant).people.groupsOf(ada)).rejects.toMatchObject({
      code: 'directory-refused',
      message: 'The application may not read the groups of people.',
      remedy: expect.stringMatching(
        /application permissions GroupMember\.Read\.All and User\.Read\.All.*Grant admin consent.*try again/,
      ) as string,
    });
  });
});

describe.concurrent("the application's token", () => {
  it('is fetched once for many look-ups at a time, and kept in memory', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { people } = open(setup, tenant);
    await Promise.all(Array.from({ length: 30 }, () => people.groupsOf(ada)));
    expect(signInsOf(tenant)).toHaveLength(1);
  });

  it('is renewed when it has less than five minutes left', async ({ setup }) => {
    const tenant = await setup.startTenant();
    tenant.configure({ accessTokenSeconds: { minimum: 3600, maximum: 3600 } });
    let later = 0;
    const { people } = open(setup, tenant, { now: () => Date.now() + later });
    await people.user(ada);
    later = 54 * 60_000;
    await people.user(ada);
    expect(signInsOf(tenant)).toHaveLength(1);
    later = 55 * 60_000 + 2000;
    await people.user(ada);
    expect(signInsOf(tenant)).toHaveLength(2);
  });

  it('is not used any more with another secret', async ({ setup }) => {
    const tenant = await setup.startTenant();
    let secret: string | undefined = right;
    const { people } = open(setup, tenant, { secret: async () => secret });
    await people.user(ada);
    secret = 'a wrong one';
    await expect(people.user(ada)).rejects.toMatchObject({ entra: { aadsts: 7000215 } });
    secret = undefined;
    await expect(people.user(ada)).rejects.toMatchObject({ code: 'credential-missing' });
    secret = right;
    await expect(people.user(ada)).resolves.toMatchObject({ objectId: fabrikam.users.ada });
    expect(signInsOf(tenant).map(({ status }) => status)).toEqual([200, 401, 200]);
  });

  it('one fault of the authority is no end; a lasting one is not the fault of the secret', async ({
    setup,
  }) => {
    const tenant = await setup.startTenant();
    const { people } = open(setup, tenant);
    tenant.addFault({ type: 'server_error', endpoint: 'token', times: 1 });
    await expect(people.user(ada)).resolves.toBeDefined();
    const second = open(setup, tenant);
    tenant.addFault({ type: 'throttle', endpoint: 'token', retryAfter: 60 });
    await expect(second.people.user(ada)).rejects.toMatchObject({ code: 'authority-unreachable' });
  });

  it('an abort and a close end what is under way', async ({ setup }) => {
    const tenant = await setup.startTenant();
    tenant.addFault({ type: 'hang', endpoint: 'token' });
    const { people } = open(setup, tenant);
    const controller = new AbortController();
    const aborted = people.groupsOf(ada, controller.signal);
    const running = people.user(ada);
    running.catch(() => undefined);
    expect(await settlesWithin(200, aborted)).toBe(false);
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    const closed = people.close();
    expect(await settlesWithin(100, Promise.allSettled([closed, running]))).toBe(true);
    await expect(running).rejects.toMatchObject({ code: 'broker-not-running' });
    await expect(people.user(ada)).rejects.toMatchObject({ code: 'broker-not-running' });
  });
});

describe.concurrent('a secret that does not serve', () => {
  it('wrong (7000215): what to do, and nobody loses a session over it', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const secret = 'canary-0c2f9a61-the-id-instead-of-the-value';
    const { people, lines } = open(setup, tenant, { secret: async () => secret });
    const error = await people.groupsOf(ada).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'directory-refused',
      message: 'The application of provider "work" cannot sign in. The secret of the application is wrong.',
      remedy: expect.stringMatching(/New client secret.*value/) as string,
      entra: { aadsts: 7000215, error: 'invalid_client', traceId: expect.any(String) as string },
    });
    expect(endsSession.has('directory-refused')).toBe(false);
    expect(signInsOf(tenant)).toHaveLength(1);
    const traces = [String(error), (error as Error).stack, JSON.stringify(error), lines, tenant.requests()];
    expect(JSON.stringify(traces)).not.toContain(secret);
  });

  it('expired (7000222): what to do', async ({ setup }) => {
    const { people } = await startScripted(setup, (to) =>
      sendJson(to, 401, {
        error: 'invalid_client',
        error_description:
          "AADSTS7000222: The keys of the app 'x' have expired. Trace ID: t Correlation ID: c",
        error_codes: [7000222],
        trace_id: 't',
        correlation_id: 'c',
      }),
    );
    await expect(people.user(ada)).rejects.toMatchObject({
      code: 'directory-refused',
      message: expect.stringContaining('secret of the application has expired') as string,
      entra: { aadsts: 7000222, traceId: 't' },
    });
  });

  it('none stored: says so, and nothing is asked', async ({ setup }) => {
    const tenant = await setup.startTenant();
    for (const none of [undefined, '']) {
      const { people } = open(setup, tenant, { secret: async () => none });
      await expect(people.user(ada)).rejects.toMatchObject({ code: 'credential-missing' });
    }
    expect(tenant.requests()).toHaveLength(0);
  });

  it('an unknown application and an unknown tenant are told apart', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const stranger = open(setup, tenant, { settings: { applicationId: fabrikam.users.ada } });
    await expect(stranger.people.user(ada)).rejects.toMatchObject({ code: 'application-unknown' });
    const elsewhere = open(setup, tenant, { settings: { tenant: 'nobody.example' } });
    await expect(elsewhere.people.user(ada)).rejects.toMatchObject({ code: 'tenant-unknown' });
  });

  it('Graph refuses its token: the application is named, not the person', async ({ setup }) => {
    const { people, server } = await startScripted(
      setup,
      (to) => sendJson(to, 200, { token_type: 'Bearer', expires_in: 3600, access_token: 'token' }),
      (to) => sendJson(to, 401, { error: { code: 'InvalidAuthenticationToken', message: 'no' } }),
    );
    await expect(people.user(ada)).rejects.toMatchObject({
      code: 'directory-refused',
      message: 'The directory does not accept the application any more.',
    });
    expect(server.requests.filter(({ path }) => path.includes('/users/'))).toHaveLength(2);
  });

  it('a claims challenge is met with a new token, once', async ({ setup }) => {
    const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';
    const encoded = Buffer.from(claims).toString('base64');
    const challenge = { 'www-authenticate': `Bearer error="insufficient_claims", claims="${encoded}"` };
    const { people, server } = await startScripted(
      setup,
      (to) => sendJson(to, 200, { token_type: 'Bearer', expires_in: 3600, access_token: 'token' }),
      (to) => sendJson(to, 401, { error: { code: 'InvalidAuthenticationToken' } }, challenge),
    );
    await expect(people.user(ada)).rejects.toMatchObject({ code: 'directory-refused' });
    const asked = server.requests.filter(({ form }) => form.get('grant_type') === 'client_credentials');
    expect(asked.map(({ form }) => form.get('claims')?.includes('"nbf"'))).toEqual([false, true]);
  });
});

/** Authority and Graph in one server, which answers as the test says. */
async function startScripted(
  setup: Setup,
  token: (response: ServerResponse) => void,
  graph: (response: ServerResponse) => void = (to) => sendJson(to, 500, {}),
) {
  const { tenantId } = fabrikam;
  const server = await startScriptedServer(({ path }, response, origin) => {
    if (path.includes('/v1.0/')) return graph(response);
    if (!path.includes('openid-configuration')) return token(response);
    return sendJson(response, 200, {
      issuer: `${origin}/${tenantId}/v2.0`,
      authorization_endpoint: `${origin}/${tenantId}/oauth2/v2.0/authorize`,
      token_endpoint: `${origin}/${tenantId}/oauth2/v2.0/token`,
      jwks_uri: `${origin}/${tenantId}/keys`,
    });
  });
  setup.onClose(server.close);
  const people = createApplicationDirectory({
    settings: {
      name: 'work',
      cloud: 'local',
      authority: server.origin,
      tenant: tenantId,
      applicationId: fabrikam.clientId,
      graph: server.origin,
    },
    fetch: setup.trustingFetch(server),
    secret: async () => 'secret',
  });
  setup.onClose(people.close);
  return { people, server };
}

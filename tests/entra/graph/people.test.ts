import { describe, expect } from 'vitest';
import { fabrikam } from '../../../main/demo/tenant/organisation.ts';
import { createDirectory } from '../../../main/entra/graph/graph.ts';
import { checkPerson } from '../../../main/session/account-check.ts';
import { sendJson, startScriptedServer } from '../scripted-server.ts';
import { it, settlesWithin, signInAs, type Setup } from '../tenant-fixture.ts';

const ada = 'ada@fabrikam.example';

/** Ada signed in, and Graph as she sees it. */
async function start(setup: Setup, consentedScopes?: string[]) {
  const tenant = await setup.startTenant();
  if (consentedScopes) {
    const change = { consentedScopes, userConsentAllowed: false };
    tenant.updateApplication({ clientId: tenant.clientId, change });
  }
  const fetch = setup.trustingFetch(tenant);
  const { directory: azure } = setup.openDirectory(tenant, { fetch });
  const account = await signInAs(tenant, azure, ada);
  const directory = createDirectory({ origin: azure.graph, fetch, accessToken: azure.graphToken });
  return { tenant, azure, account, directory };
}

/** A Graph that answers with one body, whatever it is asked. */
async function startGraph(setup: Setup, status: number, body: unknown) {
  const server = await startScriptedServer((_request, response) => sendJson(response, status, body));
  setup.onClose(server.close);
  const fetch = setup.trustingFetch(server);
  const directory = createDirectory({ origin: server.origin, fetch, accessToken: async () => 'token' });
  return { server, directory };
}

describe.concurrent('other people, as the signed-in person may see them', () => {
  it('are found by sign-in name and by object id, whatever the case', async ({ setup }) => {
    const { directory, tenant } = await start(setup);
    const bruno = {
      objectId: fabrikam.users.bruno,
      username: 'bruno@fabrikam.example',
      displayName: 'Bruno Keller',
    };
    expect(await directory.user(' Bruno@FABRIKAM.example ')).toEqual(bruno);
    expect(await directory.user(fabrikam.users.bruno.toUpperCase())).toEqual(bruno);
    expect(await directory.user('ines_tailspin.example#EXT#@fabrikam.example')).toMatchObject({
      objectId: fabrikam.users.guest,
    });
    const paths = tenant.requests().filter(({ endpoint }) => endpoint === 'graph');
    expect(paths.map(({ path }) => path).at(-1)).toMatch(/%23ext%23%40fabrikam\.example$/);
  });

  it('who are not there are undefined, which is no error', async ({ setup }) => {
    const { directory } = await start(setup);
    expect(await directory.user('nobody@fabrikam.example')).toBeUndefined();
    expect(await directory.user(fabrikam.groups.staff)).toBeUndefined();
  });

  it('without User.ReadBasic.All: says which permission is missing', async ({ setup }) => {
    const { directory } = await start(setup, ['User.Read', 'GroupMember.Read.All']);
    await expect(directory.user('bruno@fabrikam.example')).rejects.toMatchObject({
      code: 'directory-refused',
      message: 'The application may not look other people up.',
      remedy: expect.stringContaining('User.ReadBasic.All') as string,
    });
  });

  it('have groups, transitively and with all pages', async ({ setup }) => {
    const { directory, tenant } = await start(setup);
    const groups = await directory.groupsOf('bruno@fabrikam.example');
    expect(groups.named).toBe(true);
    expect(groups.groups.map(({ name }) => name).toSorted()).toEqual([
      'Data Platform',
      'Database Administrators',
      'Staff',
    ]);
    tenant.generateGroups({ user: 'bruno@fabrikam.example', count: 1197, depth: 3 });
    expect((await directory.groupsOf(fabrikam.users.bruno)).groups).toHaveLength(1200);
  });

  it('who are not there have no groups to be told: an error, never an empty list', async ({ setup }) => {
    const { directory } = await start(setup);
    await expect(directory.groupsOf('nobody@fabrikam.example')).rejects.toMatchObject({
      code: 'account-disabled',
      entra: { error: 'Request_ResourceNotFound' },
    });
  });

  it.for(['', 'bruno', '../me', 'a@b/../../me', '$x@y.example', 'a b@c.example', "x')/y"])(
    '%j is neither name nor id: nothing is asked',
    async (name, { setup }) => {
      const { server, directory } = await startGraph(setup, 200, {});
      await expect(directory.user(name)).rejects.toMatchObject({ code: 'request-invalid' });
      await expect(directory.groupsOf(name)).rejects.toMatchObject({ code: 'request-invalid' });
      expect(server.requests).toHaveLength(0);
    },
  );

  it.for([
    ['a name', ada],
    ['an id', fabrikam.users.ada],
  ] as const)(
    'an answer about somebody else than asked for by %s is not taken',
    async ([, key], { setup }) => {
      const { directory } = await startGraph(setup, 200, {
        id: fabrikam.users.bruno,
        userPrincipalName: 'bruno@fabrikam.example',
        displayName: 'Bruno',
      });
      await expect(directory.user(key)).rejects.toMatchObject({ code: 'directory-refused' });
    },
  );

  it('a 404 that is not of Graph is not taken for an absence', async ({ setup }) => {
    const { directory } = await startGraph(setup, 404, { message: 'no route' });
    await expect(directory.user(ada)).rejects.toMatchObject({ code: 'directory-unreachable' });
  });
});

describe.concurrent('the signed-in person', () => {
  it('is compared with what Graph says of the token', async ({ setup }) => {
    const { directory, account } = await start(setup);
    const { objectId } = await directory.me();
    expect(() => checkPerson(account, objectId.toUpperCase())).not.toThrow();
    expect(() => checkPerson(account, fabrikam.users.bruno)).toThrow(
      expect.objectContaining({ code: 'wrong-account' }),
    );
  });

  it('who has been deleted, for Graph as well: account-disabled', async ({ setup }) => {
    const { directory } = await startGraph(setup, 404, {
      error: { code: 'Request_ResourceNotFound', message: 'gone' },
    });
    await expect(directory.me()).rejects.toMatchObject({ code: 'account-disabled' });
    await expect(directory.groups()).rejects.toMatchObject({ code: 'account-disabled' });
  });

  it('an abort does not wait for a token that is being fetched', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const directory = createDirectory({
      origin: tenant.graph,
      fetch: setup.trustingFetch(tenant),
      accessToken: () => new Promise(() => undefined),
    });
    const controller = new AbortController();
    const look = directory.groups(controller.signal);
    expect(await settlesWithin(50, look)).toBe(false);
    controller.abort(new Error('enough'));
    await expect(look).rejects.toThrow('enough');
  });
});

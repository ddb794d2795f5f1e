import { afterEach, describe, expect, test } from 'vitest';
import { fabrikam } from '../../../main/demo/tenant/organisation.ts';
import { eventual, type Answer, openTenant } from './tenant-client.ts';

const { tenant, client } = await openTenant();
const ada = (await client.signIn('ada@fabrikam.example')).body['access_token'];
const answer = await client.post(`${tenant.authority}/oauth2/v2.0/token`, {
  grant_type: 'client_credentials',
  client_id: tenant.clientId,
  client_secret: 'sample-application-secret',
  scope: `${tenant.graph}/.default`,
});
const applicationToken = answer.body['access_token'];

afterEach(() => tenant.clearFaults());

const { groups, users } = fabrikam;
const namesOf = ({ body }: Answer) => body.value?.map((object) => object['displayName']);
const idsOf = ({ body }: Answer) => body.value?.map((object) => object['id']);
const errorOf = ({ status, body }: Answer) => [
  status,
  (body['error'] as { code?: string } | undefined)?.code,
];
const cast = 'microsoft.graph.group?$count=true';

/** An access token of an application that has been granted these delegated permissions only. */
async function tokenWith(permissions: string[], user = 'ada@fabrikam.example'): Promise<unknown> {
  const { clientId } = tenant.putApplication({
    application: { displayName: 'Narrow', consentedScopes: permissions, apiPermissions: permissions },
  });
  const { body } = await client.signIn(user, `https://graph.microsoft.com/.default`, { client_id: clientId });
  return body['access_token'];
}

describe('me and users', () => {
  test('GET /me', async () => {
    const { status, body, headers } = await client.graph('/me', ada, { 'client-request-id': 'mine' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: users.ada,
      displayName: 'Ada Marsh',
      userPrincipalName: 'ada@fabrikam.example',
      jobTitle: 'Data analyst',
    });
    expect(headers['client-request-id']).toBe('mine');
    expect(body).not.toHaveProperty('accountEnabled');
  });

  test('$select on /me', async () => {
    const { body } = await client.graph('/me?$select=displayName,accountEnabled', ada);
    expect(body).toMatchObject({ id: users.ada, displayName: 'Ada Marsh', accountEnabled: true });
    expect(body).not.toHaveProperty('mail');
  });

  test('/me needs a person', async () => {
    expect(errorOf(await client.graph('/me', applicationToken))).toEqual([400, 'BadRequest']);
  });

  test('/users and /users/{id or name} with User.ReadBasic.All show basic properties', async () => {
    expect(namesOf(await client.graph('/users', ada))).toHaveLength(8);
    const byId = await client.graph(`/users/${users.chiara}`, ada);
    const byName = await client.graph('/users/CHIARA@fabrikam.example', ada);
    expect(byId.body).toMatchObject({ displayName: 'Chiara Conti', jobTitle: null });
    expect(byName.body).toEqual(byId.body);
    const all = await client.graph(`/users/${users.chiara}`, applicationToken);
    expect(all.body).toMatchObject({ jobTitle: 'Accountant' });
    expect(errorOf(await client.graph(`/users/${groups.staff}`, ada))).toEqual([
      404,
      'Request_ResourceNotFound',
    ]);
  });

  test('without User.ReadBasic.All other users are forbidden, existing or not', async () => {
    const narrow = await tokenWith(['User.Read']);
    const denied = [403, 'Authorization_RequestDenied'];
    expect((await client.graph('/me', narrow)).status).toBe(200);
    expect(errorOf(await client.graph('/users', narrow))).toEqual(denied);
    expect(errorOf(await client.graph(`/users/${users.chiara}`, narrow))).toEqual(denied);
    expect(errorOf(await client.graph('/users/nobody@fabrikam.example', narrow))).toEqual(denied);
    expect((await client.graph(`/users/${users.ada}`, narrow)).status).toBe(200);
  });

  test('filters, search and order of /users', async () => {
    const ask = (query: string, headers = {}) => client.graph(`/users?${query}`, applicationToken, headers);
    expect(namesOf(await ask("$filter=startswith(displayName,'h')"))).toEqual(['Harriet Lund']);
    expect(namesOf(await ask('$filter=accountEnabled eq false'))).toEqual(['Esther Vale']);
    expect(idsOf(await ask(`$filter=id in ('${users.ada}','${users.bruno}')`))).toEqual([
      users.ada,
      users.bruno,
    ]);
    expect(errorOf(await ask("$filter=endswith(mail,'x')"))).toEqual([400, 'Request_UnsupportedQuery']);
    expect(errorOf(await ask('$search="displayName:lund"'))).toEqual([400, 'Request_UnsupportedQuery']);
    expect(namesOf(await ask('$search="displayName:lund"', eventual))).toEqual(['Harriet Lund']);
    const descending = await ask('$orderby=displayName desc&$top=1');
    expect(namesOf(descending)).toEqual(['Ines Duarte (guest)']);
  });
});

describe('memberships', () => {
  test('transitive groups come through three levels', async () => {
    const answer = await client.graph(`/me/transitiveMemberOf/${cast}`, ada, eventual);
    expect(namesOf(answer)?.toSorted()).toEqual([
      'Data Analysts',
      'Data Platform',
      'Reporting Team',
      'Staff',
    ]);
    expect(answer.body['@odata.count']).toBe(4);
  });

  test('memberOf is the direct ones only, and needs no header without a cast', async () => {
    const answer = await client.graph('/me/memberOf', ada);
    expect(namesOf(answer)).toEqual(['Reporting Team']);
    expect(answer.body.value?.[0]?.['@odata.type']).toBe('#microsoft.graph.group');
  });

  test.each([
    ['no header', cast, {}],
    ['no $count', 'microsoft.graph.group', eventual],
    ['a filter without header', "?$filter=displayName eq 'Staff'", {}],
  ])('an advanced query is refused with %s', async (_, path, headers) => {
    const separator = path.startsWith('?') ? '' : '/';
    const answer = await client.graph(`/me/transitiveMemberOf${separator}${path}`, ada, headers);
    expect(errorOf(answer)).toEqual([400, 'Request_UnsupportedQuery']);
  });

  test('a filter with header and $count', async () => {
    const query = `${cast}&$filter=displayName eq 'Staff'&$select=id`;
    const answer = await client.graph(`/me/transitiveMemberOf/${query}`, ada, eventual);
    expect(idsOf(answer)).toEqual([groups.staff]);
    expect(namesOf(answer)).toEqual([undefined]);
  });

  test('without GroupMember.Read.All objects have an id and a type, the rest is null', async () => {
    const narrow = await tokenWith(['User.Read']);
    const answer = await client.graph(`/me/transitiveMemberOf/${cast}`, narrow, eventual);
    expect(answer.status).toBe(200);
    expect(answer.body.value).toHaveLength(4);
    for (const { id, '@odata.type': type, ...rest } of answer.body.value ?? []) {
      expect(Object.values(groups)).toContain(id);
      expect(type).toBe('#microsoft.graph.group');
      expect(new Set(Object.values(rest))).toEqual(new Set([null]));
    }
  });

  test('without any fitting permission it is forbidden', async () => {
    const narrow = await tokenWith(['Mail.Read']);
    const denied = [403, 'Authorization_RequestDenied'];
    expect(errorOf(await client.graph('/me/transitiveMemberOf', narrow))).toEqual(denied);
    expect(errorOf(await client.graph('/me', narrow))).toEqual(denied);
    expect(errorOf(await client.graph('/groups', narrow))).toEqual(denied);
  });

  test('an application reads the groups of any user', async () => {
    const path = `/users/${users.bruno}/transitiveMemberOf/${cast}`;
    const answer = await client.graph(path, applicationToken, eventual);
    expect(namesOf(answer)?.toSorted()).toEqual(['Data Platform', 'Database Administrators', 'Staff']);
    tenant.updateApplication({ clientId: tenant.clientId, change: { applicationPermissions: [] } });
    const without = await client.post(`${tenant.authority}/oauth2/v2.0/token`, {
      grant_type: 'client_credentials',
      client_id: tenant.clientId,
      client_secret: 'sample-application-secret',
      scope: `${tenant.graph}/.default`,
    });
    const change = { applicationPermissions: ['GroupMember.Read.All', 'User.Read.All'] };
    tenant.updateApplication({ clientId: tenant.clientId, change });
    const denied = await client.graph(path, without.body['access_token'], eventual);
    expect(errorOf(denied)).toEqual([403, 'Authorization_RequestDenied']);
  });

  test('checkMemberGroups: transitive, at most 20 ids', async () => {
    const url = `${tenant.graph}/v1.0/me/checkMemberGroups`;
    const headers = { authorization: `Bearer ${String(ada)}` };
    const some = await client.postJson(url, { groupIds: [groups.staff, groups.finance] }, headers);
    expect(some.body.value).toEqual([groups.staff]);
    const groupIds = Array.from({ length: 21 }, () => groups.staff);
    expect(errorOf(await client.postJson(url, { groupIds }, headers))).toEqual([400, 'Request_BadRequest']);
    const twenty = await client.postJson(url, { groupIds: groupIds.slice(1) }, headers);
    expect(twenty.status).toBe(200);
    expect(errorOf(await client.postJson(url, {}, headers))).toEqual([400, 'Request_BadRequest']);
  });

  test('/groups/{id}', async () => {
    const found = await client.graph(`/groups/${groups.finance}`, ada);
    expect(found.body).toMatchObject({ displayName: 'Finance', mailEnabled: true, securityEnabled: true });
    const missing = await client.graph(`/groups/${users.ada}`, ada);
    expect(errorOf(missing)).toEqual([404, 'Request_ResourceNotFound']);
  });

  test('a change of membership shows after its delay', async () => {
    const change = { groupId: groups.finance, memberId: users.ada };
    const hasFinance = async () =>
      namesOf(await client.graph('/me/transitiveMemberOf', ada))?.includes('Finance');
    tenant.addMember({ ...change, afterSeconds: 120 });
    expect(await hasFinance()).toBe(false);
    tenant.shiftClock({ seconds: 121 });
    expect(await hasFinance()).toBe(true);
    tenant.removeMember(change);
    expect(await hasFinance()).toBe(false);
    tenant.shiftClock({ seconds: -121 });
  });

  test('groups that contain each other do not hang', async () => {
    const first = tenant.putGroup({ group: { displayName: 'Hen', members: [users.dmitri] } });
    const second = tenant.putGroup({ group: { displayName: 'Egg', members: [first.id] } });
    tenant.addMember({ groupId: first.id, memberId: second.id });
    const token = (await client.signIn('dmitri@fabrikam.example')).body['access_token'];
    const answer = await client.graph('/me/transitiveMemberOf', token);
    expect(namesOf(answer)?.toSorted()).toEqual(['Egg', 'Hen', 'Staff']);
  });
});

describe('tokens', () => {
  test.each([
    ['no token', {}, /empty/],
    ['no JWT', { authorization: 'Bearer nonsense' }, /malformed/],
  ])('%s is 401', async (_, headers, message) => {
    const answer = await client.get(`${tenant.graph}/v1.0/me`, headers as Record<string, string>);
    expect(errorOf(answer)).toEqual([401, 'InvalidAuthenticationToken']);
    const error = answer.body['error'] as { message: string; innerError: Record<string, string> };
    expect(error.message).toMatch(message);
    expect(Object.keys(error.innerError).toSorted()).toEqual(['client-request-id', 'date', 'request-id']);
  });

  test('a token for a database, an expired one and one of a dropped key are 401', async () => {
    const signedIn = await client.signIn('ada@fabrikam.example');
    const scope = 'https://database.windows.net/.default';
    const other = await client.refresh(signedIn.body['refresh_token'], { scope });
    expect(errorOf(await client.graph('/me', other.body['access_token']))).toEqual([
      401,
      'InvalidAuthenticationToken',
    ]);
    tenant.shiftClock({ seconds: 5400 + 301 });
    const expired = await client.graph('/me', signedIn.body['access_token']);
    tenant.shiftClock({ seconds: -5400 - 301 });
    expect(errorOf(expired)).toEqual([401, 'InvalidAuthenticationToken']);
    expect(JSON.stringify(expired.body)).toContain('expired');
    expect((await client.graph('/me', signedIn.body['access_token'])).status).toBe(200);
  });

  test('the wrong version, path and method', async () => {
    const headers = { authorization: `Bearer ${String(ada)}` };
    expect(errorOf(await client.get(`${tenant.graph}/beta/me`, headers))).toEqual([400, 'BadRequest']);
    expect(errorOf(await client.graph('/sites', ada))).toEqual([400, 'BadRequest']);
    const post = await client.postJson(`${tenant.graph}/v1.0/me`, {}, headers);
    expect(post.status).toBe(405);
  });
});

import { afterEach, describe, expect, test } from 'vitest';
import { eventual, type Answer, openTenant } from './tenant-client.ts';

const { tenant, client } = await openTenant();
tenant.generateGroups({ user: 'dmitri@fabrikam.example', count: 1199, depth: 3 });
let token: unknown = (await client.signIn('dmitri@fabrikam.example')).body['access_token'];

afterEach(() => tenant.clearFaults());

const first = '/me/transitiveMemberOf/microsoft.graph.group?$count=true';
const errorOf = ({ status, body }: Answer) => [
  status,
  (body['error'] as { code?: string } | undefined)?.code,
];

/** Follows every next link; an answer of 429 is asked again at once. */
async function readAll(
  path: string,
): Promise<{ ids: Set<unknown>; pages: number; throttled: number; count: number }> {
  const ids = new Set<unknown>();
  let pages = 0;
  let throttled = 0;
  let count = 0;
  for (let next: string | undefined = path; next !== undefined;) {
    const answer = await client.graph(next, token, eventual);
    if (answer.status === 429) {
      throttled += 1;
      continue;
    }
    expect(answer.status).toBe(200);
    pages += 1;
    count += answer.body.value?.length ?? 0;
    for (const group of answer.body.value ?? []) ids.add(group['id']);
    next = answer.body['@odata.nextLink'] as string | undefined;
  }
  return { ids, pages, throttled, count };
}

describe('a directory of 1,200 groups', () => {
  test('comes in pages of 100, each group once, with a 429 in the middle', async () => {
    tenant.addFault({ endpoint: 'graph', type: 'throttle', retryAfter: 1, skip: 6, times: 1 });
    const { ids, pages, throttled, count } = await readAll(first);
    expect({ size: ids.size, pages, throttled, count }).toEqual({
      size: 1200,
      pages: 12,
      throttled: 1,
      count: 1200,
    });
  });

  test('$top changes the size of a page up to 999', async () => {
    expect((await readAll(`${first}&$top=999`)).pages).toBe(2);
    expect((await readAll(`${first}&$top=7`)).pages).toBe(172);
    expect(errorOf(await client.graph(`${first}&$top=1000`, token, eventual))).toEqual([
      400,
      'Request_UnsupportedQuery',
    ]);
    expect(errorOf(await client.graph(`${first}&$top=0`, token, eventual))).toEqual([
      400,
      'Request_UnsupportedQuery',
    ]);
  });

  test('the next link is on the Graph origin and opaque', async () => {
    const { body } = await client.graph(`${first}&$top=10`, token, eventual);
    const link = new URL(String(body['@odata.nextLink']));
    expect(link.origin).toBe(tenant.graph);
    expect(link.searchParams.get('$skiptoken')).toMatch(/^[0-9a-f-]{36}$/);
    expect(body['@odata.count']).toBe(1200);
  });

  test('the link needs the header again, and serves nobody else', async () => {
    const { body } = await client.graph(first, token, eventual);
    const link = String(body['@odata.nextLink']);
    expect(errorOf(await client.graph(link, token))).toEqual([400, 'Request_UnsupportedQuery']);
    const other = (await client.signIn('ada@fabrikam.example')).body['access_token'];
    expect(errorOf(await client.graph(link, other, eventual))).toEqual([400, 'Directory_ExpiredPageToken']);
    expect((await client.graph(link, token, eventual)).status).toBe(200);
    const forged = link.replace(/skiptoken=[^&]*/, 'skiptoken=forged');
    expect(errorOf(await client.graph(forged, token, eventual))).toEqual([400, 'Directory_ExpiredPageToken']);
  });

  test('a list stays as it was on its first page', async () => {
    const { body } = await client.graph(`${first}&$top=999`, token, eventual);
    tenant.generateGroups({ user: 'dmitri@fabrikam.example', count: 5, prefix: 'Late' });
    const rest = await client.graph(String(body['@odata.nextLink']), token, eventual);
    expect(rest.body.value).toHaveLength(201);
  });
});

test('a directory of 11,000 groups is read whole', async () => {
  tenant.generateGroups({ user: 'harriet@fabrikam.example', count: 11_000 });
  const { body } = await client.signIn('harriet@fabrikam.example');
  const own = token;
  token = body['access_token'];
  const { ids } = await readAll(`${first}&$top=999`);
  token = own;
  expect(ids.size).toBe(11_003);
});

describe('$batch', () => {
  const batch = (requests: unknown[]) =>
    client.postJson(
      `${tenant.graph}/v1.0/$batch`,
      { requests },
      { authorization: `Bearer ${String(token)}` },
    );
  const item = (id: string, url: string, headers = {}) => ({ id, method: 'GET', url, headers });

  test('answers each item with its own status', async () => {
    const { status, body } = await batch([
      item('1', '/me?$select=displayName'),
      item('2', first, eventual),
      item('3', first),
      { id: '4', method: 'POST', url: '/me/checkMemberGroups', body: { groupIds: [] } },
    ]);
    expect(status).toBe(200);
    const responses = body['responses'] as { id: string; status: number; body: Record<string, unknown> }[];
    expect(responses.map(({ id, status }) => [id, status])).toEqual([
      ['1', 200],
      ['2', 200],
      ['3', 400],
      ['4', 200],
    ]);
    expect(responses[0]?.body['displayName']).toBe('Dmitri Osei');
  });

  test('one item can be throttled by itself', async () => {
    tenant.addFault({ endpoint: 'graph_batch_item', type: 'throttle', retryAfter: 3, skip: 1, times: 1 });
    const { status, body } = await batch([item('a', '/me'), item('b', '/me'), item('c', '/me')]);
    const responses = body['responses'] as { id: string; status: number; headers: Record<string, string> }[];
    expect(status).toBe(200);
    expect(responses.map(({ status }) => status)).toEqual([200, 429, 200]);
    expect(responses[1]?.headers['retry-after']).toBe('3');
  });

  test('takes 20 items, not 21, and no two of one id', async () => {
    const items = Array.from({ length: 21 }, (_, index) => item(String(index), '/me'));
    expect((await batch(items.slice(1))).status).toBe(200);
    expect(errorOf(await batch(items))).toEqual([400, 'BadRequest']);
    expect(errorOf(await batch([item('1', '/me'), item('1', '/me')]))).toEqual([400, 'BadRequest']);
    expect(errorOf(await batch(['nonsense']))).toEqual([400, 'BadRequest']);
  });
});

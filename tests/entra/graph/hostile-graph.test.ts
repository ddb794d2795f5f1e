import type { ServerResponse } from 'node:http';
import { describe, expect } from 'vitest';
import { claimsChallenge, type GraphOptions } from '../../../main/entra/graph/graph-client.ts';
import { createDirectory } from '../../../main/entra/graph/graph.ts';
import { createThrottle } from '../../../main/entra/throttle.ts';
import { sendJson, startScriptedServer, type ReceivedRequest } from '../scripted-server.ts';
import { it, type Setup } from '../tenant-fixture.ts';

const id = '8d3f6a4e-52d1-4f0c-9a77-0d4b8f9f6d11';
const second = '9d3f6a4e-52d1-4f0c-9a77-0d4b8f9f6d22';
const group = { id, displayName: 'One' };

/** A Graph that answers as the test says, and our look-ups in front of it; waits are recorded instead of waited. */
async function start(
  setup: Setup,
  answer: (response: ServerResponse, count: number, request: ReceivedRequest, origin: string) => void,
  options: Partial<GraphOptions> = {},
) {
  let count = 0;
  const server = await startScriptedServer((request, response, origin) =>
    answer(response, ++count, request, origin),
  );
  setup.onClose(server.close);
  const waits: number[] = [];
  const claims: (string | undefined)[] = [];
  const askedFor: unknown[] = [];
  const directory = createDirectory({
    origin: server.origin,
    fetch: setup.trustingFetch(server),
    accessToken: async (asked) => {
      claims.push(asked?.claims);
      askedFor.push(asked);
      return `token-${claims.length}`;
    },
    sleep: async (ms) => {
      waits.push(ms);
    },
    ...options,
  });
  return { server, directory, waits, claims, asked: askedFor };
}

const page = (origin: string, rest: Record<string, unknown>) => ({
  '@odata.context': `${origin}/v1.0/$metadata#groups`,
  value: [group],
  ...rest,
});

describe.concurrent('links to further pages', () => {
  it('are followed as they are, with header and token', async ({ setup }) => {
    const { directory, server } = await start(setup, (to, count, _request, origin) =>
      sendJson(
        to,
        200,
        count === 1
          ? page(origin, { '@odata.nextLink': `${origin}/v1.0/x?$skiptoken=a%20b&odd==` })
          : page(origin, { value: [{ id: second.toUpperCase(), displayName: 'Two' }, group] }),
      ),
    );
    expect(await directory.groups()).toEqual({
      groups: [
        { id, name: 'One' },
        { id: second, name: 'Two' },
      ],
      named: true,
    });
    expect(server.requests[1]?.path).toBe('/v1.0/x?$skiptoken=a%20b&odd==');
    for (const { headers } of server.requests) {
      expect(headers['consistencylevel']).toBe('eventual');
      expect(headers.authorization).toMatch(/^Bearer token-\d$/);
    }
  });

  it('to another server are refused, and the token does not go there', async ({ setup }) => {
    const elsewhere = await startScriptedServer((_request, response) =>
      sendJson(response, 200, { value: [] }),
    );
    setup.onClose(elsewhere.close);
    const links = [
      () => `${elsewhere.origin}/v1.0/me`,
      () => 'http://127.0.0.1/v1.0/me',
      (origin: string) => origin.replace('https://', 'https://user@'),
      (origin: string) => origin.replace('https:', 'http:'),
      () => '/v1.0/me',
    ];
    for (const link of links) {
      const { directory, server } = await start(setup, (to, _count, _request, origin) =>
        sendJson(to, 200, page(origin, { '@odata.nextLink': link(origin) })),
      );
      await expect(directory.groups()).rejects.toMatchObject({ code: 'directory-refused' });
      expect(server.requests).toHaveLength(1);
    }
    expect(elsewhere.requests).toHaveLength(0);
  });

  it('that lead in a circle end', async ({ setup }) => {
    const { directory, server } = await start(setup, (to, _count, _request, origin) =>
      sendJson(to, 200, page(origin, { '@odata.nextLink': `${origin}/v1.0/again` })),
    );
    await expect(directory.groups()).rejects.toMatchObject({ code: 'directory-refused' });
    expect(server.requests).toHaveLength(2);
  });

  it('without end are given up after a thousand', { timeout: 180_000 }, async ({ setup }) => {
    const { directory, server } = await start(setup, (to, count, _request, origin) =>
      sendJson(to, 200, page(origin, { '@odata.nextLink': `${origin}/v1.0/page?n=${count}` })),
    );
    await expect(directory.groups()).rejects.toMatchObject({ code: 'directory-refused' });
    expect(server.requests).toHaveLength(1000);
  });

  it('a redirect of Graph is not followed', async ({ setup }) => {
    let clock = 0;
    const { directory, server } = await start(
      setup,
      (to, _count, _request, origin) => to.writeHead(302, { location: `${origin}/elsewhere` }).end(),
      { now: () => clock, sleep: async (ms) => void (clock += ms), deadlineMs: 5000 },
    );
    await expect(directory.groups()).rejects.toMatchObject({ code: 'directory-unreachable' });
    expect(server.requests.filter(({ path }) => path === '/elsewhere')).toHaveLength(0);
  });
});

describe.concurrent('bodies that are not as documented', () => {
  it.for([
    ['no value', {}],
    ['a value that is no list', { value: { id } }],
    ['a group without id', { value: [{ displayName: 'x' }] }],
    ['an id that is no GUID', { value: [{ id: 'admins' }] }],
    ['a name that is no text', { value: [{ id, displayName: 7 }] }],
    ['a link that is no text', { value: [group], '@odata.nextLink': 7 }],
    ['an empty link', { value: [group], '@odata.nextLink': '' }],
  ] as const)('%s: directory-refused', async ([_title, body], { setup }) => {
    const { directory } = await start(setup, (to) => sendJson(to, 200, body));
    await expect(directory.groups()).rejects.toMatchObject({ code: 'directory-refused' });
  });

  it.for(['<html>', '', '[]', '"x"', 'null'])(
    '%j instead of an object: directory-refused after three tries',
    async (text, { setup }) => {
      const { directory, server } = await start(setup, (to) => to.writeHead(200).end(text));
      await expect(directory.groups()).rejects.toMatchObject({ code: 'directory-refused' });
      expect(server.requests).toHaveLength(3);
    },
  );

  it('a person without id: directory-refused', async ({ setup }) => {
    const { directory } = await start(setup, (to) =>
      sendJson(to, 200, { displayName: 'x', userPrincipalName: 'x@y' }),
    );
    await expect(directory.me()).rejects.toMatchObject({ code: 'directory-refused' });
  });

  it('a body of five megabytes: directory-refused', async ({ setup }) => {
    const { directory } = await start(setup, (to) =>
      to
        .writeHead(200, { 'content-type': 'application/json' })
        .end(`{"value":"${'x'.repeat(5 * 1024 * 1024)}"}`),
    );
    await expect(directory.groups()).rejects.toMatchObject({ code: 'directory-refused' });
  });
});

describe.concurrent('waiting', () => {
  const throttledOnce =
    (headers: Record<string, string>) =>
    (to: ServerResponse, count: number, _request: ReceivedRequest, origin: string) =>
      count === 1 ? sendJson(to, 429, {}, headers) : sendJson(to, 200, page(origin, {}));

  it('takes Retry-After in seconds', async ({ setup }) => {
    const { directory, waits } = await start(setup, throttledOnce({ 'retry-after': '7' }));
    await directory.groups();
    expect(waits).toHaveLength(1);
    expect(waits[0]).toBeGreaterThanOrEqual(7000);
    expect(waits[0]).toBeLessThanOrEqual(7700);
  });

  it('takes Retry-After as an HTTP date', async ({ setup }) => {
    const now = Date.parse('2026-03-01T10:00:00Z');
    const { directory, waits } = await start(
      setup,
      throttledOnce({ 'retry-after': 'Sun, 01 Mar 2026 10:00:12 GMT' }),
      {
        now: () => now,
      },
    );
    await directory.groups();
    expect(waits).toHaveLength(1);
    expect(waits[0]).toBeGreaterThanOrEqual(12_000);
    expect(waits[0]).toBeLessThanOrEqual(13_200);
  });

  it('grows with jitter where there is none, or an unreadable one, and ends after a few', async ({
    setup,
  }) => {
    let clock = 0;
    const waits: number[] = [];
    const { directory } = await start(setup, (to) => sendJson(to, 429, {}, { 'retry-after': 'soon' }), {
      now: () => clock,
      sleep: async (ms) => {
        waits.push(ms);
        clock += ms;
      },
      deadlineMs: 60_000,
    });
    await expect(directory.groups()).rejects.toMatchObject({ code: 'directory-unreachable' });
    expect(clock).toBeLessThan(60_000);
    expect(waits).toHaveLength(5);
    for (const [index, ms] of waits.entries()) {
      const ceiling = Math.min(10_000, 500 * 2 ** index);
      expect(ms).toBeGreaterThanOrEqual(ceiling / 2);
      expect(ms).toBeLessThanOrEqual(ceiling);
    }
  });

  it('is not done where Retry-After asks for more than is left, and the person is told how long', async ({
    setup,
  }) => {
    const { directory, waits } = await start(setup, throttledOnce({ 'retry-after': '300' }));
    await expect(directory.groups()).rejects.toMatchObject({
      code: 'directory-unreachable',
      remedy: expect.stringMatching(/in 5 minutes \(after \d\d:\d\d\)/) as string,
    });
    expect(waits).toEqual([]);
  });
});

describe.concurrent('a pause that Graph has asked for', () => {
  it('is kept by all look-ups, with whatever token, until it is over', async ({ setup }) => {
    let clock = Date.parse('2026-03-01T10:00:00Z');
    let isBusy = true;
    const throttle = createThrottle(() => clock);
    const options: Partial<GraphOptions> = {
      throttle,
      now: () => clock,
      sleep: async (ms) => void (clock += ms),
    };
    const { directory, server } = await start(
      setup,
      (to, _count, _request, origin) =>
        isBusy ? sendJson(to, 429, {}, { 'retry-after': '120' }) : sendJson(to, 200, page(origin, {})),
      options,
    );
    const other = createDirectory({
      origin: server.origin,
      fetch: setup.trustingFetch(server),
      accessToken: async () => 'token of somebody else',
      ...options,
    });
    const busy = { code: 'directory-unreachable' };
    await expect(directory.groups()).rejects.toMatchObject(busy);
    clock += 30_000;
    await expect(directory.groups()).rejects.toMatchObject({
      ...busy,
      remedy: expect.stringMatching(/try again in \d+ (seconds|minutes) \(after \d\d:\d\d\)/) as string,
    });
    await expect(other.me()).rejects.toMatchObject(busy);
    expect(server.requests).toHaveLength(1);
    isBusy = false;
    // What is left of it is less than a look-up may take, and so it is waited for.
    clock += 40_000;
    const from = clock;
    expect((await other.groups()).groups).toHaveLength(1);
    expect(clock - from).toBeGreaterThanOrEqual(50_000);
    expect(clock - from).toBeLessThanOrEqual(62_000);
    await directory.groups();
    expect(server.requests).toHaveLength(3);
  });

  it.for([
    ['none at all', undefined],
    ['"0"', '0'],
    ['a date that has passed', 'Sun, 01 Mar 2015 10:00:12 GMT'],
  ] as const)(
    'of %s: rounds that follow start where the last one ended',
    async ([_title, value], { setup }) => {
      let clock = Date.parse('2026-03-01T10:00:00Z');
      const { directory, server } = await start(
        setup,
        (to) => sendJson(to, 429, {}, value === undefined ? {} : { 'retry-after': value }),
        { now: () => clock, sleep: async (ms) => void (clock += ms) },
      );
      const began = clock;
      for (let round = 0; round < 3; round += 1) await directory.groups().catch(() => undefined);
      expect(server.requests.length).toBeLessThanOrEqual(18);
      expect((clock - began) / server.requests.length).toBeGreaterThan(3500);
    },
  );

  it('of a year is tried after half an hour, and one before a clock was set back at once', async ({
    setup,
  }) => {
    let clock = Date.parse('2026-03-01T10:00:00Z');
    const { directory, server } = await start(
      setup,
      (to) => sendJson(to, 429, {}, { 'retry-after': '99999999' }),
      { now: () => clock },
    );
    const round = () => directory.groups().catch(() => undefined);
    await round();
    clock += 29 * 60_000;
    await round();
    expect(server.requests).toHaveLength(1);
    clock += 2 * 60_000;
    await round();
    expect(server.requests).toHaveLength(2);
    clock -= 24 * 3600_000;
    await round();
    expect(server.requests).toHaveLength(3);
  });
});

describe.concurrent('a 401 without a challenge', () => {
  const notValid = { error: { code: 'InvalidAuthenticationToken', message: 'x' } };

  it('is answered with one new token', async ({ setup }) => {
    const { directory, server, asked } = await start(setup, (to, count, _request, origin) =>
      count === 1 ? sendJson(to, 401, notValid) : sendJson(to, 200, page(origin, {})),
    );
    await directory.groups();
    expect(asked).toEqual([undefined, { fresh: true }]);
    expect(server.requests).toHaveLength(2);
  });

  it('of Graph again: the sign-in is not accepted', async ({ setup }) => {
    const { directory, server } = await start(setup, (to) => sendJson(to, 401, notValid));
    await expect(directory.groups()).rejects.toMatchObject({ code: 'sign-in-required' });
    expect(server.requests).toHaveLength(2);
  });

  it.for([
    [401, { error: 'unauthorized' }],
    [401, { message: 'log in to the proxy' }],
    [403, { error: 'blocked by policy' }],
    [404, {}],
    [407, {}],
  ] as const)('%i %j of something in between: unknown', async ([status, body], { setup }) => {
    const { directory } = await start(setup, (to) => sendJson(to, status, body));
    await expect(directory.groups()).rejects.toMatchObject({ code: 'directory-unreachable' });
  });
});

describe.concurrent('claims challenges', () => {
  const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';
  const challenge = (text: string) => ({
    'www-authenticate': `Bearer realm="", authorization_uri="https://x/authorize", error="insufficient_claims", claims="${Buffer.from(text).toString('base64')}"`,
  });

  it('ask for one new token, and the later pages need none', async ({ setup }) => {
    const { directory, claims: asked } = await start(setup, (to, count, _request, origin) => {
      if (count === 1) sendJson(to, 401, {}, challenge(claims));
      else
        sendJson(
          to,
          200,
          count === 2 ? page(origin, { '@odata.nextLink': `${origin}/v1.0/2` }) : page(origin, {}),
        );
    });
    await directory.groups();
    expect(asked).toEqual([undefined, claims, undefined]);
  });

  it('asked for again are sign-in-required, with the claims for the new sign-in', async ({ setup }) => {
    const { directory, server } = await start(setup, (to) => sendJson(to, 401, {}, challenge(claims)));
    await expect(directory.groups()).rejects.toMatchObject({ code: 'sign-in-required', entra: { claims } });
    expect(server.requests).toHaveLength(2);
  });

  it('are read only where they are whole', () => {
    const header = (value: string) => claimsChallenge(new Headers({ 'www-authenticate': value }));
    expect(claimsChallenge(new Headers(challenge(claims)))).toBe(claims);
    expect(claimsChallenge(new Headers())).toBeUndefined();
    expect(header('Bearer realm=""')).toBeUndefined();
    expect(header('Bearer error="invalid_token", claims="e30="')).toBeUndefined();
    expect(header('Bearer error="insufficient_claims"')).toBeUndefined();
    expect(claimsChallenge(new Headers(challenge('no json')))).toBeUndefined();
  });
});

import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { routes } from '../../main/api/routes.ts';
import { describeWith, parts } from '../support/parts.ts';
import { startApiWorld, type ApiWorld } from './api-world.ts';
import { send, type RawAnswer, type RawRequest } from './raw-request.ts';

const rounds = 20_000;

describeWith([parts.postgres], 'the guard of the API', () => {
  let api: ApiWorld;
  beforeAll(async () => {
    api = await startApiWorld();
  });
  afterAll(() => api?.close());

  /** Three times in four as it should be, so that most requests are hostile in one way only. */
  const mostly = <Good, Bad>(good: Good, ...bad: Bad[]) =>
    fc.oneof({ weight: 3, arbitrary: fc.constant(good) }, { weight: 1, arbitrary: fc.constantFrom(...bad) });

  /** What a page, another user or a confused tool may send; `good` is what the command line sends. */
  const ingredients = (port: number, bearer: string) => ({
    host: mostly(
      `127.0.0.1:${port}`,
      `127.0.0.1:${port}`,
      `localhost:${port}`,
      `[::1]:${port}`,
      `evil.test:${port}`,
      `127.0.0.1.evil.test:${port}`,
      `localhost.evil.test:${port}`,
      `127.0.0.1:${port}@evil.test`,
      `0.0.0.0:${port}`,
      `127.1:${port}`,
      `2130706433:${port}`,
      `LOCALHOST:${port}`,
      `localhost.:${port}`,
      '127.0.0.1',
      'localhost',
      'localhost:80',
      '',
      undefined,
    ),
    origin: mostly(
      undefined,
      undefined,
      'null',
      'https://evil.test',
      `http://127.0.0.1:${port}`,
      `http://localhost:${port}`,
      'chrome-extension://abcdefghijklmnop',
      'file://',
      '',
    ),
    site: mostly(undefined, undefined, 'none', 'cross-site', 'same-site', 'same-origin', 'bogus', ''),
    method: mostly('POST', 'GET', 'POST', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND'),
    type: mostly(
      'application/json',
      'application/json',
      'application/json; charset=utf-8',
      'text/plain',
      'text/plain; application/json',
      'text/plain, application/json',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/json+x',
      'application/jsonp',
      '',
      undefined,
    ),
    authorization: fc.oneof(
      { weight: 3, arbitrary: fc.constant(`Bearer ${bearer}`) },
      fc.constantFrom(
        `Bearer ${bearer}`,
        `bearer ${bearer}`,
        `Bearer  ${bearer}`,
        `Bearer ${bearer} `,
        `Bearer ${bearer.slice(0, -1)}`,
        `Bearer ${bearer}x`,
        `Bearer ${bearer.toLowerCase()}`,
        `Basic ${Buffer.from(`:${bearer}`).toString('base64')}`,
        bearer,
        'Bearer',
        'Bearer undefined',
        '',
        undefined,
      ),
      fc
        .string({ maxLength: 60, unit: 'grapheme-ascii' })
        .map((text) => `Bearer ${text.replaceAll(/[^ -~]/g, '')}`),
    ),
    path: fc.constantFrom(
      ...Object.keys(routes).map((key) => key.split(' ')[1] ?? ''),
      '/v1/sign-out?',
      '/v1/sign-out/',
      '//v1/sign-out',
      '/v1/../v1/sign-out',
      '/v1/%73ign-out',
      'http://localhost/v1/sign-out',
      '/__proto__',
      '/',
    ),
    body: fc.constantFrom(
      '{}',
      '{"all":true}',
      '{"connection":"sales"}',
      '{"name":"sales-owner","value":"evil"}',
      'all=true',
      '{"all":true',
      '',
    ),
    cookie: fc.constantFrom(undefined, `bearer=${bearer}`, `Authorization=Bearer ${bearer}`),
  });

  type Attempt = {
    [Name in keyof ReturnType<typeof ingredients>]: ReturnType<typeof ingredients>[Name] extends fc.Arbitrary<
      infer Value
    >
      ? Value
      : never;
  };

  /** The rule, written a second time: whoever fulfils all of it is no attacker. */
  function isAllowed({ host, origin, site, method, type, authorization }: Attempt): boolean {
    return (
      [`127.0.0.1:${api.port}`, `localhost:${api.port}`, `[::1]:${api.port}`].includes(host ?? '') &&
      origin === undefined &&
      (site === undefined || site === 'none') &&
      authorization?.trimEnd() === `Bearer ${api.bearer}` &&
      (method === 'GET' || (method === 'POST' && /^application\/json(;|$)/.test(type ?? '')))
    );
  }

  function toRequest({
    host,
    origin,
    site,
    method,
    type,
    authorization,
    path,
    body,
    cookie,
  }: Attempt): RawRequest {
    const headers = {
      host,
      origin,
      'sec-fetch-site': site,
      'content-type': type,
      authorization,
      cookie,
    };
    const given = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
    const hasBody = method !== 'GET' && method !== 'HEAD' && method !== 'TRACE';
    return { method, path, headers: given, body: hasBody ? body : undefined };
  }

  it(`lets none of ${rounds} hostile requests act`, { timeout: 120_000 }, async () => {
    const before = await api.footprint();
    const attempts = fc
      .sample(fc.record(ingredients(api.port, api.bearer)), {
        numRuns: rounds * 1.6,
        seed: Number(process.env['SEED'] ?? Date.now() % 1e6),
      })
      .filter((attempt) => !isAllowed(attempt))
      .slice(0, rounds);
    expect(attempts).toHaveLength(rounds);
    const answers = new Map<number, number>();
    const wrong: unknown[] = [];
    let next = 0;
    async function worker(): Promise<void> {
      for (let attempt = attempts[next++]; attempt !== undefined; attempt = attempts[next++]) {
        const answer = await send({ port: api.port }, toRequest(attempt));
        answers.set(answer.status, (answers.get(answer.status) ?? 0) + 1);
        if (!isRefusal(answer)) wrong.push({ attempt, answer });
      }
    }
    await Promise.all(Array.from({ length: 32 }, worker));
    expect(wrong).toEqual([]);
    // Each reason was met many times; none hid behind another.
    for (const status of [400, 401, 403, 405, 415, 421])
      expect(answers.get(status) ?? 0, String(status)).toBeGreaterThan(20);
    expect(await api.footprint()).toBe(before);
    const reasons = (await api.latchkey.audit('request-refused')).map(({ reason }) => reason);
    expect(new Set(reasons)).toEqual(new Set(['host', 'origin', 'method', 'bearer', 'content-type']));
    // A flood leaves a record of each reason, not one of each request.
    expect(reasons.length).toBeLessThan(100);
  });

  /** An answer of the guard, or of Node's parser where the request is not even HTTP; and nothing for a page to read. */
  function isRefusal({ status, headers, text }: RawAnswer): boolean {
    const cors = Object.keys(headers).filter((name) => name.startsWith('access-control-'));
    const isEmpty = text === '' || status === 400;
    return (
      [400, 401, 403, 405, 415, 421].includes(status) &&
      cors.length === 0 &&
      (isEmpty || (JSON.parse(text) as { problem: { code: string } }).problem.code === 'request-refused')
    );
  }

  it('lets the command line act, and answers it without CORS', async () => {
    const headers = { host: `127.0.0.1:${api.port}`, authorization: `Bearer ${api.bearer}` };
    for (const host of [`127.0.0.1:${api.port}`, `localhost:${api.port}`]) {
      const answer = await send(
        { port: api.port },
        { method: 'GET', path: '/v1/state', headers: { ...headers, host } },
      );
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({
        'content-type': 'application/json; charset=utf-8',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      });
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
    const json = { ...headers, 'content-type': 'application/json' };
    expect(
      await send(
        { port: api.port },
        { method: 'POST', path: '/v1/tokens', headers: json, body: '{"connection":"sales"}' },
      ),
    ).toMatchObject({ status: 200 });
    // At the unix socket the name stands alone.
    const local = { ...headers, host: 'localhost' };
    expect(
      (await send({ path: api.socketPath }, { method: 'GET', path: '/v1/state', headers: local })).status,
    ).toBe(200);
    expect((await send({ path: api.socketPath }, { method: 'GET', path: '/v1/state', headers })).status).toBe(
      421,
    );
  });

  it('finds nothing at a path that is written otherwise', async () => {
    const headers = {
      host: `localhost:${api.port}`,
      authorization: `Bearer ${api.bearer}`,
      'content-type': 'application/json',
    };
    for (const path of [
      '/',
      '/v1/sign-out/',
      '//v1/sign-out',
      '/v1/../v1/sign-out',
      '/v1/%73ign-out',
      'http://localhost/v1/sign-out',
      '/V1/SIGN-OUT',
      '/v1/sign-out;x',
      '*',
    ]) {
      const answer = await send({ port: api.port }, { method: 'POST', path, headers, body: '{}' });
      expect({ path, status: answer.status }).toEqual({ path, status: 404 });
    }
    expect((await api.latchkey.state()).signIn.kind).toBe('signed-in');
  });
});

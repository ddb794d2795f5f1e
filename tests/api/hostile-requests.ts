import fc from 'fast-check';
import { type Action, actions } from '../../main/contract/actions.ts';
import type { ApiWorld } from './api-world.ts';
import { send, type RawAnswer, type RawRequest } from './raw-request.ts';

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
    ...Object.values<Action>(actions).flatMap(({ route }) => route?.split(' ')[1] ?? []),
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
function isAllowed(api: ApiWorld, { host, origin, site, method, type, authorization }: Attempt): boolean {
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

export interface HostileAnswers {
  /** How often each status was answered. */
  answers: Map<number, number>;
  /** What was answered otherwise than with a refusal. */
  wrong: { attempt: Attempt; answer: RawAnswer }[];
}

/** Sends this many requests that must be refused, 32 at a time. @param seed repeats a run */
export async function sendHostile(api: ApiWorld, rounds: number, seed: number): Promise<HostileAnswers> {
  const attempts = fc
    .sample(fc.record(ingredients(api.port, api.bearer)), { numRuns: rounds * 1.6, seed })
    .filter((attempt) => !isAllowed(api, attempt))
    .slice(0, rounds);
  if (attempts.length < rounds) throw new Error(`only ${attempts.length} of ${rounds} requests are hostile`);
  const answers = new Map<number, number>();
  const wrong: HostileAnswers['wrong'] = [];
  let next = 0;
  async function worker(): Promise<void> {
    for (let attempt = attempts[next++]; attempt !== undefined; attempt = attempts[next++]) {
      const answer = await send({ port: api.port }, toRequest(attempt));
      answers.set(answer.status, (answers.get(answer.status) ?? 0) + 1);
      if (!isRefusal(answer)) wrong.push({ attempt, answer });
    }
  }
  await Promise.all(Array.from({ length: 32 }, worker));
  return { answers, wrong };
}

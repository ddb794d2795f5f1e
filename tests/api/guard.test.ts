import { expect, it } from 'vitest';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { startApiWorld } from './api-world.ts';
import { sendHostile } from './hostile-requests.ts';
import { send } from './raw-request.ts';

const rounds = 20_000;

describeWith([parts.postgres], 'the guard of the API', () => {
  const api = useAll(startApiWorld);

  it(`lets none of ${rounds} hostile requests act`, { timeout: 120_000 }, async () => {
    const before = await api.footprint();
    const seed = Number(process.env['SEED'] ?? Date.now() % 1e6);
    const { answers, wrong } = await sendHostile(api, rounds, seed);
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

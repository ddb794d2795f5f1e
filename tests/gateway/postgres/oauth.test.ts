import { Client } from 'pg';
import { afterAll, expect, test } from 'vitest';
import type { UpstreamAddress, UpstreamLogin } from '../../../main/gateway/ports.ts';
import { oauthParts, oauthScope, startOauthPostgres } from '../../support/oauth-postgres.ts';
import { describeWith } from '../../support/parts.ts';
import { useAll } from '../../support/use-all.ts';
import { type TestGateway, startTestGateway } from '../fixture.ts';

/** A token of a usual length; the server's validator looks at its beginning. */
const good = `good-analysts.${'eyJ0'.repeat(700)}==`;

describeWith(oauthParts, 'PostgreSQL 18 with the method "oauth" as upstream', () => {
  const gateways: TestGateway[] = [];

  const server = useAll(startOauthPostgres);
  afterAll(() => Promise.all(gateways.map((gateway) => gateway.close())));

  async function gatewayWith(
    login: Partial<UpstreamLogin>,
    tls: UpstreamAddress['tls'] = { mode: 'verify', ca: server.caPem ?? '' },
  ): Promise<TestGateway> {
    const gateway = await startTestGateway({
      upstream: { host: 'localhost', port: server.port, tls },
      login: { user: 'analysts', database: 'postgres', ...login },
    });
    gateways.push(gateway);
    return gateway;
  }
  async function ask(gateway: TestGateway): Promise<string> {
    const client = new Client({
      host: '127.0.0.1',
      port: gateway.port,
      user: gateway.user,
      database: gateway.database,
      password: gateway.token,
    });
    client.on('error', () => undefined);
    await client.connect();
    try {
      const { rows } = await client.query<{ who: string }>(
        "select current_user || ' by ' || system_user as who",
      );
      return rows[0]?.who ?? '';
    } finally {
      await client.end();
    }
  }

  test('an old client with a local token gets in by the access token', async () => {
    expect(await ask(await gatewayWith({ accessToken: good }))).toBe('analysts by oauth:analysts');
  });

  test('a token that the server refuses: its own words, and the scope that it wants', async () => {
    const refused = ask(await gatewayWith({ user: 'owner', accessToken: good }));
    await expect(refused).rejects.toMatchObject({
      code: '08004',
      message: expect.stringMatching(
        /refused the login: OAuth bearer authentication failed for user "owner"/,
      ),
      hint: expect.stringContaining(`The server wants the scope "${oauthScope}".`),
    });
  });

  test.each<[string, Partial<UpstreamLogin>, UpstreamAddress['tls'] | undefined, RegExp]>([
    ['without TLS', { accessToken: good }, { mode: 'off' }, /asks for an access token without verified TLS/],
    [
      'in place of a password',
      { password: 'secret' },
      undefined,
      /asks for an access token, and this connection/,
    ],
    ['that is none', { accessToken: 'good-analysts\u0001host=x' }, undefined, /and ours is none/],
  ])('a token %s is not sent', async (_name, login, tls, message) => {
    await expect(ask(await gatewayWith(login, tls))).rejects.toMatchObject({
      code: '08004',
      message: expect.stringMatching(message),
    });
  });
});

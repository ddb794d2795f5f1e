import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { UpstreamAddress, UpstreamLogin } from '../../../main/gateway/ports.ts';
import { freePort } from '../../support/free-port.ts';
import { type TdsServer, type TdsServerOptions, startTdsServer } from '../../support/tds-server.ts';
import { type TestGateway, startTestGateway } from '../fixture.ts';
import { errorIn, logIn, login7 } from './raw-client.ts';

/** One gateway for a file, with a further listener for each upstream, and servers that take a password or a token. */
export function useUpstreams(password: string, accessToken: string) {
  const byPassword: UpstreamLogin = { user: 'reporting', database: 'sales', password };
  const byToken: UpstreamLogin = { user: 'app@contoso.example', database: 'sales', accessToken };
  let shared: TestGateway;
  /** What is to be closed at the end of the test. */
  const closing: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    const listener = { protocol: 'sqlserver' } as const;
    shared = await startTestGateway({ upstream: { port: 1433 }, login: byPassword, listener });
  });
  afterAll(async () => {
    await shared.close();
    expect(shared.log).toEqual([]);
  });
  afterEach(async () => {
    for (const each of closing.splice(0).toReversed()) await each.close();
  });

  return {
    byPassword,
    byToken,
    closing,
    async server(options: TdsServerOptions = {}): Promise<TdsServer> {
      const started = await startTdsServer({
        logins: { reporting: password },
        accessTokens: [accessToken],
        ...options,
      });
      closing.push({
        async close() {
          await started.close();
          expect(started.brokenRecords).toBe(0);
        },
      });
      return started;
    },
    /** A further listener; `login` counts from now on. */
    async gatewayTo(
      upstream: Partial<UpstreamAddress> & { port: number },
      login = byPassword,
    ): Promise<TestGateway> {
      const port = await freePort();
      shared.gatekeeper.logInAs(login);
      const failures = await shared.host.open([
        {
          connection: `sales at ${port}`,
          protocol: 'sqlserver',
          host: '127.0.0.1',
          port,
          clientAuth: 'password',
          databases: ['sales'],
          maxSessions: 100,
          upstream: {
            host: 'localhost',
            tls: { mode: 'off' },
            allowedMethods: [],
            connectTimeoutMs: 5000,
            ...upstream,
          },
        },
      ]);
      if (failures.length > 0) throw new Error(failures[0]?.problem.message);
      return { ...shared, port };
    },
    /** The error that a client gets at login. */
    async failure(gateway: TestGateway, version?: number) {
      const login = login7({ password: gateway.token, ...(version === undefined ? {} : { version }) });
      const { socket, answer } = await logIn(gateway.port, login);
      const { received } = await socket.closed();
      for (const secret of [password, accessToken])
        expect(received.includes(Buffer.from(secret, 'utf16le'))).toBe(false);
      return errorIn(answer.payload, version === 0x71000001);
    },
  };
}

export const target = ({ port, user, token }: TestGateway) => ({
  port,
  user,
  password: token,
  database: 'sales',
});

import mysql from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { UpstreamAddress, UpstreamLogin } from '../../../main/gateway/ports.ts';
import { createTestAuthority, type IssuedCertificate } from '../../support/certificates.ts';
import { type MysqlGateway, startMysqlGateway } from './fixture.ts';
import {
  errorPayload,
  greetingPayload,
  mysqlFlags,
  okPayload,
  type ScriptedServer,
  type ServerSide,
  startScriptedServer,
  switchTo,
} from './scripted-server.ts';

/**
 * MySQL's plugin authentication_openid_connect is part of its commercial server: this stand-in asks as its documentation
 * says, and refuses whatever is not exact. MySQL's own Connector/Python has been let in by it.
 */
const token = `eyJhbGciOiJSUzI1NiJ9.${'eyJ0'.repeat(400)}.c2ln`;

describe('MySQL with OpenID Connect as upstream', () => {
  let server: ScriptedServer;
  let authority: Awaited<ReturnType<typeof createTestAuthority>>;
  let certificate: IssuedCertificate;
  const gateways: MysqlGateway[] = [];
  const seen: string[] = [];

  beforeAll(async () => {
    authority = await createTestAuthority();
    certificate = await authority.issue({ dns: ['localhost'], ip: ['127.0.0.1'] });
    server = await startScriptedServer(openId);
  });
  afterEach(async () => {
    await Promise.all(gateways.splice(0).map((gateway) => gateway.close()));
    seen.length = 0;
  });
  afterAll(() => server.close());

  async function openId(side: ServerSide): Promise<void> {
    side.send(greetingPayload({}, { flags: mysqlFlags }));
    if ((await side.next()).length === 32) {
      side.secure(certificate);
      await side.next();
    }
    side.send(switchTo('authentication_openid_connect_client', Buffer.alloc(0)));
    const answer = await side.next();
    seen.push(tokenIn(answer) ?? 'no token');
    side.send(tokenIn(answer) === token ? okPayload : errorPayload(1045, 'Access denied'));
    for (;;) {
      await side.next();
      side.send(okPayload);
    }
  }

  async function login(
    change: Partial<UpstreamLogin>,
    address: Partial<UpstreamAddress> = {},
  ): Promise<void> {
    const gateway = await startMysqlGateway({
      upstream: {
        host: 'localhost',
        port: server.port,
        tls: { mode: 'verify', ca: authority.caPem },
        ...address,
      },
      login: { user: 'analysts', database: 'shop', ...change },
    });
    gateways.push(gateway);
    const { port, user, token: password, database } = gateway;
    const client = await mysql.createConnection({ host: '127.0.0.1', port, user, password, database });
    await client.ping();
    client.destroy();
  }

  test('an old client with a local token gets in by the access token', async () => {
    await login({ accessToken: token });
    expect(seen).toEqual([token]);
  });

  test('the refusal of a token is told in the words of the server', async () => {
    await expect(login({ accessToken: 'another' })).rejects.toThrow(/refused the login: Access denied/);
    expect(seen).toEqual(['another']);
  });

  test.each<[string, Partial<UpstreamLogin>, Partial<UpstreamAddress>, RegExp]>([
    [
      'without TLS',
      { accessToken: token },
      { tls: { mode: 'off' } },
      /asks for an identity token without TLS/,
    ],
    [
      'in place of a password',
      { password: 'secret' },
      {},
      /asks for an identity token in place of a password/,
    ],
  ])('a token %s is not sent', async (_name, change, address, message) => {
    await expect(login(change, address)).rejects.toThrow(message);
    expect(seen).toEqual([]);
  });
});

/** A byte of capabilities, which is 1, then the token as string<lenenc>, and nothing behind it. */
function tokenIn(packet: Buffer): string | undefined {
  if (packet[0] !== 1) return undefined;
  const first = packet[1] ?? 0;
  const [start, length] = first < 251 ? [2, first] : first === 252 ? [4, packet.readUInt16LE(2)] : [0, 0];
  return start > 0 && packet.length === start + length ? packet.toString('utf8', start) : undefined;
}

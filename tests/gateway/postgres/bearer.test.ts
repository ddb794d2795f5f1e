import { TLSSocket } from 'node:tls';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createTestAuthority, type IssuedCertificate } from '../../support/certificates.ts';
import { type FakeUpstream, type FakeVisit, startFakeUpstream, watch } from '../../support/fake-upstream.ts';
import { typed } from '../../support/wire-client.ts';
import { type TestGateway, startTestGateway } from '../fixture.ts';

const accessToken = 'eyJ0.eyJ1.c2ln';
const authentication = (code: number, rest = ''): Buffer =>
  typed('R', Buffer.concat([Buffer.from([0, 0, 0, code]), Buffer.from(rest)]));
const offer = authentication(10, 'OAUTHBEARER\0\0');
const letIn = Buffer.concat([authentication(0), typed('Z', 'I')]);

describe('OAUTHBEARER with an upstream that may be anybody', () => {
  let upstream: FakeUpstream;
  let authority: Awaited<ReturnType<typeof createTestAuthority>>;
  let certificate: IssuedCertificate;
  let gateway: TestGateway;
  const said: Buffer[] = [];
  let script: (visit: FakeVisit) => Promise<void> = async () => undefined;

  beforeAll(async () => {
    authority = await createTestAuthority();
    certificate = await authority.issue({ dns: ['localhost'], ip: ['127.0.0.1'] });
    upstream = await startFakeUpstream(async (plain) => {
      await plain.firstBytes();
      plain.socket.removeAllListeners('data');
      plain.socket.write('S');
      const visit = watch(
        new TLSSocket(plain.socket, { isServer: true, cert: certificate.certPem, key: certificate.keyPem }),
      );
      visit.socket.on('error', () => undefined);
      await visit.firstBytes();
      visit.socket.write(offer);
      said.push(await visit.message(1));
      await script(visit);
    });
    gateway = await startTestGateway({
      upstream: { host: 'localhost', port: upstream.port, tls: { mode: 'verify', ca: authority.caPem } },
      login: { user: 'analysts', database: 'sales', accessToken },
    });
  });
  afterEach(() => {
    said.length = 0;
  });
  afterAll(async () => {
    await gateway.close();
    await upstream.close();
  });

  async function login(): Promise<void> {
    const { port, user, database, token: password } = gateway;
    const client = new Client({ host: '127.0.0.1', port, user, database, password });
    client.on('error', () => undefined);
    await client.connect();
    await client.end();
  }

  test('the message is the one of RFC 7628, and AuthenticationOk ends the exchange', async () => {
    script = async ({ socket }) => void socket.write(letIn);
    await login();
    const data = `n,,\u0001auth=Bearer ${accessToken}\u0001\u0001`;
    const length = Buffer.alloc(4);
    length.writeInt32BE(data.length);
    const body = Buffer.concat([Buffer.from('OAUTHBEARER\0'), length, Buffer.from(data)]);
    expect(said).toEqual([typed('p', body)]);
  });

  test.each<[string, Buffer, RegExp]>([
    ['data behind a success', authentication(12, 'more'), /leaves the SASL exchange before the end/],
    ['another request', authentication(3), /leaves the SASL exchange before the end/],
    ['no authentication', typed('Z', 'I'), /leaves the SASL exchange before the end/],
  ])('%s is no login', async (_name, answer, message) => {
    script = async ({ socket }) => void socket.write(answer);
    await expect(login()).rejects.toMatchObject({ code: '08006', message: expect.stringMatching(message) });
  });

  test('a refusal is answered with the empty message, and cannot turn into a login', async () => {
    let empty: Buffer | undefined;
    script = async (visit) => {
      visit.socket.write(authentication(11, '{"status":"invalid_token","scope":"\u001b[31mred"}'));
      empty = await visit.message(2);
      visit.socket.write(letIn);
    };
    await expect(login()).rejects.toMatchObject({
      code: '08006',
      message: expect.stringMatching(/goes on after it has refused a token/),
    });
    expect(empty).toEqual(typed('p', '\u0001'));
  });

  test('what a refusal says is shown where it is plain text only', async () => {
    for (const [text, shown] of [
      ['{"scope":"openid api://db/.default"}', 'The server wants the scope "openid api://db/.default".'],
      ['{"scope":"\\u001b[31mred"}', undefined],
      ['{"scope":', undefined],
      ['[]', undefined],
    ] as const) {
      script = async (visit) => {
        visit.socket.write(authentication(11, text));
        await visit.message(2);
        visit.socket.write(typed('E', 'SFATAL\0C28000\0Mno such token\0\0'));
      };
      const error: unknown = await login().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: '08004', message: expect.stringMatching(/no such token/) });
      const { hint } = error as { hint: string };
      expect(hint).toContain('Check "entra" of the rule');
      if (shown === undefined) expect(hint).not.toContain('wants the scope');
      else expect(hint).toContain(shown);
    }
  });
});

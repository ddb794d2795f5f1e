import { TYPES } from 'tedious';
import { beforeAll, expect, test } from 'vitest';
import type { UpstreamAddress, UpstreamLogin } from '../../../main/gateway/ports.ts';
import { checkUpstream } from '../../../main/gateway/upstream-check.ts';
import { type TestAuthority, createTestAuthority } from '../../support/certificates.ts';
import { describeWith } from '../../support/parts.ts';
import { type TdsServer, type TdsServerOptions, startTdsServer } from '../../support/tds-server.ts';
import type { TestGateway } from '../fixture.ts';
import { clientParts, tedious, tsql } from './drivers.ts';
import { logIn, login7 } from './raw-client.ts';
import { target, useUpstreams } from './upstream-fixture.ts';

/** A server with "Force Strict Encryption": TLS first, ALPN, version 8.0 of TDS. tedious is held against it first. */
const password = 'swordfish of the strict one';
const accessToken = `eyJ${'0123456789abcdef'.repeat(400)}`;
const upstreams = useUpstreams(password, accessToken);
const { byPassword, byToken, failure } = upstreams;

let authority: TestAuthority;
let tls: { cert: string; key: string };

beforeAll(async () => {
  authority = await createTestAuthority();
  const { certPem, keyPem } = await authority.issue({ dns: ['localhost'] });
  tls = { cert: certPem, key: keyPem };
});

const server = (options: TdsServerOptions = {}) => upstreams.server({ tls, strict: true, ...options });
const gatewayTo = (
  { port }: TdsServer,
  upstream: Partial<UpstreamAddress> = {},
  login: UpstreamLogin = byPassword,
): Promise<TestGateway> =>
  upstreams.gatewayTo({ port, tls: { mode: 'strict', ca: authority.caPem }, ...upstream }, login);
const seen = { protocol: 'tds/8.0', version: 0x08000000, tlsName: 'localhost', encrypted: true };

test('a real client logs in at the stand-in, which takes nothing else', async () => {
  const far = await server();
  const direct = { port: far.port, user: 'reporting', password, database: 'sales', ca: authority.caPem };
  const client = await tedious({ ...direct, encrypt: 'strict', options: { tdsVersion: '8_0' } });
  expect(await client.batch('select 42')).toEqual([42]);
  await client.close();
  expect(far.logins).toMatchObject([{ ...seen, user: 'reporting' }]);
  await expect(tedious({ ...direct, encrypt: true })).rejects.toThrow();
  await expect(tedious({ ...direct, encrypt: false })).rejects.toThrow();
  expect(far.logins).toHaveLength(1);
});

test('a client of version 7.4 or 7.3B, or of 8.0 itself, reaches it and is told its own version', async () => {
  const far = await server();
  const gateway = await gatewayTo(far);
  for (const version of [0x74000004, 0x730b0003]) {
    const { socket, answer } = await logIn(gateway.port, login7({ password: gateway.token, version }));
    const ack = answer.payload.indexOf(0xad);
    expect(answer.payload.readUInt32BE(ack + 4)).toBe(version);
    expect(far.logins.at(-1)).toMatchObject({ ...seen, user: 'reporting', password, database: 'sales' });
    socket.destroy();
  }
  const client = await tedious(target(gateway));
  expect(await client.execute('select @a', [['a', TYPES.NVarChar, 'héllo']])).toEqual(['héllo']);
  await client.close();
});

test('an older one is told so, and sends nothing', async () => {
  const far = await server();
  const gateway = await gatewayTo(far);
  for (const version of [0x72090002, 0x71000001])
    expect(await failure(gateway, version)).toMatchObject({
      number: 50_000,
      message: expect.stringContaining('needs version 7.4 of TDS'),
    });
  expect(far.logins).toEqual([]);
});

test('packets fit TLS records, and each goes in one', async () => {
  const far = await server();
  const gateway = await gatewayTo(far);
  const client = await tedious({ ...target(gateway), packetSize: 32_767 });
  const long = 'x'.repeat(60_000);
  expect(await client.execute('select len(@a)', [['a', TYPES.NVarChar, long]])).toEqual([60_000]);
  expect(far.logins.at(-1)?.packetSize).toBe(16_383);
  await client.close();
});

test('an access token goes there, in a login of several packets, and is sent on to another one', async () => {
  const end = await server();
  const start = await server({ route: () => ({ server: 'localhost', port: end.port }) });
  const client = await tedious(target(await gatewayTo(start, {}, byToken)));
  expect(await client.batch('select 1')).toEqual([1]);
  for (const { logins } of [start, end]) expect(logins).toMatchObject([{ ...seen, token: accessToken }]);
  await client.close();
});

test('it has to prove its name and its authority', async () => {
  const far = await server();
  const other = await createTestAuthority();
  const stranger = await gatewayTo(far, { tls: { mode: 'strict', ca: other.caPem } });
  expect((await failure(stranger)).message).toContain('not issued by an authority that is trusted here');
  const misnamed = await gatewayTo(far, {
    tls: { mode: 'strict', ca: authority.caPem, serverName: 'other.example' },
  });
  expect((await failure(misnamed)).message).toContain('is not for the name "other.example"');
  expect(far.logins).toEqual([]);
});

test('a look at it, as doctor takes one, ends before the login', async () => {
  const far = await server();
  const address: UpstreamAddress = {
    host: 'localhost',
    port: far.port,
    tls: { mode: 'strict', ca: authority.caPem },
    allowedMethods: [],
    connectTimeoutMs: 5000,
  };
  const { signal } = new AbortController();
  expect(await checkUpstream('sqlserver', address, signal)).toMatch(/its certificate .* is verified/);
  await expect(
    checkUpstream('sqlserver', { ...address, tls: { ...address.tls, mode: 'verify' } }, signal),
  ).rejects.toMatchObject({ remedy: expect.stringContaining('"strict"') });
  expect(far.logins).toEqual([]);
});

test('strict towards a server without it, and the other way round: the sentence names the key', async () => {
  const none = await startTdsServer({ logins: { reporting: password } });
  upstreams.closing.push(none);
  for (const plain of [await server({ strict: false }), none]) {
    const { message, number } = await failure(await gatewayTo(plain));
    expect(number).toBe(40_613);
    expect(message).toContain('set upstream.tls.mode to "verify"');
    expect(plain.logins).toEqual([]);
  }
  const strict = await server();
  const mistaken = await gatewayTo(strict, { tls: { mode: 'verify', ca: authority.caPem } });
  expect((await failure(mistaken)).message).toMatch(/upstream\.tls\.mode.*"strict"/);
  expect(strict.logins).toEqual([]);
});

describeWith([clientParts.tsql], 'FreeTDS', () => {
  test.each(['7.4', '7.3'])('of version %s reaches it, and does not notice', async (tdsVersion) => {
    const gateway = await gatewayTo(await server());
    const { stdout } = await tsql({ ...target(gateway), tdsVersion }, ["select 'from afar'"]);
    expect(stdout).toContain('from afar');
  });
});

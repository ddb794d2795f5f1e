import { TYPES } from 'tedious';
import { beforeAll, describe, expect, test } from 'vitest';
import type { UpstreamAddress } from '../../../main/gateway/ports.ts';
import { parseLoginResponse } from '../../../main/gateway/sqlserver/tokens.ts';
import { type TestAuthority, createTestAuthority } from '../../support/certificates.ts';
import { freePort } from '../../support/free-port.ts';
import { describeWith } from '../../support/parts.ts';
import type { TdsServer } from '../../support/tds-server.ts';
import * as tokens from '../../support/tds-server-tokens.ts';
import { clientParts, tedious, tsql } from './drivers.ts';
import { batch, logIn, login7, packet, packets } from './raw-client.ts';
import { target, useUpstreams } from './upstream-fixture.ts';

const password = 'swordfish of the upstream';
const accessToken = `eyJ${'0123456789abcdef'.repeat(190)}`;
const { byPassword, byToken, server, gatewayTo, failure } = useUpstreams(password, accessToken);

let authority: TestAuthority;
let tls: { cert: string; key: string };
let otherTls: { cert: string; key: string };

beforeAll(async () => {
  authority = await createTestAuthority();
  const keyPair = async (dns: string) => {
    const { certPem, keyPem } = await authority.issue({ dns: [dns] });
    return { cert: certPem, key: keyPem };
  };
  tls = await keyPair('localhost');
  otherTls = await keyPair('other.example');
});

const verified = (): Pick<UpstreamAddress, 'tls'> => ({ tls: { mode: 'verify', ca: authority.caPem } });

describe('an upstream that cannot be used', () => {
  test('is not there', async () => {
    const gateway = await gatewayTo({ port: await freePort() });
    const { number, message } = await failure(gateway);
    expect(number).toBe(40_613);
    expect(message).toMatch(/^The database server at localhost:\d+ refused the connection\. Check that /);
    await expect(tedious(target(gateway))).rejects.toThrow('refused the connection');
    expect(gateway.gatekeeper.ended.at(-1)).toMatchObject({
      reason: 'never-opened',
      problem: { code: 'upstream-unreachable' },
    });
  });

  test('does not take the credential: its words, but not the number of a wrong token', async () => {
    const { port } = await server();
    const wrong = { ...byPassword, user: 'sa' };
    const { number, message } = await failure(await gatewayTo({ port }, wrong));
    expect(number).toBe(50_000);
    expect(message).toBe(
      `The database server at localhost:${port} refused the login: Login failed for user 'sa'. Ask whoever administers this connection to check the upstream's login, password and rights.`,
    );
  });

  test('does not have the database', async () => {
    const { port } = await server();
    const error = await failure(await gatewayTo({ port }, { ...byPassword, database: 'nowhere' }));
    expect(error).toMatchObject({ number: 4060, severity: 11 });
    expect(error.message).toContain(
      'Cannot open database "nowhere" requested by the login. Correct upstream',
    );
  });

  test('has a certificate of somebody else, of another name, or none at all: no login is sent', async () => {
    const servers = [await server({ tls }), await server({ tls: otherTls }), await server()];
    const stranger = await createTestAuthority();
    const sentences = [
      'was not issued by an authority that is trusted here',
      'is not for the name "localhost"',
      'does not offer TLS. No password was sent to it.',
    ];
    for (const [index, { port }] of servers.entries()) {
      const ca = index === 0 ? stranger.caPem : authority.caPem;
      const { number, message } = await failure(await gatewayTo({ port, tls: { mode: 'verify', ca } }));
      expect(number).toBe(40_613);
      expect(message).toContain(sentences[index]);
    }
    expect(servers.map(({ logins }) => logins)).toEqual([[], [], []]);
  });

  test('demands TLS where that is turned off', async () => {
    const demanding = await server({ tls });
    const { message } = await failure(await gatewayTo({ port: demanding.port }));
    expect(message).toContain('demands TLS, which is turned off for it. Set upstream.tls.mode to "verify"');
    expect(demanding.logins).toEqual([]);
  });

  test('a role without a credential, or with one that is too long', async () => {
    const { port, logins } = await server();
    const missing = await failure(await gatewayTo({ port }, { user: 'reporting', database: 'sales' }));
    expect(missing.message).toMatch(/^There is no password for the upstream login\. Ask /);
    const long = await failure(await gatewayTo({ port }, { ...byPassword, password: 'x'.repeat(129) }));
    expect(long.message).toContain('longer than the SQL Server protocol allows');
    expect(logins).toEqual([]);
  });

  test('dies while a statement runs', async () => {
    const dying = await server({ tls });
    const gateway = await gatewayTo({ port: dying.port, ...verified() });
    const client = await tedious(target(gateway));
    const waiting = client.batch("waitfor delay '00:10:00'");
    waiting.catch(() => undefined);
    await expect.poll(() => dying.statements.at(-1), { timeout: 20_000 }).toContain('waitfor');
    dying.kill();
    await expect(waiting).rejects.toThrow('The connection to the database server was lost.');
    await expect.poll(() => gateway.gatekeeper.ended.at(-1)?.reason).toBe('upstream-lost');
  });
});

describe('an Entra access token', () => {
  test('goes to the upstream in place of a password, and the client notices nothing', async () => {
    const federated = await server({ tls });
    const gateway = await gatewayTo({ port: federated.port, ...verified() }, byToken);
    const client = await tedious(target(gateway));
    expect(await client.batch('select suser_sname()')).toEqual([`token:${accessToken.slice(0, 8)}`]);
    await client.close();
    const seen = federated.logins.at(-1);
    expect(seen).toMatchObject({
      token: accessToken,
      user: '',
      password: '',
      database: 'sales',
      encrypted: true,
    });
    // SECURITYTOKEN, nothing to echo, no nonce.
    expect(seen?.library7AndEcho).toEqual([1, 0]);
    expect(seen?.nonce).toEqual(Buffer.alloc(0));
    expect(seen?.prelogin?.get(6)).toEqual(Buffer.from([1]));

    const { socket, answer } = await logIn(gateway.port, login7({ password: gateway.token }));
    expect(federated.logins.at(-1)?.token).toBe(accessToken);
    // The acknowledgement of FEDAUTH, which the client did not ask for, would be the whole token.
    expect(answer.payload.includes(Buffer.from([0xae, 0x02]))).toBe(false);
    expect(answer.payload.includes(Buffer.from(accessToken.slice(0, 20), 'utf16le'))).toBe(false);
    socket.destroy();
  });

  test('a client of version 7.3B is told its own version, where the upstream needs 7.4', async () => {
    const federated = await server({ tls });
    const gateway = await gatewayTo({ port: federated.port, ...verified() }, byToken);
    const login = login7({ password: gateway.token, version: 0x730b0003 });
    const { socket, answer } = await logIn(gateway.port, login);
    expect(federated.logins.at(-1)).toMatchObject({ token: accessToken, version: 0x74000004 });
    expect(answer.payload.includes(tokens.loginAck(0x730b0003))).toBe(true);
    socket.destroy();
  });

  test('with the echo and the nonce that the server wants', async () => {
    const nonce = Buffer.alloc(32, 7);
    const federated = await server({ tls, fedAuthRequired: 1, nonce });
    const gateway = await gatewayTo({ port: federated.port, ...verified() }, byToken);
    await (await tedious(target(gateway))).close();
    expect(federated.logins.at(-1)).toMatchObject({ token: accessToken, library7AndEcho: [1, 1], nonce });
  });

  test('is never sent without TLS', async () => {
    const federated = await server();
    const { message } = await failure(await gatewayTo({ port: federated.port }, byToken));
    expect(message).toContain('an access token is only sent inside TLS');
    expect(federated.logins).toEqual([]);
  });

  test('one that the upstream does not take', async () => {
    const federated = await server({ tls, accessTokens: [] });
    const { number, message } = await failure(
      await gatewayTo({ port: federated.port, ...verified() }, byToken),
    );
    expect(number).toBe(50_000);
    expect(message).toContain("refused the login: Login failed for user ''.");
  });

  test('is too much for versions of the protocol before 7.3', async () => {
    const federated = await server({ tls });
    const gateway = await gatewayTo({ port: federated.port, ...verified() }, byToken);
    for (const version of [0x71000001, 0x72090002, 0x730a0003]) {
      const { message } = await failure(gateway, version);
      expect(message).toContain('needs version 7.4 of TDS');
    }
    expect(federated.logins).toEqual([]);
  });

  describeWith([clientParts.tsql], 'and FreeTDS', () => {
    test.each(['7.3', '7.4'])('with version %s', async (tdsVersion) => {
      const federated = await server({ tls });
      const gateway = await gatewayTo({ port: federated.port, ...verified() }, byToken);
      const { stdout } = await tsql({ ...target(gateway), tdsVersion }, [
        'select suser_sname()',
        'select 42',
      ]);
      expect(stdout).toContain(`token:${accessToken.slice(0, 8)}`);
      expect(stdout).toMatch(/^42$/m);
      expect(federated.logins.at(-1)?.version).toBe(0x74000004);
    });
  });
});

describe('an upstream that sends the login on', () => {
  test('to another server and port, twice, under its own name', async () => {
    const here = await server({ tls, route: () => ({ server: 'localhost\\instance', port: middle.port }) });
    const middle: TdsServer = await server({
      tls,
      route: () => ({ server: 'localhost', port: end.port, database: 'archive' }),
    });
    const end = await server({ tls, databases: ['sales', 'archive'] });
    const gateway = await gatewayTo({ port: here.port, ...verified() }, byToken);
    const client = await tedious(target(gateway));
    expect(await client.batch('select db_name()')).toEqual(['archive']);
    await client.close();
    expect(here.logins.at(-1)).toMatchObject({ server: 'localhost', token: accessToken });
    expect(middle.logins.at(-1)).toMatchObject({ server: 'localhost\\instance', token: accessToken });
    expect(end.logins.at(-1)).toMatchObject({
      server: 'localhost',
      database: 'archive',
      tlsName: 'localhost',
    });
  });

  test('without a LOGINACK', async () => {
    const here = await server({
      tls,
      routesUnseen: true,
      route: () => ({ server: 'localhost', port: end.port }),
    });
    const end = await server({ tls });
    const client = await tedious(target(await gatewayTo({ port: here.port, ...verified() })));
    expect(await client.batch('select db_name()')).toEqual(['sales']);
    await client.close();
  });

  test('to one that cannot prove its name: no credential is sent there', async () => {
    const impostor = await server({ tls: otherTls });
    const here = await server({ tls, route: () => ({ server: 'localhost', port: impostor.port }) });
    const { message } = await failure(await gatewayTo({ port: here.port, ...verified() }));
    expect(message).toContain('is not for the name "localhost"');
    expect(impostor.logins).toEqual([]);
  });

  test('a name for tunnels is not carried over', async () => {
    const end = await server({ tls });
    const here = await server({
      tls: otherTls,
      route: () => ({ server: 'localhost', port: end.port }),
    });
    const gateway = await gatewayTo({
      port: here.port,
      tls: { mode: 'verify', ca: authority.caPem, serverName: 'other.example' },
    });
    await (await tedious(target(gateway))).close();
    expect(here.logins.at(-1)).toMatchObject({ server: 'other.example', tlsName: 'other.example' });
    expect(end.logins.at(-1)).toMatchObject({ server: 'localhost', tlsName: 'localhost' });
  });

  test('on and on', async () => {
    const here: TdsServer = await server({ tls, route: () => ({ server: 'localhost', port: here.port }) });
    const { number, message } = await failure(await gatewayTo({ port: here.port, ...verified() }));
    expect(number).toBe(40_613);
    expect(message).toContain('it sends the login on and on');
    expect(here.logins).toHaveLength(6);
  });

  test('to a place with an improper name or port', async () => {
    for (const route of [
      { server: 'a b', port: 1433 },
      { server: '', port: 1433 },
      { server: 'localhost', port: 0 },
      { server: `localhost\\${'x'.repeat(20_000)}`, port: 1433 },
      { server: 'localhost\\a\\b', port: 1433 },
    ]) {
      const here = await server({ tls, route: () => route });
      const { message } = await failure(await gatewayTo({ port: here.port, ...verified() }));
      expect(message).toMatch(/without a proper name|on to nowhere/);
    }
  });

  test('without TLS: it is not followed', async () => {
    const end = await server({ tls });
    const here = await server({ route: () => ({ server: 'localhost', port: end.port }) });
    const { message } = await failure(await gatewayTo({ port: here.port }));
    expect(message).toContain('sends the login on to another server, without TLS');
    expect(end.logins).toEqual([]);
  });
});

test('50 clients at once, encrypted upstream, and one credential for all of them', async () => {
  const many = await server({ tls });
  const gateway = await gatewayTo({ port: many.port, ...verified() });
  const results = await Promise.all(
    Array.from({ length: 50 }, async (_, i) => {
      const client = await tedious(target(gateway));
      const values = await client.batch(`select ${i}`);
      await client.close();
      return values[0];
    }),
  );
  expect(results).toEqual(Array.from({ length: 50 }, (_, i) => i));
  expect(many.logins).toHaveLength(50);
  expect(new Set(many.logins.map((login) => login.password))).toEqual(new Set([password]));
  await expect.poll(() => many.sessions(), { timeout: 20_000 }).toBe(0);
});

test('packets that come in pieces go upstream whole, each in a TLS record', async () => {
  const strict = await server({ tls });
  const gateway = await gatewayTo({ port: strict.port, ...verified() });
  const { socket } = await logIn(gateway.port, login7({ password: gateway.token }));
  const before = socket.received().length;
  const request = batch(`select '${'x'.repeat(1500)}'`);
  for (let at = 0; at < request.length; at += 700) {
    socket.write(request.subarray(at, at + 700));
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
  const received = await socket.until((bytes) => packets(bytes.subarray(before)).some(({ last }) => last));
  expect(received.includes(Buffer.from('x'.repeat(1500), 'utf16le'))).toBe(true);
  expect(strict.brokenRecords).toBe(0);
  socket.destroy();
});

test('packets that are not full, and requests that come together, have a record each', async () => {
  for (const strict of [false, true]) {
    const far = await server({ tls, strict });
    const mode = strict ? 'strict' : 'verify';
    const gateway = await gatewayTo({ port: far.port, tls: { mode, ca: authority.caPem } });
    const { socket } = await logIn(gateway.port, login7({ password: gateway.token }));
    const request = batch(`select '${'x'.repeat(3900)}'`).subarray(8);
    const parts: Buffer[] = [];
    for (let at = 0; at < request.length; at += 1000)
      parts.push(packet(1, request.subarray(at, at + 1000), at + 1000 < request.length ? 0 : 1));
    const attention = packet(6, Buffer.alloc(0));
    socket.write(Buffer.concat([...parts, attention, batch('select 8'), ...parts]));
    await expect.poll(() => far.statements.length, { timeout: 20_000 }).toBe(3);
    expect(far.statements[2]).toBe(far.statements[0]);
    expect([far.brokenRecords, far.sharedRecords]).toEqual([0, 0]);
    socket.destroy();
  }
});

test('packets are asked for that fit a TLS record, and each goes in one; without TLS as the client wants', async () => {
  const encrypted = await server({ tls });
  const plain = await server();
  const long = 'x'.repeat(60_000);
  for (const [far, settings, limit] of [
    [encrypted, verified(), 16_383],
    [plain, {}, 32_767],
  ] as const)
    for (const packetSize of [32_767, 16_384, 16_383, 8000]) {
      const gateway = await gatewayTo({ port: far.port, ...settings });
      const client = await tedious({ ...target(gateway), packetSize });
      expect(await client.execute('select len(@a)', [['a', TYPES.NVarChar, long]])).toEqual([60_000]);
      expect(far.logins.at(-1)?.packetSize).toBe(Math.min(packetSize, limit));
      await client.close();
    }
  expect(encrypted.brokenRecords).toBe(0);
});

test('names are verified and asked for as DNS has them: without the last dot, and in ASCII', async () => {
  const { certPem, keyPem } = await authority.issue({ dns: ['xn--bcher-kva.example', 'my_db.example'] });
  const plain = await server({ tls });
  const other = await server({ tls: { cert: certPem, key: keyPem } });
  for (const [far, host, serverName, asked] of [
    [plain, 'localhost', 'localhost.', 'localhost'],
    [plain, 'LocalHost', undefined, 'localhost'],
    [other, 'localhost', 'bücher.example', 'xn--bcher-kva.example'],
    [other, 'localhost', 'my_db.example.', 'my_db.example'],
  ] as const) {
    const named = serverName === undefined ? {} : { serverName };
    const gateway = await gatewayTo({
      port: far.port,
      host,
      tls: { ...verified().tls, ...named },
    });
    const client = await tedious(target(gateway));
    expect(far.logins.at(-1)?.tlsName).toBe(asked);
    expect(far.logins.at(-1)?.server).toBe(serverName ?? host);
    await client.close();
  }
});

test('every text of the login may be as long as the server takes it', async () => {
  const far = await server({ tls });
  const text = (letter: string): string => letter.repeat(128);
  const gateway = await gatewayTo({ port: far.port, ...verified() });
  const { socket, answer } = await logIn(
    gateway.port,
    login7({
      user: text('u'),
      password: gateway.token,
      program: text('p'),
      host: text('h'),
      server: text('s'),
      library: text('i'),
      language: text('l'),
    }),
  );
  expect(answer.payload.includes(0xad)).toBe(true);
  expect(far.logins.at(-1)).toMatchObject({
    program: text('p'),
    host: text('h'),
    server: 'localhost',
    library: text('i'),
    language: text('l'),
    encrypted: true,
  });
  socket.destroy();
});

test.each([0x74000004, 0x71000001])(
  'procedures that a server runs on its own at the login, as Azure Synapse does: version %i',
  async (version) => {
    const doneInProc = tokens.done(version, 0x11, 1, 0xff);
    const front = Buffer.concat([
      ...Array.from({ length: 60 }, () => doneInProc),
      tokens.returnStatus(),
      tokens.done(version, 1, 0, 0xfe),
    ]);
    const far = await server({ front: () => front });
    const gateway = await gatewayTo({ port: far.port });
    const { socket, answer } = await logIn(gateway.port, login7({ password: gateway.token, version }));
    const told = parseLoginResponse(answer.payload, version).map(({ kind }) => kind);
    // Drivers have been led astray by them, and they say nothing to a client.
    expect(told).toContain('login-ack');
    expect(told).not.toContain('procedure');
    expect(told.at(-1)).toBe('done');
    socket.destroy();
    if (version === 0x71000001) return;
    const client = await tedious(target(gateway));
    expect(await client.batch('select 42')).toEqual([42]);
    await client.close();
  },
);

test('the certificate authority of an upstream has to be one', async () => {
  await expect(gatewayTo({ port: 1433, tls: { mode: 'verify', ca: 'no certificate' } })).rejects.toThrow(
    'is no certificate',
  );
});

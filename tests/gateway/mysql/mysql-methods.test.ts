import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  pbkdf2Sync,
  privateDecrypt,
  verify,
} from 'node:crypto';
import { networkInterfaces } from 'node:os';
import mariadb from 'mariadb';
import mysql from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { capabilities } from '../../../main/gateway/mysql/capabilities.ts';
import { checkMysqlProof, mysqlVerifier } from '../../../main/gateway/mysql/proofs.ts';
import type { UpstreamAddress, UpstreamLogin } from '../../../main/gateway/ports.ts';
import { type IssuedCertificate, createTestAuthority } from '../../support/certificates.ts';
import { patient } from '../../support/mariadb.ts';
import { type MysqlGateway, startMysqlGateway } from './fixture.ts';
import { lastError, loginPacket, rawClient, rawLogin } from './raw-client.ts';
import {
  type ScriptedServer,
  type ServerSide,
  errorPayload,
  greetingPayload,
  mysqlFlags,
  okPayload,
  scramble,
  startScriptedServer,
  switchTo,
} from './scripted-server.ts';

const password = 'upstream-secret-4711';
const verifier = mysqlVerifier(password);
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const publicPem = rsa.publicKey.export({ format: 'pem', type: 'spki' }).toString();
/** An address of this computer that is not loopback, where it has one. */
const outside = Object.values(networkInterfaces())
  .flat()
  .find((found) => found?.internal === false && found.family === 'IPv4')?.address;

/** The response in a login packet of a client that has the flag for long ones. */
function responseOf(login: Buffer): Buffer {
  const start = login.indexOf(0, 32) + 1;
  return login.subarray(start + 1, start + 1 + login.readUInt8(start));
}

/** Reads the login; over TLS where a certificate is given. */
async function readLogin(side: ServerSide, certificate?: IssuedCertificate): Promise<Buffer> {
  if (certificate === undefined) return side.next();
  const request = await side.next();
  if (request.length !== 32) throw new Error('no request for TLS');
  side.secure(certificate);
  return side.next();
}

function demand(condition: boolean): void {
  if (!condition) throw new Error('not as MySQL has it');
}

/** What a client has put under the public key. */
function unmasked(bytes: Buffer): Buffer {
  const masked = privateDecrypt(
    { key: rsa.privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
    bytes,
  );
  return Buffer.from(masked.map((byte, index) => byte ^ (scramble[index % 20] ?? 0)));
}

/** MySQL as it answers with an empty cache: it wants the password itself. Refuses whatever is not exact. */
async function fullSha2(side: ServerSide, certificate?: IssuedCertificate): Promise<void> {
  side.send(greetingPayload({}, certificate === undefined ? {} : { flags: mysqlFlags }));
  let response = responseOf(await readLogin(side, certificate));
  if (response.length !== 32) {
    // The MariaDB connector begins with its own method.
    side.send(switchTo('caching_sha2_password'));
    response = await side.next();
  }
  demand(checkMysqlProof(verifier, { kind: 'caching-sha2', scramble, response }));
  side.send([1, 4] as unknown as Uint8Array);
  let said = await side.next();
  if (certificate === undefined) {
    demand(said.equals(Buffer.from([2])));
    side.send(`\u0001${publicPem}`);
    said = unmasked(await side.next());
  }
  demand(said.toString() === `${password}\0`);
  await serve(side);
}

/** Says OK and answers statements with it, until the client leaves. */
async function serve(side: ServerSide): Promise<void> {
  side.send(okPayload);
  for (;;) {
    const command = await side.next();
    if (command[0] === 1) side.socket.end();
    else side.send(okPayload);
  }
}

describe("MySQL's methods of authentication, upstream", () => {
  let certificate: IssuedCertificate;
  let foreign: IssuedCertificate;
  let ca: string;
  let server: ScriptedServer;
  let script: (side: ServerSide, index: number) => void | Promise<void> = () => undefined;
  const gateways: MysqlGateway[] = [];
  beforeAll(async () => {
    const authority = await createTestAuthority();
    ca = authority.caPem;
    certificate = await authority.issue({ dns: ['localhost'], ip: ['127.0.0.1'] });
    foreign = await (await createTestAuthority()).issue({ dns: ['localhost'], ip: ['127.0.0.1'] });
    server = await startScriptedServer((side, index) => script(side, index));
  });
  afterEach(async () => {
    await Promise.all(gateways.splice(0).map((each) => each.close()));
    for (const { socket } of server.sides.splice(0)) socket.destroy();
  });
  afterAll(() => server.close());

  async function gatewayWith(
    address: Partial<UpstreamAddress> = {},
    login: Partial<UpstreamLogin> = { password },
  ): Promise<MysqlGateway> {
    const gateway = await startMysqlGateway({
      upstream: { port: server.port, connectTimeoutMs: 5000, ...address },
      login: { user: 'reporting', database: 'shop', ...login },
    });
    gateways.push(gateway);
    return gateway;
  }
  const verified = () => ({ tls: { mode: 'verify' as const, ca } });

  /** A login that has to succeed, and one statement. */
  async function expectIn(gateway: MysqlGateway): Promise<void> {
    const client = await rawLogin(gateway.port, gateway.token, { flags: 0x00ff_a200 - 0x800, extended: 0 });
    const [answer] = await client.command('\u0003do 1', 1);
    expect(answer?.payload[0]).toBe(0);
    client.socket.destroy();
  }

  /** A login that has to fail with one error; nothing secret may have been sent. */
  async function expectOut(gateway: MysqlGateway, message: RegExp): Promise<void> {
    const client = await rawClient(gateway.port);
    client.send(1, loginPacket(client.greeting, gateway.token, { flags: 0x00ff_a200 - 0x800, extended: 0 }));
    await client.socket.closed();
    expect(lastError(client.received())).toMatchObject({ message: expect.stringMatching(message) as string });
    const said = server.sides.map((side) => side.received().toString('latin1')).join('');
    expect(said).not.toContain(password);
    expect(said).not.toContain('entra-token');
    client.socket.destroy();
  }

  const direct = () => ({ host: '127.0.0.1', port: server.port, user: 'reporting', password });

  test('the stand-in is good enough for mysql2 and the MariaDB connector', async () => {
    for (const tls of [undefined, certificate]) {
      script = (side) => fullSha2(side, tls);
      const secure = tls === undefined ? {} : { ssl: { ca } };
      const first = await mysql.createConnection({ ...direct(), ...secure });
      await first.query('do 1');
      await first.end();
      const second = await mariadb.createConnection({
        ...patient,
        ...direct(),
        ...secure,
        allowPublicKeyRetrieval: true,
      });
      await second.end();
    }
  });

  test('caching_sha2_password, hash at hand', async () => {
    script = async (side) => {
      side.send(greetingPayload());
      const response = responseOf(await side.next());
      demand(checkMysqlProof(verifier, { kind: 'caching-sha2', scramble, response }));
      side.send(Buffer.from([1, 3]));
      await serve(side);
    };
    await expectIn(await gatewayWith());
  });

  test('caching_sha2_password, the whole way over loopback: under the public key', async () => {
    script = (side) => fullSha2(side);
    await expectIn(await gatewayWith());
    const said = server.sides.map((side) => side.received().toString('latin1')).join('');
    expect(said).not.toContain(password);
  });

  test('caching_sha2_password, the whole way over verified TLS', async () => {
    script = (side) => fullSha2(side, certificate);
    await expectIn(await gatewayWith(verified()));
  });

  test.runIf(outside !== undefined)('a public key from another computer is not asked for', async () => {
    const elsewhere = await startScriptedServer(async (side) => {
      side.send(greetingPayload());
      await side.next();
      side.send(Buffer.from([1, 4]));
      await side.next();
    }, outside);
    const gateway = await gatewayWith({ host: outside ?? '', port: elsewhere.port });
    await expectOut(gateway, /asks for a password without TLS/);
    const said = elsewhere.sides.map((side) => side.received()).map((bytes) => bytes.at(-1));
    expect(said).not.toContain(2);
    await elsewhere.close();
  });

  const sha256 =
    (secure?: IssuedCertificate) =>
    async (side: ServerSide): Promise<void> => {
      side.send(greetingPayload({}, secure === undefined ? {} : { flags: mysqlFlags }));
      await readLogin(side, secure);
      side.send(switchTo('sha256_password'));
      let said = await side.next();
      if (secure === undefined) {
        demand(said.equals(Buffer.from([1])));
        side.send(`\u0001${publicPem}`);
        said = unmasked(await side.next());
      }
      if (said.toString() === `${password}\0`) await serve(side);
      else side.send(errorPayload(1045, 'Access denied'));
    };

  test('sha256_password: under the public key over loopback, as it is over verified TLS', async () => {
    script = sha256();
    const connection = await mariadb.createConnection({
      ...direct(),
      ...patient,
      allowPublicKeyRetrieval: true,
    });
    await connection.ping();
    await connection.end();
    await expectIn(await gatewayWith());
    await expectOut(await gatewayWith({}, { password: 'another' }), /refused the login: Access denied/);
    await expectOut(
      await gatewayWith({}, { accessToken: 'entra-token' }),
      /asks for a password \(sha256_password\)/,
    );
    script = sha256(certificate);
    await expectIn(await gatewayWith(verified()));
  });

  describe('parsec of MariaDB 11.6 and later', () => {
    const salt = Buffer.from('a salt of eighteen');
    const nonce = Buffer.alloc(32, 9);
    /** Without a zero behind, which other methods have. */
    const toParsec = switchTo('parsec', nonce).subarray(0, -1);
    /** As the server's plug-in keeps a password: the public key of what PBKDF2 makes of it. */
    const keyOf = (text: string, doublings: number) => {
      const seed = pbkdf2Sync(text, salt, 1024 << doublings, 32, 'sha512');
      const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
      return createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
    };
    const parsec =
      (doublings: number, front: number[] = []) =>
      async (side: ServerSide): Promise<void> => {
        side.send(greetingPayload());
        await side.next();
        side.send(toParsec);
        demand((await side.next()).length === 0);
        side.send(Buffer.concat([Buffer.from([...front, 0x50, doublings]), salt]));
        const answer = await side.next();
        demand(answer.length === 96);
        const signed = Buffer.concat([nonce, answer.subarray(0, 32)]);
        if (verify(null, signed, keyOf(password, doublings), answer.subarray(32))) await serve(side);
        else side.send(errorPayload(1045, 'Access denied'));
      };

    test.each([
      [0, []],
      [3, []],
      [1, [1]],
    ])('%i doublings, behind %j', async (doublings, front) => {
      script = parsec(doublings, front);
      // MariaDB's own connector takes the stand-in for a server.
      const connection = await mariadb.createConnection({ ...direct(), ...patient });
      await connection.ping();
      await connection.end();
      await expectIn(await gatewayWith());
      await expectOut(
        await gatewayWith({}, { password: 'another' }),
        /refused the login: Access denied\. Ask whoever/,
      );
    });

    test.each<[string, Buffer, RegExp]>([
      ['a cost without an end', Buffer.from([0x50, 30, ...salt]), /its salt is none/],
      ['another function', Buffer.from([0x41, 0, ...salt]), /its salt is none/],
      ['no salt', Buffer.from([0x50, 0]), /its salt is none/],
      ['nothing', Buffer.alloc(0), /its salt is none/],
      ['an error', errorPayload(1045, 'Access denied'), /refused the login: Access denied/],
    ])('%s in place of a salt', async (_name, salted, message) => {
      script = async (side) => {
        side.send(greetingPayload());
        await side.next();
        side.send(toParsec);
        await side.next();
        side.send(salted);
        await side.next();
      };
      await expectOut(await gatewayWith(), message);
    });

    test('an access token is not hashed for it', async () => {
      script = parsec(0);
      await expectOut(
        await gatewayWith({}, { accessToken: 'entra-token' }),
        /asks for the hash of a password \(parsec\)/,
      );
    });
  });

  test('mysql_clear_password over verified TLS: an access token, or a password where that is allowed', async () => {
    const tokens: string[] = [];
    script = async (side) => {
      side.send(greetingPayload({}, { flags: mysqlFlags }));
      demand(responseOf(await readLogin(side, certificate)).length === 0 || tokens.length > 0);
      side.send(switchTo('mysql_clear_password', Buffer.alloc(0)));
      tokens.push((await side.next()).toString());
      await serve(side);
    };
    const accessToken = `entra-token.${'x'.repeat(2500)}`;
    await expectIn(await gatewayWith(verified(), { accessToken }));
    await expectIn(await gatewayWith({ ...verified(), allowedMethods: ['password'] }));
    expect(tokens).toEqual([`${accessToken}\0`, `${password}\0`]);
  });

  test.each<[string, Partial<UpstreamAddress>, Partial<UpstreamLogin>, RegExp]>([
    [
      'an access token without TLS',
      {},
      { accessToken: 'entra-token' },
      /asks for a cleartext password without TLS/,
    ],
    [
      'a password without TLS',
      { allowedMethods: ['password'] },
      { password },
      /asks for a cleartext password without TLS/,
    ],
  ])('mysql_clear_password: %s is not sent', async (_name, address, login, message) => {
    script = async (side) => {
      side.send(greetingPayload());
      await side.next();
      side.send(switchTo('mysql_clear_password', Buffer.alloc(0)));
      await side.next();
    };
    await expectOut(await gatewayWith(address, login), message);
  });

  test('mysql_clear_password: a stored password is not sent where nobody allowed that', async () => {
    script = async (side) => {
      side.send(greetingPayload({}, { flags: mysqlFlags }));
      await readLogin(side, certificate);
      side.send(switchTo('mysql_clear_password', Buffer.alloc(0)));
      await side.next();
    };
    await expectOut(await gatewayWith(verified()), /asks for a cleartext password, which/);
  });

  test.each([
    ['mysql_native_password', scramble],
    ['caching_sha2_password', scramble],
    ['client_ed25519', Buffer.alloc(32, 7)],
  ])('an access token is not hashed for %s either', async (plugin, data) => {
    script = async (side) => {
      side.send(greetingPayload());
      const login = await side.next();
      demand(responseOf(login).length === 0);
      side.send(switchTo(plugin, data));
      await side.next();
    };
    await expectOut(await gatewayWith({}, { accessToken: 'entra-token' }), /asks for the hash of a password/);
  });

  test('no TLS where it must be: nothing is sent but the end', async () => {
    script = async (side) => {
      side.send(greetingPayload());
      await side.next();
    };
    const gateway = await gatewayWith(verified());
    await expectOut(gateway, /does not offer TLS/);
    expect(server.sides.map((side) => side.received().length)).toEqual([0, 0]);
  });

  test('a certificate of another authority: no credential is sent', async () => {
    script = async (side) => {
      side.send(greetingPayload({}, { flags: mysqlFlags }));
      await readLogin(side, foreign);
    };
    await expectOut(await gatewayWith(verified()), /was not issued by an authority that is trusted here/);
  });

  test('bytes behind the greeting are not taken for what is said under TLS', async () => {
    script = async (side) => {
      side.write(
        Buffer.concat(
          [greetingPayload({}, { flags: mysqlFlags }), okPayload].map((payload, index) =>
            Buffer.concat([Buffer.from([payload.length, 0, 0, index * 2]), payload]),
          ),
        ),
      );
      await side.next();
    };
    await expectOut(await gatewayWith(verified()), /did not wait for TLS|closed the connection/);
  });

  test('a server that has lost what its greeting promised: the client is told to connect again', async () => {
    script = async (side, index) => {
      side.send(
        greetingPayload(
          {},
          index === 0 ? {} : { flags: mysqlFlags - capabilities.sessionTrack - capabilities.ssl },
        ),
      );
      await side.next();
      await serve(side);
    };
    const gateway = await gatewayWith();
    await expectOut(gateway, /has become another one .* Connect again\./);
    await expectIn(gateway);
  });

  test('servers behind one address that differ: clients are offered what all of them have', async () => {
    script = async (side, index) => {
      const whole = (mysqlFlags - capabilities.ssl) >>> 0;
      side.send(greetingPayload({}, { flags: index % 2 === 0 ? whole : whole - capabilities.sessionTrack }));
      await side.next();
      await serve(side);
    };
    const gateway = await gatewayWith();
    await expectOut(gateway, /has become another one .* Connect again\./);
    for (let count = 0; count < 6; count += 1) await expectIn(gateway);
    const { greeting, socket } = await rawClient(gateway.port);
    expect(greeting.capabilities.flags & capabilities.sessionTrack).toBe(0);
    expect(greeting.capabilities.flags & capabilities.longPassword).toBe(capabilities.longPassword);
    socket.destroy();
  });

  test.each([
    [{ readOnly: true }, 'READ ONLY'],
    [{ statementTimeoutMs: 2000 }, 'max_execution_time = 2000'],
  ])('a server that does not take a limit of the rule: %j', async (limits, statement) => {
    script = async (side) => {
      side.send(greetingPayload());
      await side.next();
      side.send(okPayload);
      demand((await side.next()).includes(statement));
      side.send(errorPayload(1193, 'Unknown system variable'));
    };
    const gateway = await gatewayWith({}, { password, ...limits });
    await expectOut(
      gateway,
      /refused the login: Unknown system variable\. It does not take the limits of the rule \(readOnly, statementTimeout\)/,
    );
  });

  test('the words of an error, but not with the password in them', async () => {
    let text = 'Access denied for user reporting';
    script = async (side) => {
      side.send(greetingPayload());
      await side.next();
      side.send(errorPayload(1045, text));
    };
    const gateway = await gatewayWith();
    await expectOut(gateway, /refused the login: Access denied for user reporting/);
    text = `wrong: ${password}`;
    await expectOut(gateway, /refused the login\. Ask/);
  });
});

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { describeWith, program } from '../../support/parts.ts';
import { type TdsServer, startTdsServer } from '../../support/tds-server.ts';
import { type TestGateway, startTestGateway } from '../fixture.ts';
import { clientParts, tedious, tsql } from './drivers.ts';
import { logIn, login7 } from './raw-client.ts';

const part = program('tdspool', 'install the package freetds-bin');

/**
 * The server side of FreeTDS, written by others than the gateway and its stand-in, reads what the gateway sends: PRELOGIN
 * and LOGIN7 without TLS, and its check of the password. Behind it is the stand-in.
 */
describeWith([part, clientParts.tsql], 'FreeTDS as the server', () => {
  const password = randomBytes(12).toString('hex');
  let server: TdsServer;
  let gateway: TestGateway;
  let pool: ChildProcess;
  let folder: string;
  let said = '';

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-tdspool-'));
    server = await startTdsServer({ logins: { pooler: password } });
    const port = await freePort();
    const freetds = join(folder, 'freetds.conf');
    const configuration = join(folder, 'pool.conf');
    writeFileSync(freetds, `[behind]\nhost = 127.0.0.1\nport = ${server.port}\ntds version = 7.4\n`);
    const values = {
      'server user': 'pooler',
      'server password': password,
      server: 'behind',
      database: 'sales',
      user: 'reporting',
      password,
      port,
      'min pool conn': 1,
      'max pool conn': 5,
      'max member age': 120,
    };
    const lines = Object.entries(values).map(([key, value]) => `${key} = ${value}`);
    writeFileSync(configuration, `[sales]\n${lines.join('\n')}\n`);
    pool = spawn(part.path ?? '', ['-c', configuration, 'sales'], {
      env: { ...process.env, FREETDSCONF: freetds },
    });
    pool.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString('latin1')));
    pool.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString('latin1')));
    await vi.waitUntil(() => listens(port), { timeout: 20_000 });
    gateway = await startTestGateway({
      upstream: { port },
      login: { user: 'reporting', database: 'sales', password },
      listener: { protocol: 'sqlserver' },
    });
  });
  afterAll(async () => {
    await gateway.close();
    pool.kill('SIGKILL');
    await once(pool, 'close');
    await server.close();
    rmSync(folder, { recursive: true });
    expect(gateway.log).toEqual([]);
  });

  const listens = (port: number): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
  const target = () => ({
    port: gateway.port,
    user: gateway.user,
    password: gateway.token,
    database: 'SALES',
  });

  test('takes the login that the gateway writes for tsql and tedious, and their statements', async () => {
    expect((await tsql(target(), ["select 'through both'"])).stdout).toContain('through both');
    const client = await tedious(target());
    expect(await client.batch('select 43')).toEqual([43]);
    await client.close();
    expect(said).toContain('user reporting');
    expect(said).not.toContain(gateway.token);
    expect(said).not.toContain(gateway.user);
  });

  test('takes one with the longest texts', async () => {
    const long = (letter: string): string => letter.repeat(128);
    const { socket, answer } = await logIn(
      gateway.port,
      login7({
        password: gateway.token,
        program: long('p'),
        host: long('h'),
        server: long('s'),
        language: long('l'),
        library: long('i'),
      }),
    );
    expect(answer.payload.includes(0xad)).toBe(true);
    socket.destroy();
  });
});

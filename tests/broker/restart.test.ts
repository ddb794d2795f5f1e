import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { makeCertificates, openssl } from '../support/client-certificates.ts';
import { freePort } from '../support/free-port.ts';
import {
  connect,
  createLatchkey,
  refusalOf,
  soon,
  startCommand,
  startWorld,
  storePasswords,
} from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { startPostgres } from '../support/postgres.ts';
import { useAll } from '../support/use-all.ts';

describeWith([parts.postgres, openssl], 'a restart', () => {
  let keyFile: string;

  const world = useAll(startWorld);
  const files = useAll(async () => makeCertificates('postgres'));
  const certified = useAll(() =>
    startPostgres({
      settings: {
        ssl: 'on',
        ssl_ca_file: files.ca,
        ssl_cert_file: files.serverCertificate,
        ssl_key_file: files.serverKey,
      },
      hba: ['hostssl all certified all scram-sha-256 clientcert=verify-full'],
    }),
  );
  const latchkey = useAll(() =>
    createLatchkey(world, {
      started: false,
      async configure(configuration) {
        const { certificate } = files.client('certified');
        const certificateFile = join(files.ca, '..', 'shown.pem');
        await writeFile(certificateFile, certificate);
        (configuration.connections as unknown[]).push({
          name: 'certified',
          protocol: 'postgresql',
          port: await freePort(),
          upstream: {
            host: '127.0.0.1',
            port: certified.port,
            database: 'postgres',
            tls: {
              fingerprint: `sha256:${files.fingerprint}`,
              clientCertificate: certificateFile,
              clientKey: { stored: 'certified-key' },
            },
          },
          rules: [
            { group: fabrikam.groups.dataAnalysts, role: 'certified', password: { stored: 'certified' } },
          ],
        });
      },
    }),
  );
  beforeAll(async () => {
    keyFile = join(latchkey.config, '..', 'key');
    await writeFile(keyFile, randomBytes(32).toString('base64'), { mode: 0o600 });
  });

  const signedIn = ({ signIn }: { signIn: { kind: string } }): boolean => signIn.kind === 'signed-in';
  const settled = ({ signIn }: { signIn: { kind: string } }): boolean => signIn.kind !== 'working';
  const start = () => latchkey.serve.start(['--key-file', keyFile]);

  it('with a key file brings back the key of a client certificate, which is asked for until then', async () => {
    const password = randomBytes(18).toString('base64url');
    await certified.query(`create role certified login password '${password}'`);
    const set = (name: string, value: string) => latchkey.commandLine.run(['secret', 'set', name], value);
    await start();
    expect(await set('certified', password)).toMatchObject({ code: 0 });
    await latchkey.signIn('ada@fabrikam.example');
    expect(await refusalOf(connect(await latchkey.token('certified')))).toMatchObject({
      message: expect.stringContaining(
        'The key of the client certificate of "certified" has not been',
      ) as string,
      hint: 'The administrator stores it with: latchkey secret set certified-key < key.pem',
    });
    await latchkey.signOut();
    const key = await readFile(join(files.ca, '..', 'certified.key'), 'utf8');
    expect(await set('certified-key', key)).toMatchObject({ code: 0 });
    await latchkey.serve.stop();
    await start();
    await latchkey.signIn('ada@fabrikam.example');
    const client = await connect(await latchkey.token('certified'), { database: 'postgres' });
    const { rows } = await client.query('select client_dn from pg_stat_ssl where pid = pg_backend_pid()');
    expect(rows).toEqual([{ client_dn: '/CN=certified' }]);
    await client.end();
    await latchkey.signOut();
    await latchkey.serve.stop();
  });

  it('with a key file brings the person and the passwords back, but no token', async () => {
    await start();
    await storePasswords(latchkey, world);
    await latchkey.signIn('ada@fabrikam.example');
    const before = await latchkey.state();
    const old = await latchkey.token('sales');
    expect(await latchkey.serve.stop()).toBe(0);
    const codes = world.tenant.deviceCodes().length;

    await start();
    const { signIn, tokens, seal } = await latchkey.until(signedIn);
    expect(seal).toEqual({ kind: 'key-file' });
    expect(tokens).toEqual([]);
    if (signIn.kind !== 'signed-in' || before.signIn.kind !== 'signed-in') throw new Error('not signed in');
    expect(signIn).toMatchObject({ account: before.signIn.account, until: before.signIn.until });
    expect(world.tenant.deviceCodes()).toHaveLength(codes);
    expect((await latchkey.audit('sign-in-succeeded')).at(-1)).toMatchObject({ how: 'restored' });
    await (await connect(await latchkey.token('sales'))).end();
    expect(await refusalOf(connect(old))).toMatchObject({
      sqlState: '28000',
      message: 'Latchkey does not know this token: it was mistyped, or belongs to an earlier run.',
    });
  });

  it('after kill -9 does the same, whatever lies about', async () => {
    latchkey.serve.process().kill('SIGKILL');
    await latchkey.serve.stop();
    expect(await readdir(join(latchkey.home, 'run'))).toContain('api.sock');
    expect(await latchkey.run('status')).toMatchObject({
      code: 5,
      err: expect.stringMatching(
        /^latchkey: No Latchkey is running for .*\n {2}Start the Latchkey application/,
      ) as string,
    });
    await start();
    await latchkey.until(signedIn);
    const { socketDirectory = '', ...token } = await latchkey.token('sales');
    await (await connect(token, { host: socketDirectory })).end();
    expect((await latchkey.run('audit', 'verify')).code).toBe(0);
  });

  it('in the middle of a refresh signs nobody out', async () => {
    const { id } = world.tenant.addFault({ type: 'hang', endpoint: 'token' });
    world.tenant.clearRequests();
    void (await latchkey.client()).post('/v1/refresh', {}).catch(() => undefined);
    await expect.poll(() => world.tenant.requests().length, soon).toBeGreaterThan(0);
    const asked = performance.now();
    expect(await latchkey.serve.stop()).toBe(0);
    expect(performance.now() - asked).toBeLessThan(8000);
    world.tenant.clearFaults({ id });
    await start();
    await latchkey.until(signedIn);
  });

  it('without a network waits for it, and a sign-out meanwhile is final', async () => {
    await latchkey.serve.stop();
    const { id } = world.tenant.addFault({ type: 'reset', endpoint: 'any' });
    await start();
    const { signIn } = await latchkey.until(settled);
    expect(signIn).toMatchObject({ kind: 'signed-out', problem: { code: 'authority-unreachable' } });
    expect((await latchkey.state()).awaitedAccounts).toMatchObject([{ username: 'ada@fabrikam.example' }]);
    expect((await latchkey.run('status')).out).toMatch(
      /^ {2}ada@fabrikam\.example: [^]*^Comes back by itself when its directory can be reached: ada@fabrikam\.example \(fabrikam\)$/m,
    );
    await latchkey.signOut();
    expect((await latchkey.state()).awaitedAccounts).toBeUndefined();
    world.tenant.clearFaults({ id });
    await latchkey.serve.stop();
    await start();
    expect((await latchkey.until(settled)).signIn).toEqual({ kind: 'signed-out' });
  });

  it('after a sign-out leaves nobody signed in', async () => {
    await latchkey.signIn('ada@fabrikam.example');
    expect(await latchkey.run('logout')).toMatchObject({ code: 0 });
    expect(await latchkey.run('logout')).toMatchObject({ code: 0 });
    await latchkey.serve.stop();
    const sealed = await readdir(join(latchkey.home, 'sealed', 'key-file'));
    // What is left says nothing of anybody: passwords of roles, the certificate authority of the gateways, and the key that
    // signs the audit.
    expect(sealed.filter((name) => !/^(password-|local-authority\.|audit-key\.)/.test(name))).toEqual([]);
    await start();
    expect((await latchkey.until(settled)).signIn).toEqual({ kind: 'signed-out' });
  });

  it('without a key file keeps nothing, and says so', async () => {
    await latchkey.serve.stop();
    await latchkey.serve.start([]);
    await storePasswords(latchkey, world);
    await latchkey.signIn('ada@fabrikam.example');
    expect((await latchkey.run('status')).out).toContain('Secrets: memory (There is no key file');
    // Of whoever has forgotten the key file that these secrets are sealed with.
    const forgotten = `what is stored in ${join(latchkey.home, 'sealed', 'key-file')} under one is not read.`;
    expect(latchkey.serve.log()).toContain(forgotten);
    expect((await latchkey.run('doctor')).out).toContain(forgotten);
    const files = await readdir(join(latchkey.home, 'sealed'), { recursive: true });
    expect(files.filter((name) => name.includes('memory'))).toEqual([]);
    await latchkey.serve.stop();
    await latchkey.serve.start([]);
    expect((await latchkey.until(settled)).signIn).toEqual({ kind: 'signed-out' });
    const { passwords } = (await (await latchkey.client()).get('/v1/secrets')) as {
      passwords: { stored: boolean }[];
    };
    expect(passwords.every(({ stored }) => !stored)).toBe(true);
  });

  it('with another key does not start, and changes nothing of what the key of before opens', async () => {
    await latchkey.serve.stop();
    await start();
    await latchkey.signIn('ada@fabrikam.example');
    await latchkey.serve.stop();
    const folder = join(latchkey.home, 'sealed', 'key-file');
    const sealed = async () => {
      const names = (await readdir(folder)).toSorted();
      return Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'hex')]));
    };
    const before = await sealed();
    const other = join(latchkey.config, '..', 'other-key');
    await writeFile(other, randomBytes(32).toString('base64'), { mode: 0o600 });
    const refused = await latchkey.run('serve', '--key-file', other);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain(`The key file is not the one with which ${folder} was sealed.`);
    expect(refused.err).toContain('Give the key file of before.');
    expect((await latchkey.audit('start-failed')).at(-1)).toMatchObject({ code: 'seal-unavailable' });
    expect(await sealed()).toEqual(before);

    await start();
    expect((await latchkey.until(settled)).signIn.kind).toBe('signed-in');
    await (await connect(await latchkey.token('sales'))).end();
    await latchkey.serve.stop();

    // What a lost key has sealed is moved away, as the sentence says.
    await rename(folder, `${folder}.lost`);
    await latchkey.serve.start(['--key-file', other]);
    expect((await latchkey.until(settled)).signIn.kind).toBe('signed-out');
    await latchkey.serve.stop();
    await rm(folder, { recursive: true });
    await rename(`${folder}.lost`, folder);
  });

  it('a single file that is damaged ends no start, and is put aside', async () => {
    await writeFile(join(latchkey.home, 'sealed', 'key-file', 'password-sales-readonly.sealed'), 'damaged');
    await start();
    await latchkey.until(settled);
    expect(await refusalOf(connect(await latchkey.token('sales')))).toMatchObject({
      sqlState: '28000',
      message: expect.stringContaining('is damaged or was sealed with another key') as string,
    });
    const names = await readdir(join(latchkey.home, 'sealed', 'key-file'));
    expect(names.some((name) => name.includes('quarantine'))).toBe(true);
  });

  it('needs a key file that is nobody else’s and holds a key', async () => {
    await latchkey.serve.stop();
    const open = join(latchkey.config, '..', 'open-key');
    await writeFile(open, randomBytes(32).toString('base64'), { mode: 0o644 });
    const short = join(latchkey.config, '..', 'short-key');
    await writeFile(short, 'hunter2', { mode: 0o600 });
    for (const [file, message] of [
      [open, 'is open to other users'],
      [short, 'does not hold a 256-bit key'],
      [join(latchkey.home, 'no-key'), 'could not be read'],
    ] as const) {
      const { code, err } = await latchkey.run('serve', '--key-file', file);
      expect(code).toBe(1);
      expect(err).toContain(message);
      expect(err).not.toContain('hunter2');
      expect((await latchkey.audit('start-failed')).at(-1)).toMatchObject({ code: 'seal-unavailable' });
    }
    await start();
  });

  it('a second broker on the home is refused, with the first one named', async () => {
    const { code, out, err } = await latchkey.run('serve', '--json');
    expect(code).toBe(1);
    const pid = latchkey.serve.process().pid;
    expect(err).toBe(
      `latchkey: Another Latchkey (pid ${pid}) is running on ${latchkey.home}.\n  Use that one, end it, or start this one on another folder with --home or LATCHKEY_HOME.\n`,
    );
    expect(JSON.parse(out)).toMatchObject({ problem: { code: 'home-in-use' } });
    expect((await latchkey.state()).signIn.kind).not.toBe('working');
  });

  it('two brokers on two homes do not know each other', async () => {
    const second = await createLatchkey(world);
    try {
      await latchkey.signOut();
      await Promise.all([latchkey.signIn('ada@fabrikam.example'), second.signIn('bruno@fabrikam.example')]);
      // One was put aside; the others are stored, and take a person to be replaced.
      await storePasswords(latchkey, world);
      const [ada, bruno] = [await latchkey.token('sales'), await second.token('sales')];
      expect(ada.port).not.toBe(bruno.port);
      expect([ada.role, bruno.role]).toEqual(['sales_readonly', 'sales_owner']);
      expect(await refusalOf(connect(ada, { port: bruno.port }))).toMatchObject({ sqlState: '28000' });
      await second.signOut();
      await (await connect(ada)).end();
      const { bearer } = JSON.parse(await readFile(join(latchkey.home, 'run/api.json'), 'utf8')) as {
        bearer: string;
      };
      const { url } = JSON.parse(await readFile(join(second.home, 'run/api.json'), 'utf8')) as {
        url: string;
      };
      const answer = await fetch(`${url}/v1/state`, { headers: { authorization: `Bearer ${bearer}` } });
      expect(answer.status).toBe(401);
    } finally {
      await second.close();
    }
  });

  it('ends in order at Ctrl-C as at SIGTERM, and removes its address', async () => {
    const token = await latchkey.token('sales');
    const client = await connect(token);
    const query = client.query('select pg_sleep(60)').catch((error: Error) => error.message);
    await expect.poll(async () => (await latchkey.state()).databaseSessions.length, soon).toBe(1);
    expect(await latchkey.serve.stop('SIGINT')).toBe(0);
    expect(await query).toBe('Latchkey has been closed.');
    expect(await readdir(join(latchkey.home, 'run'))).not.toContain('api.json');
    expect((await latchkey.audit()).at(-1)).toMatchObject({ event: 'broker-stopped' });
    const never = startCommand(latchkey, 'status', '--json');
    expect(JSON.parse(await never.firstLine)).toMatchObject({ problem: { code: 'broker-not-running' } });
    expect((await never.ended).code).toBe(5);
  });
});

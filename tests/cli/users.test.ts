import { once } from 'node:events';
import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, chown, copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import type { ApiState } from '../../main/contract/api-state.ts';
import type { IssuedToken } from '../../main/contract/shapes.ts';
import { createCommandLine, firstLine, type CommandLine, type Ran } from '../../main/demo/command-line.ts';
import type { LocalTenant } from '../../main/demo/tenant/local-tenant.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { root, setpriv } from '../store/temporary-folder.ts';
import { buildCommand } from '../support/builds.ts';
import { soon, startWorld } from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { configuredTenant } from '../support/tenant-provider.ts';
import { useAll } from '../support/use-all.ts';

/** A user of the computer, who has nothing but a number, a home and the organisation's file. */
interface User {
  uid: number;
  home: string;
  run: CommandLine['run'];
  /** Starts `latchkey serve`, and answers with the ports of its connections. */
  serve(): Promise<Record<string, number>>;
  stop(): Promise<void>;
  logIn(person: string): Promise<void>;
  psql(token: IssuedToken): Promise<Ran>;
}

describeWith([root, setpriv, parts.postgres, parts.psql], 'two users of one computer', () => {
  const world = useAll(startWorld);
  const host = useAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lk-users-'));
    await chmod(folder, 0o755);
    // Both may be where nobody but the tester may read.
    const node = join(folder, 'node');
    await copyFile(process.execPath, node);
    await copyFile(world.tenant.caFile, join(folder, 'ca.pem'));
    const config = join(folder, 'latchkey.yaml');
    const { host: server, port } = world.postgres;
    const connection = (name: string, group: string, role: string, stored: string) => ({
      name,
      protocol: 'postgresql',
      port: 'auto',
      upstream: { host: server, port, database: name, tls: { mode: 'off' } },
      rules: [{ group, role, password: { stored } }],
    });
    const { dataAnalysts, finance } = fabrikam.groups;
    const configuration = {
      providers: [{ ...configuredTenant(world.tenant), caFile: 'ca.pem' }],
      session: { refreshGroups: '5s' },
      // Where no other test takes a port.
      listen: { ports: '32000-32767' },
      connections: [
        connection('sales', dataAnalysts, 'sales_readonly', 'sales-readonly'),
        connection('payroll', finance, 'payroll_clerk', 'payroll-clerk'),
      ],
    };
    await writeFile(config, JSON.stringify(configuration), { mode: 0o644 });
    await chmod(node, 0o755);
    await chmod(join(folder, 'ca.pem'), 0o644);
    const users = await Promise.all(
      [61_001, 61_002].map((uid) =>
        createUser(uid, { folder, node, config, tenant: world.tenant, passwords: world.passwords }),
      ),
    );
    return {
      users: users as [User, User],
      async close() {
        await Promise.all(users.map((user) => user.stop()));
        await rm(folder, { recursive: true, force: true });
      },
    };
  });
  const people = ['ada@fabrikam.example', 'chiara@fabrikam.example'];
  const tokens: IssuedToken[] = [];
  const ports: Record<string, number>[] = [];

  it('have a broker each from one file, at ports of their own', async () => {
    ports.push(...(await Promise.all(host.users.map((user) => user.serve()))));
    const all = ports.flatMap((one) => Object.values(one));
    expect(new Set(all).size).toBe(4);
    for (const port of all) expect(port >= 32_000 && port <= 32_767).toBe(true);
    for (const [index, user] of host.users.entries()) {
      expect(JSON.parse(await readFile(join(user.home, 'ports.json'), 'utf8'))).toEqual({
        version: 1,
        ports: ports[index],
      });
      expect((await stat(user.home)).uid).toBe(user.uid);
    }
  });

  it('each sign in and log in on their own', async () => {
    world.tenant.addMember({ groupId: fabrikam.groups.dataAnalysts, memberId: fabrikam.users.chiara });
    for (const [index, person] of people.entries()) {
      const user = host.users[index] as User;
      await user.logIn(person);
      const { out, err } = await user.run(['token', 'sales', '--json']);
      expect(err).toBe('');
      const token = JSON.parse(out) as IssuedToken;
      tokens.push(token);
      expect(token).toMatchObject({ username: person, port: ports[index]?.['sales'] });
      expect(await user.psql(token)).toEqual({ code: 0, out: 'sales_readonly\n', err: '' });
    }
  });

  it('get nowhere with what is the other one’s: token, port, API', async () => {
    const [first, second] = host.users;
    // As behind a sudo or su that keeps LATCHKEY_HOME.
    expect(await second.run(['status', '--home', first.home])).toMatchObject({
      code: 1,
      err: expect.stringMatching(
        / is of another user of this computer\.\n {2}Run the command as that user/,
      ) as string,
    });
    const [token, own] = tokens as [IssuedToken, IssuedToken];
    expect((await second.psql(token)).err).toContain('This Latchkey serves another user of this computer.');
    expect((await second.psql({ ...token, port: own.port })).err).toContain(
      'Latchkey does not know this token: it was mistyped, or belongs to an earlier run.',
    );
    const asked = await second.run(['token', 'sales', '--home', first.home]);
    expect(asked.code).not.toBe(0);
    expect(asked.out).toBe('');
    // Its own is as before.
    expect(await second.psql(own)).toMatchObject({ code: 0 });
  });

  it('find their ports again, and are told who has one meanwhile', async () => {
    const [first] = host.users;
    const { sales = 0 } = ports[0] ?? {};
    await first.stop();
    const stranger = createServer().listen(sales, '127.0.0.1');
    await once(stranger, 'listening');
    expect(await first.serve()).toEqual({ payroll: ports[0]?.['payroll'] });
    const status = async () => JSON.parse((await first.run(['status', '--json'])).out) as ApiState;
    expect((await status()).connections[0]?.listener).toMatchObject({
      kind: 'failed',
      problem: {
        code: 'port-in-use',
        message: `Port ${sales} is in use by a process of the user with id 0.`,
        remedy: `Stop that program, or have another port chosen: take "sales" out of ${join(first.home, 'ports.json')}, then run: latchkey config reload`,
      },
    });
    stranger.close();
    await once(stranger, 'close');
    await expect
      .poll(async () => (await status()).connections.map(({ port, listener }) => [port, listener.kind]), soon)
      .toEqual([
        [sales, 'listening'],
        [ports[0]?.['payroll'], 'listening'],
      ]);
  });
});

async function createUser(
  uid: number,
  {
    folder,
    config,
    node,
    tenant,
    passwords,
  }: {
    folder: string;
    config: string;
    node: string;
    tenant: LocalTenant;
    passwords: Record<string, string>;
  },
): Promise<User> {
  const own = join(folder, String(uid));
  await mkdir(own, { mode: 0o700 });
  await chown(own, uid, uid);
  const owner = `--reuid=${uid} --regid=${uid} --clear-groups`;
  // As the unit of docs/SETUP.md has it: no rights beyond the user's own.
  const bounds = '--bounding-set=-all --no-new-privs';
  const as = [setpriv.path ?? '', ...`${owner} ${bounds} -- env HOME=${own}`.split(' ')] as [
    string,
    ...string[],
  ];
  const home = join(own, 'state');
  const { start, run } = createCommandLine(home, config, [...as, node, await buildCommand()]);
  let broker: ChildProcess | undefined;
  return {
    uid,
    home,
    run,
    async serve() {
      broker = start(['serve', '--json']);
      const { connections } = JSON.parse(await firstLine(broker)) as {
        connections: { name: string; port: number }[];
      };
      const isFirst = Object.keys(passwords).length > 0;
      if (isFirst) await run(['secret', 'set', 'sales-readonly'], passwords['sales-readonly']);
      return Object.fromEntries(connections.map(({ name, port }) => [name, port]));
    },
    async stop() {
      if (broker === undefined || broker.exitCode !== null || broker.signalCode !== null) return;
      const ended = once(broker, 'close');
      broker.kill();
      await ended;
    },
    async logIn(person) {
      const login = start(['login', '--json']);
      const { userCode } = JSON.parse(await firstLine(login)) as { userCode: string };
      const ended = once(login, 'close');
      tenant.complete({ userCode, user: person });
      expect((await ended)[0]).toBe(0);
    },
    async psql({ host, port, username, database, token }) {
      const place = ['-h', host, '-p', String(port), '-U', username, '-d', database];
      const query = ['-X', '-At', '-c', 'select current_user'];
      const program = [`PGPASSWORD=${token}`, parts.psql.path ?? 'psql', ...place, ...query];
      const child = spawn(as[0], [...as.slice(1), ...program], {
        cwd: '/',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const [out, err, [code]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'close') as Promise<[number]>,
      ]);
      return { code, out, err };
    },
  };
}

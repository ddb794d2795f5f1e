import { once } from 'node:events';
import { createServer } from 'node:http';
import { spawn } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import type { Problem } from '../../main/contract/errors.ts';
import { freePort } from '../support/free-port.ts';
import {
  connect,
  createLatchkey,
  startWorld,
  storeFirst,
  type Latchkey,
  type TestConfiguration,
} from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';

describeWith([parts.postgres], 'a faulty configuration', () => {
  const world = useAll(startWorld);

  async function withConfiguration(
    configure: (configuration: TestConfiguration) => unknown,
    test: (latchkey: Latchkey) => Promise<void>,
  ): Promise<void> {
    const latchkey = await createLatchkey(world, {
      started: false,
      configure: async (found) => void (await configure(found)),
    });
    try {
      await test(latchkey);
    } finally {
      await latchkey.close();
    }
  }

  type FaultCase = [string, (found: TestConfiguration) => unknown, RegExp];
  /** What is wrong within one connection, what the person reads, and where. */
  const ofOneConnection: FaultCase[] = [
    [
      'an unknown key',
      ({ connections: [sales] }) => Object.assign(sales?.upstream ?? {}, { databse: 'sales' }),
      /line \d+: connections\[0\]\.upstream\.databse is not a known key; did you mean "database"\?/,
    ],
    [
      'a password',
      ({ connections: [sales] }) => Object.assign(sales?.upstream ?? {}, { password: 'hunter2' }),
      /connections\[0\]\.upstream\.password is not a known key: passwords never stand in this file; set them with "latchkey secret set/,
    ],
    [
      'no encryption beyond this computer',
      ({ connections: [sales] }) => Object.assign(sales?.upstream ?? {}, { host: 'db.fabrikam.example' }),
      /connections\[0\]\.upstream\.tls\.mode "off" would send the login to db\.fabrikam\.example readable/,
    ],
  ];
  it.each(ofOneConnection)(
    '%s in a connection: named with its line by the check',
    async (_what, configure, message) => {
      await withConfiguration(configure, async (latchkey) => {
        const check = await latchkey.run('config', 'check', '--json');
        expect(check.code).toBe(2);
        expect(check.err).toMatch(message);
        expect(check.err).toMatch(/\n {2}Correct the lines named; nothing has been changed\.\n$/);
        expect(check.err).not.toContain('hunter2');
        const { problem } = JSON.parse(check.out) as { problem: Problem };
        expect(problem).toMatchObject({
          code: 'config-invalid',
          faults: [{ file: latchkey.config, line: expect.any(Number) as number }],
        });
      });
    },
  );

  /** What no connection can be left out for. */
  const faults: FaultCase[] = [
    [
      'wrong types',
      ({ connections: [sales], session }) => {
        Object.assign(sales ?? {}, { port: 'fifteen', rules: 'none' });
        session.refreshGroups = '5 minutes';
      },
      /3 faults:[^]*session\.refreshGroups \("5 minutes"\): write a number and a unit[^]*connections\[0\]\.port must be a number or "auto", not "fifteen"[^]*connections\[0\]\.rules must be a list, not "none"/,
    ],
    [
      'two connections on one port',
      ({ connections: [sales, payroll] }) => Object.assign(payroll ?? {}, { port: sales?.port }),
      /connections\[1\]\.port port \d+ already belongs to connection "sales"; choose another/,
    ],
  ];

  it.each(faults)(
    '%s: named with its line, on record, and nothing starts',
    async (_what, configure, message) => {
      await withConfiguration(configure, async (latchkey) => {
        const [check, serve] = await Promise.all([
          latchkey.run('config', 'check', '--json'),
          latchkey.run('serve'),
        ]);
        expect([check.code, serve.code]).toEqual([2, 2]);
        expect(check.err).toMatch(message);
        expect(serve.err).toBe(check.err);
        expect(serve.err).toMatch(/\n {2}Correct the lines named; nothing has been changed\.\n$/);
        expect(serve.err).not.toContain('hunter2');
        const { problem } = JSON.parse(check.out) as { problem: { code: string; message: string } };
        expect(problem).toMatchObject({
          code: 'config-invalid',
          message: expect.stringMatching(message) as string,
        });
        expect(await latchkey.audit()).toMatchObject([{ event: 'start-failed', code: 'config-invalid' }]);
      });
    },
  );

  it('that is no YAML, or not there, says so', async () => {
    await withConfiguration(
      () => undefined,
      async (latchkey) => {
        const text = await readFile(latchkey.config, 'utf8');
        await writeFile(latchkey.config, text.replace('providers:', 'providers: ['));
        expect(await latchkey.run('serve')).toMatchObject({
          code: 2,
          err: expect.stringMatching(/line \d+: /) as string,
        });
        const missing = await latchkey.run('serve', '--config', join(latchkey.home, 'none.yaml'));
        expect(missing).toMatchObject({
          code: 2,
          err: expect.stringMatching(
            /^latchkey: The configuration .*none\.yaml does not exist\.\n {2}Name the file/,
          ) as string,
        });
      },
    );
  });

  it('a port that is taken: its owner is named, and the other connections work', async () => {
    const port = await freePort();
    const listen = `require('net').createServer().listen(${port}, '127.0.0.1', () => console.log('up'))`;
    const squatter = spawn(process.execPath, ['-e', listen], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(squatter.stdout, 'data');
    try {
      await withConfiguration(
        ({ connections: [, payroll] }) => Object.assign(payroll ?? {}, { port }),
        async (latchkey) => {
          await latchkey.serve.start();
          const { connections } = await latchkey.state();
          expect(connections.map(({ listener }) => listener)).toEqual([
            { kind: 'listening' },
            {
              kind: 'failed',
              problem: {
                code: 'port-in-use',
                message: expect.stringMatching(
                  new RegExp(`^Port ${port} is in use by \\S+ \\(process ${squatter.pid}\\)\\.$`),
                ) as string,
                remedy: 'Stop that program, or give the connection another port in the configuration.',
              },
            },
          ]);
          expect(latchkey.serve.log()).toContain(`connection "payroll": Port ${port} is in use by`);
          expect((await latchkey.run('connections')).out).toContain(
            `payroll  not listening: Port ${port} is in use by`,
          );
          expect(await latchkey.audit('connection-listener-failed')).toMatchObject([
            { connection: 'payroll', code: 'port-in-use' },
          ]);
          await storeFirst(latchkey, 'sales-readonly', world.passwords['sales-readonly']);
          await latchkey.signIn('ada@fabrikam.example');
          await (await connect(await latchkey.token('sales'))).end();
          // Asked for by hand while the port is taken, and by itself when it is free.
          expect(await latchkey.run('connections', '--retry')).toMatchObject({
            code: 1,
            err: expect.stringContaining(`Connection "payroll": Port ${port} is in use by`) as string,
          });
          squatter.kill();
          await expect
            .poll(async () => (await latchkey.state()).connections[1]?.listener, { timeout: 20_000 })
            .toEqual({ kind: 'listening' });
          expect(await latchkey.audit('connection-listener-failed')).toHaveLength(1);
          expect(await latchkey.audit('connection-listener-opened')).toMatchObject([
            { connection: 'payroll' },
          ]);
        },
      );
    } finally {
      squatter.kill();
    }
  });

  it('the other loopback address is taken: said everywhere, and the connection serves at its own', async () => {
    const port = await freePort();
    const listen = `require('net').createServer().listen(${port}, '::1', () => console.log('up'))`;
    const squatter = spawn(process.execPath, ['-e', listen], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(squatter.stdout, 'data');
    try {
      await withConfiguration(
        ({ connections: [, payroll] }) => Object.assign(payroll ?? {}, { port }),
        async (latchkey) => {
          await latchkey.serve.start();
          const said = `Port ${port} at ::1 is in use by`;
          expect((await latchkey.state()).connections[1]?.listener).toMatchObject({
            kind: 'listening',
            problem: { code: 'port-in-use', message: expect.stringContaining(said) as string },
          });
          expect(latchkey.serve.log()).toContain(`connection "payroll": ${said}`);
          expect((await latchkey.run('connections')).out).toContain(said);
          expect((await latchkey.run('doctor')).out).toContain(`FAILED   connection payroll: ${said}`);
          expect(await latchkey.audit('connection-listener-failed')).toMatchObject([
            { connection: 'payroll', code: 'port-in-use' },
          ]);
          squatter.kill();
          await once(squatter, 'exit');
          expect(await latchkey.run('connections', '--retry')).toMatchObject({ code: 0 });
          expect((await latchkey.state()).connections[1]?.listener).toEqual({ kind: 'listening' });
        },
      );
    } finally {
      squatter.kill();
    }
  });

  it("the API's port that is taken: nothing starts, and nothing is left open", async () => {
    const squatter = createServer();
    squatter.listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const { port } = squatter.address() as { port: number };
    await withConfiguration(
      (found) => Object.assign(found, { api: { port } }),
      async (latchkey) => {
        const { code, err } = await latchkey.run('serve');
        expect(code).toBe(1);
        expect(err).toMatch(
          new RegExp(
            `latchkey: The API cannot listen on port ${port}: it is in use by .+ \\(process ${process.pid}\\)\\.\n  Set another api\\.port`,
          ),
        );
        expect((await latchkey.audit()).map(({ event }) => event)).toEqual([
          'broker-started',
          'broker-stopped',
          'start-failed',
        ]);
        squatter.close();
        await latchkey.serve.start();
        expect((await latchkey.state()).connections).toHaveLength(2);
      },
    );
  });

  it('a home that others may write to is refused', async () => {
    await withConfiguration(
      () => undefined,
      async (latchkey) => {
        const open = join(dirname(latchkey.config), 'open');
        await mkdir(open);
        await chmod(open, 0o777);
        const { code, err } = await latchkey.run('serve', '--home', open);
        expect(code).toBe(1);
        expect(err).toBe(
          `latchkey: ${open} is open to other users of this machine (mode 0777).\n  If nobody else uses this folder, close it with: chmod 700 '${open}'; else name another one with --home.\n`,
        );
      },
    );
  });
});

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { AppState, ClientPrompt } from '../../main/contract/state.ts';
import type { MadeHandle } from '../../main/contract/shapes.ts';
import { Client as PgClient } from 'pg';
import { createLatchkey, soon, startWorld, type Latchkey, type World } from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';

const ada = 'ada@fabrikam.example';
const bob = 'bruno@fabrikam.example';
const run = promisify(execFile);

interface Ran {
  out: string;
  err: string;
}

/** psql, a program with a path of its own that handles can be bound to. */
async function psql(
  place: MadeHandle,
  query = 'select current_user',
  program = parts.psql.path,
): Promise<Ran> {
  const args = [
    '-X',
    '-At',
    '-h',
    place.host,
    '-p',
    String(place.port),
    '-U',
    place.username,
    '-d',
    place.database,
  ];
  try {
    const { stdout, stderr } = await run(program ?? 'psql', [...args, '-c', query], {
      env: { ...process.env, PGPASSWORD: place.handle, LC_ALL: 'C' },
    });
    return { out: stdout.trim(), err: stderr };
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return { out: stdout, err: stderr };
  }
}

/** The same handle from another program: this one. */
async function fromNode({ host, port, database, username, handle }: MadeHandle): Promise<void> {
  const client = new PgClient({ host, port, database, user: username, password: handle });
  await client.connect();
  await client.end();
}

const prompted =
  (kind: AppState['prompts'][number]['kind'], waiting = 1) =>
  ({ prompts }: AppState): boolean =>
    prompts.some((prompt) => prompt.kind === kind && prompt.waiting >= waiting);

describeWith(
  [parts.postgres, parts.psql],
  'handles: saved in a tool, and good while the person can sign in',
  () => {
    let world: World;
    let latchkey: Latchkey;
    let folder: string;

    async function make(tool = 'psql', more: object = {}): Promise<MadeHandle> {
      return (await (
        await latchkey.client()
      ).post('/v1/handles', { connection: 'sales', tool, ...more })) as MadeHandle;
    }
    async function post(path: string, body: object = {}): Promise<unknown> {
      return (await latchkey.client()).post(path, body);
    }
    /** A handle that psql alone may use from now on. */
    async function bound(): Promise<MadeHandle> {
      const handle = await make();
      const login = psql(handle);
      await latchkey.until(prompted('client'));
      await post('/v1/prompts/allow', { choice: 'always' });
      expect(await login).toEqual({ out: 'sales_readonly', err: '' });
      return handle;
    }

    beforeAll(async () => {
      world = await startWorld();
      folder = await mkdtemp(join(tmpdir(), 'lk-handles-'));
      latchkey = await createLatchkey(world, { keyFile: true, args: ['--attended'] });
      await latchkey.signIn(ada);
    });
    afterEach(async () => {
      const { signIn } = await latchkey.state();
      if (signIn.kind !== 'signed-in' || signIn.account.username !== ada) await latchkey.signIn(ada);
    });
    afterAll(async () => {
      await latchkey.close();
      await world.close();
      await rm(folder, { recursive: true });
    });

    it('asks about the program that comes with it first, and names it as the system does', async () => {
      const handle = await make('My psql');
      const login = psql(handle);
      const { prompts } = await latchkey.until(prompted('client'));
      expect(prompts).toMatchObject([
        {
          kind: 'client',
          tool: 'My psql',
          connection: 'sales',
          role: 'sales_readonly',
          process: { program: expect.stringMatching(/^psql/) as string, pid: expect.any(Number) as number },
          choices: ['once', 'hour', 'until-lock', 'always'],
        },
      ]);
      await post('/v1/prompts/allow', { id: (prompts[0] as ClientPrompt).id, choice: 'once' });
      expect((await login).out).toBe('sales_readonly');
      // "Once" is once.
      const again = psql(handle);
      await latchkey.until(prompted('client'));
      await post('/v1/prompts/deny');
      expect((await again).err).toContain('has been denied');
      expect(await latchkey.audit('client-answered')).toMatchObject([
        { answer: 'once' },
        { answer: 'denied' },
      ]);
    });

    it('is bound to the program that is allowed for good, and useless to every other', async () => {
      const handle = await bound();
      expect((await psql(handle)).out).toBe('sales_readonly');
      expect((await latchkey.state()).handles.find(({ id }) => id === handle.id)).toMatchObject({
        boundTo: expect.stringContaining('psql') as string,
        lastUsedAt: expect.any(String) as string,
      });
      await expect(fromNode(handle)).rejects.toMatchObject({
        code: '28000',
        message: expect.stringContaining('another program came with it') as string,
      });
      expect((await latchkey.audit('login-refused')).at(-1)).toMatchObject({
        code: 'handle-foreign',
        handleId: handle.id,
        process: { program: expect.stringContaining('node') as string },
      });
    });

    it('one program that is allowed for an hour is not asked about again', async () => {
      const handle = await make('for an hour');
      const login = psql(handle);
      await latchkey.until(prompted('client'));
      await post('/v1/prompts/allow', { choice: 'hour' });
      expect((await login).out).toBe('sales_readonly');
      expect((await psql(handle)).out).toBe('sales_readonly');
      await post('/v1/lock');
      expect((await psql(handle)).out).toBe('sales_readonly');
    });

    it('what was allowed until the screen is locked is over then', async () => {
      const handle = await make('until lock');
      const login = psql(handle);
      await latchkey.until(prompted('client'));
      await post('/v1/prompts/allow', { choice: 'until-lock' });
      expect((await login).out).toBe('sales_readonly');
      expect((await psql(handle)).out).toBe('sales_readonly');
      await post('/v1/lock');
      const after = psql(handle);
      await latchkey.until(prompted('client'));
      await post('/v1/prompts/deny');
      expect((await after).err).toContain('denied');
    });

    it('waits for the sign-in, and 50 logins go on with one prompt, one code and one answer', async () => {
      const handle = await bound();
      await latchkey.signOut();
      const started = (await latchkey.audit('sign-in-started')).length;
      const logins = Array.from({ length: 50 }, () => psql(handle));
      const state = await latchkey.until(
        (now) => prompted('sign-in', 50)(now) && now.signIn.kind === 'code',
        60_000,
      );
      expect(state.prompts).toMatchObject([{ kind: 'sign-in', username: ada, tool: 'psql', waiting: 50 }]);
      if (state.signIn.kind !== 'code') throw new Error('no code');
      world.tenant.complete({ userCode: state.signIn.userCode, user: ada });
      const answers = await Promise.all(logins);
      expect(answers.filter(({ out }) => out === 'sales_readonly')).toHaveLength(50);
      expect((await latchkey.state()).prompts).toEqual([]);
      expect(await latchkey.audit('sign-in-started')).toHaveLength(started + 1);
    });

    it('takes the session of its own account, and waits for that one whoever else is signed in', async () => {
      const handle = await bound();
      await latchkey.signIn(bob);
      expect((await psql(handle)).out).toBe('sales_readonly');
      const owner = { account: { username: ada } };
      expect((await latchkey.audit('login-allowed')).at(-1)).toMatchObject(owner);
      await post('/v1/sign-out', { as: ada });
      const login = psql(handle);
      const { prompts, signIn } = await latchkey.until(
        (now) => prompted('sign-in')(now) && now.signIn.kind === 'code',
      );
      expect(prompts).toMatchObject([{ kind: 'sign-in', username: ada }]);
      if (signIn.kind !== 'code') throw new Error('no code');
      world.tenant.complete({ userCode: signIn.userCode, user: ada });
      expect((await login).out).toBe('sales_readonly');
      expect((await latchkey.audit('login-allowed')).at(-1)).toMatchObject(owner);
      await post('/v1/sign-out', { as: bob });
    });

    it('revoked, it ends at once with what it has opened', async () => {
      const handle = await bound();
      const sleeping = psql(handle, 'select pg_sleep(60)');
      await latchkey.until(({ databaseSessions }) =>
        databaseSessions.some(({ handleId }) => handleId === handle.id),
      );
      // The session is listed from its login on; before the query runs the login itself is refused.
      await expect
        .poll(
          () => world.postgres.query("select 1 from pg_stat_activity where query ~ '^select pg_sleep'"),
          soon,
        )
        .not.toHaveLength(0);
      await post('/v1/handles/revoke', { id: handle.id });
      expect((await sleeping).err).toContain('The saved password has been revoked.');
      expect((await psql(handle)).err).toContain('has been revoked');
      expect((await latchkey.state()).handles.map(({ id }) => id)).not.toContain(handle.id);
    });

    it('denied with a block by a command, its program is refused without a question, and another is asked about', async () => {
      const handle = await make('blocked');
      const denied = expect(fromNode(handle)).rejects.toMatchObject({
        message: expect.stringContaining('has been denied') as string,
      });
      await latchkey.until(prompted('client'));
      expect(await latchkey.run('deny', '--block')).toMatchObject({ code: 0, out: 'Denied.\n' });
      await denied;
      await expect(fromNode(handle)).rejects.toMatchObject({
        code: '28000',
        message: 'This program has been blocked.',
        hint: expect.stringMatching(/^It may ask again at .+, or after a restart of Latchkey\.$/) as string,
      });
      expect((await latchkey.state()).prompts).toEqual([]);
      expect(await latchkey.audit('client-answered')).toContainEqual(
        expect.objectContaining({
          answer: 'blocked',
          process: expect.objectContaining({ program: expect.stringContaining('node') as string }) as object,
        }),
      );
      const other = psql(handle);
      await latchkey.until(prompted('client'));
      expect((await latchkey.run('deny')).code).toBe(0);
      expect((await other).err).toContain('has been denied');
      expect((await latchkey.run('deny', '--block')).err).toContain('Nothing is waiting for an answer.');
    });

    it('survives a restart, with its binding', async () => {
      const handle = await bound();
      await latchkey.serve.stop();
      await latchkey.serve.start();
      await latchkey.until(({ signIn }) => signIn.kind === 'signed-in', 30_000);
      expect((await psql(handle)).out).toBe('sales_readonly');
      await expect(fromNode(handle)).rejects.toMatchObject({ code: '28000' });
    });
  },
);

describeWith([parts.postgres, parts.psql], 'a handle without a sign-in: what the client is told', () => {
  let world: World;
  let folder: string;

  beforeAll(async () => {
    world = await startWorld();
    folder = await mkdtemp(join(tmpdir(), 'lk-handles-'));
    await writeFile(join(folder, 'key'), randomBytes(32).toString('base64'), { mode: 0o600 });
  });
  afterAll(async () => {
    await world.close();
    await rm(folder, { recursive: true });
  });

  it.each([
    ['where nobody sees a prompt, at once', []],
    ['where somebody could, when the client has waited long enough', ['--attended']],
  ])('address and code %s; and the next login after the sign-in is let in', async (_when, args) => {
    const latchkey = await createLatchkey(world, {
      args: ['--key-file', join(folder, 'key'), ...args],
      configure: (configuration) => {
        Object.assign(configuration, { hold: { programs: { psql: '5s' } } });
        for (const connection of configuration.connections)
          Object.assign(connection, { askForPrograms: 'never' });
      },
    });
    try {
      await latchkey.signIn(ada);
      const handle = (await (
        await latchkey.client()
      ).post('/v1/handles', { connection: 'sales', tool: 'psql' })) as MadeHandle;
      await latchkey.signOut();
      const { err } = await psql(handle);
      const [, address = '', code = ''] =
        /Sign in at (\S+) with code (\S+), then connect again/.exec(err) ?? [];
      expect(address, err).toMatch(/^https:/);
      expect(err).toContain('FATAL:  Nobody is signed in to Latchkey.');
      world.tenant.complete({ userCode: code, user: ada });
      await latchkey.until(({ signIn }) => signIn.kind === 'signed-in');
      expect(await psql(handle)).toEqual({ out: 'sales_readonly', err: '' });
    } finally {
      await latchkey.close();
    }
  });
});

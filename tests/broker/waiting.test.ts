import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AppState } from '../../main/contract/state.ts';
import type { MadeHandle } from '../../main/contract/shapes.ts';
import { createLatchkey, startWorld, storePasswords, type Latchkey } from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { installBrowser, type PersonBrowser } from '../support/person-browser.ts';
import { useAll } from '../support/use-all.ts';

const ada = 'ada@fabrikam.example';
const waiting =
  (count: number) =>
  ({ prompts }: AppState): boolean =>
    prompts.length > 0 && prompts.reduce((sum, prompt) => sum + prompt.waiting, 0) === count;

describeWith([parts.postgres, parts.psql], 'logins that wait, and a locked screen', () => {
  let latchkey: Latchkey;
  let handle: MadeHandle;
  let browser: PersonBrowser;
  const children: ChildProcess[] = [];

  const world = useAll(startWorld);
  beforeAll(async () => {
    latchkey = await createLatchkey(world, {
      started: false,
      configure: (configuration) =>
        void Object.assign(configuration, { session: { refreshGroups: '1h', onLock: 'cut' } }),
      keyFile: true,
      args: ['--attended'],
    });
    browser = await installBrowser(latchkey, world);
    await latchkey.serve.start();
    await storePasswords(latchkey, world);
    await latchkey.signIn(ada);
    handle = (await post('/v1/handles', { connection: 'sales', tool: 'psql' })) as MadeHandle;
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await latchkey?.close();
    await browser?.close();
  });

  const post = async (path: string, body: object = {}) => (await latchkey.client()).post(path, body);

  /** psql with the handle, and what it has said when it has ended. */
  function psql(): { child: ChildProcess; ended: Promise<string> } {
    const { host, port, username, database } = handle;
    const child = spawn(
      parts.psql.path ?? 'psql',
      ['-X', '-At', '-h', host, '-p', String(port), '-U', username, '-d', database, '-c', 'select 1'],
      { env: { ...process.env, PGPASSWORD: handle.handle, LC_ALL: 'C' }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    children.push(child);
    const said = Promise.all([text(child.stdout), text(child.stderr)]);
    return { child, ended: said.then((streams) => streams.join('').trim()) };
  }

  it('a client that leaves is not counted, costs no answer, and is let in nowhere', async () => {
    const before = (await latchkey.audit('login-allowed')).length;
    const [leaving, staying] = [psql(), psql()];
    await latchkey.until(waiting(2));
    leaving.child.kill('SIGKILL');
    await latchkey.until(waiting(1));
    await post('/v1/prompts/allow', { choice: 'once' });
    expect(await staying.ended).toBe('1');
    expect((await latchkey.audit('login-allowed')).length).toBe(before + 1);
    expect(await latchkey.audit('login-refused')).toMatchObject([
      { code: 'client-gone', handleId: handle.id, account: { username: ada } },
    ]);
    // "Once" has been spent on the one that stayed.
    const next = psql();
    await latchkey.until(waiting(1));
    await post('/v1/prompts/allow', { choice: 'always' });
    expect(await next.ended).toBe('1');
  });

  it('a lock is not opened by a browser that is signed in and answers without asking', async () => {
    expect(await browser.signIn(ada)).toBeDefined();
    // What the page has asked a minute ago it has not asked now.
    world.tenant.shiftClock({ seconds: 60 });
    await post('/v1/lock');
    expect(await browser.signIn(ada)).toBeUndefined();
    expect((await latchkey.state()).lockedSince).toBeDefined();
    expect(await psql().ended).toContain('This computer is locked, and Latchkey lets nobody in.');
    await latchkey.signIn(ada);
    expect((await latchkey.state()).lockedSince).toBeUndefined();
  });

  it('a lock ends the sessions and keeps handles and tokens out until a sign-in, however often they come', async () => {
    expect(await psql().ended).toBe('1');
    await post('/v1/lock');
    expect((await latchkey.state()).lockedSince).toBeDefined();
    for (let count = 0; count < 3; count += 1)
      expect(await psql().ended).toContain('This computer is locked, and Latchkey lets nobody in.');
    await expect(latchkey.token('sales')).rejects.toMatchObject({ code: 'screen-locked' });
    // Without a second factor only a sign-in shows that the person is back.
    const refused = await latchkey.run('unlock');
    expect(refused.code).toBe(3);
    expect(refused.err).toContain('latchkey login --again');
    expect((await latchkey.run('status')).out).toContain('LOCKED since');
    await latchkey.signIn(ada);
    expect(await psql().ended).toBe('1');
    expect((await latchkey.audit('screen-locked', 'screen-unlocked')).slice(-2)).toMatchObject([
      { event: 'screen-locked', onLock: 'cut' },
      { event: 'screen-unlocked', how: 'sign-in' },
    ]);
  });

  it('the end of the broker ends the logins that wait, in time and with a reason', async () => {
    await post('/v1/handles/revoke', { id: handle.id });
    handle = (await post('/v1/handles', { connection: 'sales', tool: 'psql' })) as MadeHandle;
    const login = psql();
    await latchkey.until(waiting(1));
    const began = performance.now();
    const broker = latchkey.serve.process();
    broker.kill('SIGTERM');
    if (broker.exitCode === null) await once(broker, 'exit');
    // The hold is 45 s.
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(broker.exitCode).toBe(0);
    expect(await login.ended).toContain('FATAL:  Latchkey is being closed, and this login ends with it.');
    expect((await latchkey.audit('login-refused', 'broker-stopped')).slice(-2)).toMatchObject([
      { event: 'login-refused', code: 'broker-stopping' },
      { event: 'broker-stopped' },
    ]);
    await latchkey.serve.start();
  });
});

import { afterAll, beforeAll, expect, it } from 'vitest';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { connect, soon, startWorld, storePasswords } from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { atTerminal, script } from '../support/terminal.ts';
import { useAll } from '../support/use-all.ts';
import { accountPassword, ada, setUpAccount, startAdministered, type AdministeredWorld } from './world.ts';

describeWith([parts.postgres, script], 'break-glass accounts', () => {
  let administered: AdministeredWorld;
  let codes: string[];

  const signInAs = (username: string, code: string | undefined, password = accountPassword) =>
    administered.post('/v1/sign-in/local', { username, password, code });
  const kind = async (): Promise<string> => (await administered.latchkey.state()).signIn.kind;
  const next = (): string | undefined => codes.shift();

  const world = useAll(startWorld);
  beforeAll(async () => {
    administered = await startAdministered(world);
    const { latchkey } = administered;
    // Nobody has ever signed in: whoever owns file, home and key sets the first account up.
    codes = await setUpAccount(latchkey, 'local', 'set-up', 'night');
    await latchkey.serve.start();
    await storePasswords(latchkey, world);
  });
  afterAll(() => administered.close());

  it('are set up offline only while no broker runs, and only where the file names them', async () => {
    const { latchkey } = administered;
    const running = await latchkey.commandLine.run(['local', 'set-up', 'night'], `${accountPassword}\n`);
    expect(running.code).not.toBe(0);
    expect(running.err).toMatch(/in use|is running|already/);
    expect((await latchkey.run('local', 'list')).out).toMatch(/on {3}night[^]*on {3}spare .*no password yet/);
  });

  it('let in with what the file says, and a failed attempt is on record with its name', async () => {
    const { latchkey } = administered;
    await expect(signInAs('night', codes[0], 'a wrong password of some length')).rejects.toMatchObject({
      code: 'sign-in-refused',
    });
    expect(await latchkey.audit('sign-in-failed')).toMatchObject([
      { username: 'night', provider: 'emergency' },
    ]);
    const terminal = atTerminal(
      [process.execPath, latchkey.program, 'login', 'night', '--local'],
      latchkey.commandLine.env,
    );
    await terminal.answer('Password of "night": ', `${accountPassword}\r`);
    await terminal.answer('Code of its authenticator: ', `${next()}\r`);
    expect(await terminal.ended).toBe(0);
    const client = await connect(await latchkey.token('sales'));
    expect((await client.query('select current_user')).rows).toEqual([{ current_user: 'sales_readonly' }]);
    await client.end();
  });

  it('stay signed in when any other provider changes', async () => {
    const { latchkey, post } = administered;
    expect(await kind()).toBe('signed-in');
    const change = { name: 'fabrikam', enabled: false, code: next() };
    await post('/v1/providers/enable', change);
    await post('/v1/providers/enable', { ...change, enabled: true, code: next() });
    await latchkey.refresh();
    expect((await latchkey.state()).signIn).toMatchObject({
      kind: 'signed-in',
      account: { username: 'night' },
    });
  });

  it('administer with their own second factor, one code for each deed; who and what is on record', async () => {
    const { latchkey, post } = administered;
    const code = next();
    await post('/v1/secrets', { name: 'payroll-clerk', value: 'another', code });
    await expect(post('/v1/secrets', { name: 'payroll-clerk', value: 'third', code })).rejects.toMatchObject({
      code: 'mfa-wrong',
    });
    expect((await latchkey.audit('administered')).at(-1)).toMatchObject({
      action: 'secret changed',
      subject: 'payroll-clerk',
      by: 'totp',
      actor: { kind: 'person', username: 'night' },
    });
    expect(JSON.stringify(await latchkey.audit())).not.toContain('another');
    const prune = ['audit', 'prune', '--before', '1d'];
    expect((await latchkey.commandLine.run(prune, '123456\n')).code).not.toBe(0);
    expect(await latchkey.commandLine.run(prune, `${next()}\n`)).toMatchObject({
      code: 0,
      out: expect.stringContaining('nothing was changed') as string,
    });
    expect((await latchkey.audit('administered')).at(-1)).toMatchObject({
      action: 'old audit files taken away',
      subject: 'audit',
      by: 'totp',
    });
  });

  it('are out at once when they are regrouped or taken out of the file', async () => {
    const { latchkey, edit } = administered;
    const client = await connect(await latchkey.token('sales'));
    const cut = expect(client.query('select pg_sleep(60)')).rejects.toThrow();
    await edit((text) =>
      text.replace(/(username: night\n\s+groups:\n\s+- )\S+/, `$1${fabrikam.groups.finance}`),
    );
    await expect.poll(kind, soon).toBe('signed-out');
    await cut;
    const lastExpiry = async () => (await latchkey.audit('session-expired')).at(-1);
    await expect.poll(lastExpiry, soon).toMatchObject({ code: 'account-disabled' });
    await signInAs('night', next());
    expect((await latchkey.state()).connections.find(({ name }) => name === 'payroll')?.grants).toHaveLength(
      1,
    );
    await edit((text) => text.replace('username: night', 'username: nightly'));
    await expect.poll(kind, soon).toBe('signed-out');
    await expect(signInAs('night', codes[0])).rejects.toMatchObject({ code: 'sign-in-refused' });
    await edit((text) => text.replace('username: nightly', 'username: night'));
  });

  it('are out at once with a new password, a new authenticator, or turned off', async () => {
    const { latchkey, post } = administered;
    await signInAs('night', next());
    const password = 'quite another long password';
    await post('/v1/local-accounts/password', { username: 'night', password, code: next() });
    expect(await kind()).toBe('signed-out');
    await latchkey.signIn(ada);
    // Ada has no factor here; her sign-in of this minute stands in for it.
    await post('/v1/local-accounts/enable', { username: 'night', enabled: false });
    await latchkey.signOut();
    await expect(signInAs('night', codes[0], password)).rejects.toMatchObject({ code: 'sign-in-refused' });
    await latchkey.signIn(ada);
    await post('/v1/local-accounts/enable', { username: 'night', enabled: true });
    await latchkey.signOut();
    await signInAs('night', next(), password);
    await post('/v1/local-accounts/enrol', { username: 'night', code: next() });
    expect(await kind()).toBe('signed-out');
  });

  it('are turned on in the file alone', async () => {
    const { latchkey, post } = administered;
    await latchkey.signIn(ada);
    await post('/v1/providers/enable', { name: 'emergency', enabled: false });
    await expect(post('/v1/providers/enable', { name: 'emergency', enabled: true })).rejects.toMatchObject({
      code: 'request-refused',
    });
    expect((await latchkey.state()).providers.at(-1)).toMatchObject({ name: 'emergency', enabled: false });
    await latchkey.signOut();
    await expect(signInAs('night', '123456')).rejects.toMatchObject({ code: 'request-invalid' });
    expect((await latchkey.audit('sign-in-failed')).at(-1)).toMatchObject({ username: 'night' });
  });

  it('a lost authenticator is reset by signing in once more, not by the sign-in of the day', async () => {
    const { latchkey, post, enrol } = administered;
    await latchkey.signIn(ada);
    await enrol();
    await expect(post('/v1/mfa/reset', {})).rejects.toMatchObject({ code: 'mfa-required' });
    await latchkey.signIn(ada);
    await post('/v1/mfa/reset', {});
    expect((await latchkey.state()).accounts.at(-1)?.secondFactor?.totp.enrolled).toBe(false);
  });
});

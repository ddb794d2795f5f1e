import { expect, it } from 'vitest';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { connect, createLatchkey, refusalOf, startLogin, startWorld } from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';

const ada = 'ada@fabrikam.example';
const bruno = 'bruno@fabrikam.example';

describeWith([parts.postgres], 'several accounts of one person', () => {
  const world = useAll(startWorld);
  const latchkey = useAll(() => createLatchkey(world, { keyFile: true }));
  const { users } = fabrikam;

  const names = async (): Promise<string[]> =>
    (await latchkey.state()).accounts.map(({ account }) => account.username);
  const problemOf = async (...args: string[]) => {
    const { code, out } = await latchkey.run(...args, '--json');
    return { code, problem: (JSON.parse(out) as { problem: { code: string; message: string } }).problem };
  };

  it('are added by login, each by its name', async () => {
    for (const user of [ada, bruno]) {
      const login = await startLogin(latchkey, user);
      world.tenant.complete({ userCode: login.userCode, user });
      expect(await login.ended).toMatchObject({ code: 0 });
    }
    expect(await names()).toEqual([ada, bruno]);
    // Who is signed in already needs no page.
    expect(await latchkey.run('login', ada)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Signed in as Ada Marsh/) as string,
    });
    const { out } = await latchkey.run('status');
    expect(out).toContain('Signed in as Ada Marsh <ada@fabrikam.example> (fabrikam) until');
    expect(out).toContain(`(${bruno})`);
  });

  it('are told apart by --as, and never guessed', async () => {
    expect(await problemOf('token', 'sales')).toMatchObject({
      code: 1,
      problem: {
        code: 'account-ambiguous',
        message: `Several accounts may use "sales" so: ${ada} ("fabrikam"), ${bruno} ("fabrikam").`,
      },
    });
    const told = await latchkey.run('token', 'sales', '--as', ada, '--json');
    expect(JSON.parse(told.out)).toMatchObject({ username: ada });
    const byId = await latchkey.run('exec', 'sales', '--as', users.bruno, '--', 'printenv', 'LATCHKEY_USER');
    expect(byId).toMatchObject({ code: 0, out: `${bruno}\n` });
    expect(await problemOf('token', 'sales', '--as', 'carla@fabrikam.example')).toMatchObject({
      code: 3,
      problem: { code: 'sign-in-required', message: 'carla@fabrikam.example is not signed in to Latchkey.' },
    });
  });

  it('a handle takes the session of its own account alone', async () => {
    const { out } = await latchkey.run('saved-password', 'make', 'sales', '--as', bruno, '--json');
    const made = JSON.parse(out) as { handle: string; username: string };
    expect(made.username).toBe(bruno);
    expect((await latchkey.state()).handles).toMatchObject([{ username: bruno }]);
  });

  it('one is chosen for what names none, and looked at each time', async () => {
    expect(await latchkey.run('use', bruno)).toMatchObject({ code: 0 });
    expect((await latchkey.token('sales')).username).toBe(bruno);
    expect((await latchkey.state()).chosenAccount).toMatchObject({ objectId: users.bruno });
    const refused = await problemOf('use', 'nobody');
    expect(refused.problem.code).toBe('sign-in-required');
    expect(await latchkey.run('use', '--none')).toMatchObject({ code: 0 });
    await expect(latchkey.token('sales')).rejects.toMatchObject({ code: 'account-ambiguous' });
  });

  it('come back after a restart, each by itself', async () => {
    await latchkey.serve.stop();
    await latchkey.serve.start();
    await latchkey.until(({ accounts }) => accounts.length === 2);
  });

  it('are signed out one by one, or all', async () => {
    const [ofAda, ofBruno] = [
      await latchkey.token({ connection: 'sales', as: ada }),
      await latchkey.token({ connection: 'sales', as: bruno }),
    ];
    expect((await problemOf('logout')).problem.code).toBe('account-ambiguous');
    const out = await latchkey.run('logout', '--as', ada);
    expect(out.out).toContain(`Still signed in: ${bruno}`);
    expect(await refusalOf(connect(ofAda))).toMatchObject({ message: 'This token has been revoked.' });
    await (await connect(ofBruno)).end();
    expect(await latchkey.run('logout', '--all')).toMatchObject({ code: 0 });
    expect(await names()).toEqual([]);
    expect(await refusalOf(connect(ofBruno))).toMatchObject({ message: 'This token has been revoked.' });
  });
});

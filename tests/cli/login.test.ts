import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { enterCode } from '../../main/demo/verification-page.ts';
import { createTestAuthority } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { createLatchkey, startCommand, startLogin, startWorld } from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';

describeWith([parts.postgres], 'latchkey login', () => {
  const world = useAll(startWorld);
  const latchkey = useAll(() =>
    createLatchkey(world, {
      async configure({ providers }) {
        const [good] = providers;
        if (good === undefined) return;
        const { origin, pathname } = new URL(good.authority);
        const foreignCa = join(dirname(good.caFile), 'foreign-ca.pem');
        await writeFile(foreignCa, (await createTestAuthority()).caPem);
        providers.push(
          { ...good, name: 'nowhere', authority: `https://localhost:${await freePort()}${pathname}` },
          { ...good, name: 'no-tenant', authority: `${origin}/${randomUUID()}` },
          { ...good, name: 'no-application', applicationId: randomUUID() },
          { ...good, name: 'untrusted', caFile: foreignCa },
        );
      },
    }),
  );
  afterEach(() => latchkey.signOut());

  const lastFailure = async () => (await latchkey.audit('sign-in-failed')).at(-1);

  it('shows address and code, and waits for the person on the page', async () => {
    const login = startCommand(latchkey, 'login');
    expect(await login.firstLine).toBe('This is a local test tenant, not Microsoft.');
    const { signIn } = await latchkey.until(({ signIn }) => signIn.kind === 'code');
    const { userCode, verificationUri } = signIn as { userCode: string; verificationUri: string };
    const page = await enterCode(verificationUri, world.tenant.caPem, userCode, 'ada@fabrikam.example');
    expect(page.status).toBe(200);
    const { code, out, err } = await login.ended;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`Open ${verificationUri}\nand enter the code  ${userCode}\n`);
    expect(out).toMatch(/Signed in as Ada Marsh <ada@fabrikam\.example> until .+, with 4 groups\.\n$/);
    expect(await latchkey.run('login')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Signed in as Ada/) as string,
    });
  });

  it('prints two lines of JSON', async () => {
    const login = await startLogin(latchkey);
    world.tenant.complete({ userCode: login.userCode, user: 'ada@fabrikam.example' });
    const { code, out } = await login.ended;
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(code).toBe(0);
    expect(lines).toMatchObject([
      { event: 'code', userCode: login.userCode, verificationUri: world.tenant.verificationUri },
      { event: 'signed-in', account: { username: 'ada@fabrikam.example' } },
    ]);
    expect(lines).toHaveLength(2);
  });

  it('joins the code of a login that is waiting already', async () => {
    const first = await startLogin(latchkey);
    const second = await startLogin(latchkey);
    expect(second.userCode).toBe(first.userCode);
    world.tenant.complete({ userCode: first.userCode, user: 'ada@fabrikam.example' });
    expect(await first.ended).toMatchObject({ code: 0 });
    expect(await second.ended).toMatchObject({ code: 0 });
    expect(world.tenant.deviceCodes().filter(({ userCode }) => userCode === first.userCode)).toHaveLength(1);
  });

  it('is cancelled by Ctrl-C at once', async () => {
    const login = await startLogin(latchkey);
    const pressed = performance.now();
    login.child.kill('SIGINT');
    const { code, err, out } = await login.ended;
    expect(performance.now() - pressed).toBeLessThan(5000);
    expect(code).toBe(3);
    expect(err).toBe('latchkey: The sign-in was cancelled.\n  Start it again when you are ready.\n');
    expect(JSON.parse(out.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
      problem: { code: 'sign-in-cancelled' },
    });
    expect((await latchkey.state()).signIn.kind).toBe('signed-out');
    expect(await lastFailure()).toMatchObject({ code: 'sign-in-cancelled' });
  });

  it('signs in anew with --again, says why where that fails, and adds who comes instead', async () => {
    await latchkey.signIn('ada@fabrikam.example');
    const declined = await startLogin(latchkey, '--again');
    world.tenant.decline({ userCode: declined.userCode });
    const { code, err } = await declined.ended;
    expect(code).toBe(3);
    expect(err).toContain('latchkey: The sign-in was declined on the page.');
    expect(err).toContain('The sign-in of ada@fabrikam.example still stands.');
    const again = await startLogin(latchkey, '--again');
    world.tenant.complete({ userCode: again.userCode, user: 'bruno@fabrikam.example' });
    expect(await again.ended).toMatchObject({ code: 0 });
    expect(await latchkey.audit('session-expired')).toEqual([]);
    expect((await latchkey.state()).accounts.map(({ account }) => account.username)).toEqual([
      'ada@fabrikam.example',
      'bruno@fabrikam.example',
    ]);
  });

  describe('that fails', () => {
    it.each([
      [
        'nowhere',
        1,
        'authority-unreachable',
        /^The authority localhost:\d+ cannot be reached \(ECONNREFUSED\)\.$/,
      ],
      ['untrusted', 1, 'authority-unreachable', /^The certificate of localhost:\d+ is not trusted/],
      ['no-tenant', 1, 'tenant-unknown', /^There is no such tenant in this cloud\.$/],
      ['no-application', 1, 'application-unknown', /^The tenant has no application with this id\.$/],
    ])('at provider %s', async (provider, exitCode, problemCode, message) => {
      const { code, out, err } = await latchkey.run('login', '--provider', provider, '--json');
      expect(code).toBe(exitCode);
      const { problem } = JSON.parse(out) as {
        problem: { code: string; message: string; remedy: string; entra?: object };
      };
      expect(problem).toMatchObject({
        code: problemCode,
        message: expect.stringMatching(message) as string,
        remedy: expect.stringMatching(/^[A-Z].{20,}\.$/) as string,
      });
      expect(err).toContain(`latchkey: ${problem.message}\n  ${problem.remedy}\n`);
      expect(await lastFailure()).toMatchObject({ provider, code: problemCode });
      if (provider === 'no-tenant') expect(problem.entra).toMatchObject({ aadsts: 90002 });
      expect((await latchkey.state()).signIn).toMatchObject({
        kind: 'signed-out',
        problem: { code: problemCode },
      });
    });

    it('because the code was declined', async () => {
      const login = await startLogin(latchkey);
      world.tenant.decline({ userCode: login.userCode });
      const { code, out, err } = await login.ended;
      expect(code).toBe(3);
      expect(err).toMatch(/^latchkey: The sign-in was declined on the page\.\n {2}Start the sign-in again/);
      expect(JSON.parse(out.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
        problem: { code: 'sign-in-declined' },
      });
      expect(await lastFailure()).toMatchObject({ code: 'sign-in-declined' });
    });

    it('because the code expired', async () => {
      const login = await startLogin(latchkey);
      world.tenant.expire({ userCode: login.userCode });
      const { code, out, err } = await login.ended;
      expect(code).toBe(3);
      expect(err).toMatch(/^latchkey: The code (has )?expired.*\n {2}Start the sign-in again/);
      expect(JSON.parse(out.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
        problem: { code: 'code-expired' },
      });
      expect(await lastFailure()).toMatchObject({ code: 'code-expired' });
    });

    it('because the directory does not let the groups be read', async () => {
      const { id } = world.tenant.addFault({
        type: 'graph_error',
        endpoint: 'graph',
        status: 403,
        code: 'Authorization_RequestDenied',
      });
      const login = await startLogin(latchkey);
      world.tenant.complete({ userCode: login.userCode, user: 'ada@fabrikam.example' });
      const { code, err } = await login.ended;
      world.tenant.clearFaults({ id });
      expect(code).toBe(1);
      expect(err).toContain(
        'latchkey: The application may not read the groups of the person.\n  In the Entra admin',
      );
      expect(await lastFailure()).toMatchObject({ code: 'directory-refused' });
      expect((await latchkey.state()).signIn.kind).toBe('signed-out');
    });

    it('for an unknown provider', async () => {
      const { code, out, err } = await latchkey.run('login', '--provider', 'contoso', '--json');
      expect(code).toBe(2);
      expect(JSON.parse(out)).toMatchObject({ problem: { code: 'request-invalid' } });
      expect(err).toMatch(
        /^latchkey: There is no provider "contoso"[^]*: fabrikam, nowhere, no-tenant, no-application, untrusted\.\n$/,
      );
    });
  });

  it('of a person without any group succeeds and gives nothing', async () => {
    const id = randomUUID();
    world.tenant.putUser({
      user: { id, userPrincipalName: 'greta@fabrikam.example', displayName: 'Greta', password: 'x' },
    });
    const login = await startLogin(latchkey);
    world.tenant.complete({ userCode: login.userCode, user: 'greta@fabrikam.example' });
    expect(await login.ended).toMatchObject({ code: 0 });
    expect((await latchkey.run('connections')).out).toMatch(
      /sales +127\.0\.0\.1:\d+ +no access\n +payroll +\S+ +no access\n$/,
    );
    const { code, err } = await latchkey.run('token', 'sales');
    expect(code).toBe(4);
    expect(err).toMatch(/^latchkey: No group of greta@fabrikam\.example gives access to "sales"\.\n {2}Ask/);
    expect((await latchkey.audit('token-refused')).at(-1)).toMatchObject({
      code: 'not-allowed',
      connection: 'sales',
    });
  });
});

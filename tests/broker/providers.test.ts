import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Explanation } from '../../main/contract/explanation.ts';
import type { Check } from '../../main/contract/shapes.ts';
import type { ApiState } from '../../main/contract/api-state.ts';

import type { Ran } from '../../main/demo/command-line.ts';
import { fabrikam, tailspin } from '../../main/demo/tenant/organisation.ts';
import {
  connect,
  createLatchkey,
  soon,
  startCommand,
  startWorld,
  storePasswords,
  type Latchkey,
  writeKeyFile,
} from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';

const ada = 'ada@fabrikam.example';
const secret = 'sample-application-secret';

describeWith([parts.postgres], 'providers and the chain', () => {
  let latchkey: Latchkey;
  let folder: string;

  const json = <T>({ out }: Ran): T => JSON.parse(out) as T;
  const withInput = (input: string, ...args: string[]): Promise<Ran> => latchkey.commandLine.run(args, input);
  const providers = async (): Promise<ApiState['providers']> =>
    json<Pick<ApiState, 'providers'>>(await latchkey.run('provider', 'list', '--json')).providers;

  const world = useAll(startWorld);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lk-providers-'));
    const keyFile = await writeKeyFile(folder);
    // Stands for the system's browser: writes down what it was asked to open.
    await writeFile(join(folder, 'xdg-open'), `#!/bin/sh\nprintf '%s' "$1" > '${folder}/opened'\n`);
    await chmod(join(folder, 'xdg-open'), 0o755);
    latchkey = await createLatchkey(world, {
      started: false,
      configure: ({ providers: [provider] }) => {
        Object.assign(provider ?? {}, { domains: ['fabrikam.example'] });
      },
    });
    latchkey.commandLine.env['PATH'] = `${folder}:${latchkey.commandLine.env['PATH'] ?? ''}`;
    latchkey.commandLine.env['LATCHKEY_KEY_FILE'] = keyFile;
    await latchkey.serve.start();
    await storePasswords(latchkey, world);
  });
  afterEach(() => latchkey.signOut());
  afterAll(async () => {
    await latchkey.close();
    await rm(folder, { recursive: true });
  });

  it('are listed with what they are set to, and never with a secret', async () => {
    expect(await providers()).toEqual([
      {
        name: 'fabrikam',
        type: 'azure-directory',
        enabled: true,
        tenant: fabrikam.tenantId,
        applicationId: world.tenant.clientId,
        domains: ['fabrikam.example'],
        ways: ['device-code', 'browser'],
        hasSecret: false,
      },
    ]);
  });

  it('are added, changed, turned off and on, and removed on the command line; the file keeps its comments', async () => {
    await latchkey.signIn(ada);
    await writeFile(latchkey.config, `# ours\n${await readFile(latchkey.config, 'utf8')}`);
    const [, other] = world.tenant.authorities;
    const added = await latchkey.run(
      'provider',
      'add',
      'tailspin',
      '--cloud',
      'local',
      '--authority',
      other?.authority ?? '',
      '--application-id',
      tailspin.clientId,
      '--resource',
      world.tenant.graph,
      '--domain',
      'tailspin.example',
    );
    // Only cloud "local" needs a CA file, which has no option: it is for tests.
    expect(added.code).toBe(2);
    expect(added.err).toContain('caFile');
    await writeFile(
      latchkey.config,
      (await readFile(latchkey.config, 'utf8')).replace(
        /\nsession:/,
        `\n  - name: tailspin\n    type: azure-directory\n    cloud: local\n    authority: ${other?.authority}\n    applicationId: ${tailspin.clientId}\n    resource: ${world.tenant.graph}\n    caFile: ${world.tenant.caFile}\nsession:`,
      ),
    );
    expect(
      (await latchkey.run('provider', 'update', 'fabrikam', '--sign-in', 'browser,device-code')).code,
    ).toBe(0);
    expect((await providers()).map(({ name, ways }) => [name, ways[0]])).toEqual([
      ['fabrikam', 'browser'],
      ['tailspin', 'device-code'],
    ]);
    expect(
      (await latchkey.run('provider', 'update', 'fabrikam', '--sign-in', 'device-code,browser')).code,
    ).toBe(0);
    expect((await latchkey.run('provider', 'update', 'tailspin', '--domain', 'tailspin.example')).code).toBe(
      0,
    );
    expect((await latchkey.run('provider', 'disable', 'tailspin')).code).toBe(0);
    expect((await providers())[1]?.enabled).toBe(false);
    expect((await latchkey.run('provider', 'enable', 'tailspin')).code).toBe(0);
    expect(await readFile(latchkey.config, 'utf8')).toContain('# ours');
    expect((await latchkey.run('provider', 'update', 'nobody', '--sign-in', 'browser')).err).toContain(
      'no provider "nobody"',
    );
    expect((await latchkey.run('provider', 'update', 'fabrikam', '--sign-in', 'pigeon')).err).toContain(
      'signIn',
    );
    expect(await latchkey.audit('provider-changed')).not.toHaveLength(0);
  });

  it('are found by the sign-in name; the end of the chain denies', async () => {
    const login = startCommand(latchkey, 'login', 'ines@tailspin.example', '--json');
    const { userCode } = JSON.parse(await login.firstLine) as { userCode: string };
    expect((await latchkey.state()).signIn).toMatchObject({ kind: 'code', provider: 'tailspin' });
    world.tenant.complete({ userCode, user: 'ines@tailspin.example' });
    expect((await login.ended).code).toBe(0);
    await latchkey.signOut();
    const denied = await latchkey.run('login', 'eve@elsewhere.example');
    expect(denied).toMatchObject({ code: 1 });
    expect(denied.err).toContain('No provider of the authentication chain');
  });

  it('let nobody in but the person who was named', async () => {
    const login = startCommand(latchkey, 'login', ada, '--json');
    const { userCode } = JSON.parse(await login.firstLine) as { userCode: string };
    world.tenant.complete({ userCode, user: 'bruno@fabrikam.example' });
    const { code, err } = await login.ended;
    expect(code).not.toBe(0);
    expect(err).toContain('bruno@fabrikam.example');
    expect((await latchkey.state()).signIn.kind).toBe('signed-out');
  });

  it('offer the browser, with the reason, where a policy blocks the code; the code is not tried again', async () => {
    const { id: policyId } = world.tenant.putPolicy({
      policy: { displayName: 'no codes', effect: 'block', flows: ['device_code'] },
    });
    world.tenant.clearRequests();
    const login = startCommand(latchkey, 'login', '--json');
    const { userCode } = JSON.parse(await login.firstLine) as { userCode: string };
    world.tenant.complete({ userCode, user: ada });
    const { code, err } = await login.ended;
    expect(code).toBe(3);
    expect(err).toContain('latchkey login --provider fabrikam --browser');
    const { signIn } = await latchkey.state();
    expect(signIn).toMatchObject({
      kind: 'signed-out',
      problem: { entra: { aadsts: 53003 } },
      otherWay: { provider: 'fabrikam', way: 'browser' },
    });
    world.tenant.removePolicy({ policyId });
  });

  it('open the browser for the other way in', async () => {
    const login = startCommand(latchkey, 'login', '--browser', '--json');
    expect(JSON.parse(await login.firstLine)).toMatchObject({ event: 'browser' });
    // The command tells of the browser before whatever opens it has run.
    const address = () => readFile(join(folder, 'opened'), 'utf8').catch(() => '');
    await expect.poll(address, soon).toMatch(/^https:/);
    const opened = new URL(await address());
    expect(opened.origin).toBe(new URL(world.tenant.authority).origin);
    expect(opened.searchParams.get('code_challenge_method')).toBe('S256');
    expect((await latchkey.state()).signIn.kind).toBe('browser');
    login.child.kill('SIGINT');
    expect((await login.ended).code).toBe(3);
  });

  it('keep the application secret sealed, and read the groups of others with it', async () => {
    expect(json<Explanation>(await latchkey.run('explain', `${ada}@sales`, '--json'))).toMatchObject({
      allowed: false,
    });
    expect((await withInput(`${secret}\n`, 'provider', 'secret', 'fabrikam')).code).toBe(0);
    expect((await providers())[0]?.hasSecret).toBe(true);
    const explained = json<Explanation>(await latchkey.run('explain', `${ada}@sales`, '--json'));
    expect(explained).toMatchObject({ allowed: false, roles: ['sales_readonly'] });
    expect(explained.reasons.find(({ step }) => step === 'groups')?.text).toContain('application secret');
    // With User.Read alone a person sees ids; the application's permissions give them their names.
    world.tenant.updateApplication({
      clientId: world.tenant.clientId,
      change: { consentedScopes: ['User.Read'], userConsentAllowed: false },
    });
    await latchkey.signIn(ada);
    const { signIn } = await latchkey.state();
    expect(signIn.kind === 'signed-in' && signIn.groups.map(({ name }) => name)).toContain('Data Analysts');
    world.tenant.updateApplication({
      clientId: world.tenant.clientId,
      change: {
        consentedScopes: ['User.Read', 'GroupMember.Read.All', 'User.ReadBasic.All'],
        userConsentAllowed: true,
      },
    });
    expect((await latchkey.run('provider', 'secret', 'fabrikam', '--delete')).code).toBe(0);
    expect((await providers())[0]?.hasSecret).toBe(false);
  });

  it('tell when the secret runs out, where the application may read that', async () => {
    const change = (wanted: { applicationPermissions?: string[]; secrets?: string[]; secretsEnd?: string }) =>
      world.tenant.updateApplication({ clientId: world.tenant.clientId, change: wanted });
    const permissions = ['GroupMember.Read.All', 'User.Read.All'];
    const end = async () => (await providers())[0]?.secretEnd;
    const store = (value: string) => withInput(`${value}\n`, 'provider', 'secret', 'fabrikam');
    const soonAt = new Date(Date.now() + 12.5 * 24 * 3600_000).toISOString();
    change({ applicationPermissions: permissions, secretsEnd: soonAt });
    expect((await store(secret)).code).toBe(0);
    await latchkey.signIn(ada);
    expect(await end()).toBeUndefined();
    expect((await latchkey.run('provider', 'secret', 'fabrikam', '--delete')).code).toBe(0);
    // Another secret, since a token for the first one knows nothing of the new permission.
    const next = 'other-application-secret';
    change({ applicationPermissions: [...permissions, 'Application.Read.All'], secrets: [secret, next] });
    expect((await store(next)).code).toBe(0);
    await expect.poll(end, soon).toEqual({ what: 'secret', at: soonAt });
    const { out } = await latchkey.run('status');
    expect(out).toMatch(
      /Provider fabrikam: The secret runs out in 12 days, on [\d-]+\. .*latchkey provider secret fabrikam/,
    );
    expect((await latchkey.run('provider', 'list')).out).toContain(
      `with secret until ${soonAt.slice(0, 10)}`,
    );
    expect((await latchkey.run('provider', 'secret', 'fabrikam', '--delete')).code).toBe(0);
    await expect.poll(end, soon).toBeUndefined();
    change({ applicationPermissions: permissions, secrets: [secret], secretsEnd: '2299-12-31T00:00:00Z' });
  });

  it('explain each step, group and rule that allowed or denied', async () => {
    await latchkey.signIn(ada);
    const ran = await latchkey.run('explain', `${ada}@sales`);
    expect(ran.code).toBe(0);
    for (const part of ['fabrikam: mine', 'signed in until', 'Data Analysts', 'sales_readonly', 'allowed'])
      expect(ran.out).toContain(part);
    const denied = await latchkey.run('explain', `${ada}@payroll`);
    expect(denied.code).toBe(4);
    expect(denied.out).toContain('None of the groups opens this connection');
    expect((await latchkey.run('explain', 'eve@elsewhere.example@sales')).out).toContain(
      'the end of the chain denies',
    );
  });

  it('are checked by the doctor, who says what to click', async () => {
    await latchkey.signIn(ada);
    const { checks } = json<{ checks: Check[] }>(await latchkey.run('doctor', '--json'));
    expect(checks.filter(({ result }) => result === 'failed')).toEqual([]);
    for (const name of [
      'fabrikam: authority',
      'fabrikam: application',
      'fabrikam: graph',
      'fabrikam: User.Read',
      'connection sales',
      'keyring',
      'audit',
    ]) {
      expect(checks.find((check) => check.name === name)?.result, name).toBe('ok');
    }
    const groups = () => latchkey.run('provider', 'validate', 'fabrikam');
    expect((await groups()).out).toMatch(/ok +fabrikam: groups of rules:/);
    const written = await readFile(latchkey.config, 'utf8');
    const mistyped = fabrikam.groups.finance.replace(/.$/, 'f');
    const other = written.replaceAll(fabrikam.groups.finance, mistyped);
    await writeFile(latchkey.config, other);
    await latchkey.run('config', 'reload');
    // It may be one of the other tenant.
    expect((await groups()).out).toMatch(/ok +fabrikam: groups of rules:/);
    await writeFile(
      latchkey.config,
      other.replace(/enabled: true(\n +domains: \[tailspin)/, 'enabled: false$1'),
    );
    await latchkey.run('config', 'reload');
    expect((await groups()).out).toContain(
      `fabrikam: groups of rules ${mistyped}: A rule of "payroll" names it, and the tenant has no such group`,
    );
    await writeFile(latchkey.config, written);
    await latchkey.run('config', 'reload');
    world.tenant.updateApplication({
      clientId: world.tenant.clientId,
      change: { consentedScopes: ['User.Read'], userConsentAllowed: false },
    });
    await latchkey.signOut();
    await latchkey.signIn(ada);
    const ran = await latchkey.run('provider', 'validate', 'fabrikam');
    expect(ran.out).toMatch(/GroupMember\.Read\.All: Not granted/);
    expect(ran.out).toContain('Grant admin consent');
    world.tenant.updateApplication({
      clientId: world.tenant.clientId,
      change: { consentedScopes: ['User.Read', 'GroupMember.Read.All', 'User.ReadBasic.All'] },
    });
  });

  it('that are turned off end the session of whoever is signed in with them', async () => {
    await latchkey.signIn(ada);
    const client = await connect(await latchkey.token('sales'));
    const cut = expect(client.query('select pg_sleep(60)')).rejects.toThrow();
    expect((await latchkey.run('provider', 'disable', 'fabrikam')).code).toBe(0);
    await cut;
    expect((await latchkey.state()).signIn.kind).toBe('signed-out');
    // Nobody can sign in to turn it on again: that takes the file, and a start.
    expect((await latchkey.run('provider', 'enable', 'fabrikam')).code).toBe(3);
    await latchkey.serve.stop();
    const text = await readFile(latchkey.config, 'utf8');
    await writeFile(latchkey.config, text.replaceAll('enabled: false', 'enabled: true'));
    await latchkey.serve.start();
  });

  it('leave no secret in any file of the home, nor in the log', async () => {
    const { execFileSync } = await import('node:child_process');
    for (const canary of [secret]) {
      const found = execFileSync(
        'sh',
        ['-c', `grep -rlF -e "$1" "$2" || true`, 'sh', canary, latchkey.home],
        { encoding: 'utf8' },
      );
      expect(found).toBe('');
      expect(latchkey.serve.log()).not.toContain(canary);
    }
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { TOTP } from 'otpauth';
import type { Client as PgClient } from 'pg';
import { beforeAll, expect, it } from 'vitest';
import type { Enrolment } from '../../main/contract/shapes.ts';
import type { AppState } from '../../main/contract/state.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import {
  connect,
  createLatchkey,
  refusalOf,
  startCommand,
  startWorld,
  type TestConfiguration,
} from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';

const ada = 'ada@fabrikam.example';

/** `sales` asks at each login, `payroll` once for each sign-in; analysts may use both. */
function askForFactors(configuration: TestConfiguration): void {
  const [sales, payroll] = configuration.connections;
  for (const rule of sales?.rules ?? []) Object.assign(rule, { mfa: 'login' });
  for (const rule of payroll?.rules ?? [])
    Object.assign(rule, { mfa: 'session', group: fabrikam.groups.dataAnalysts });
  Object.assign(configuration, { mfa: { cache: '0s' }, hold: { programs: { hurried: '5s' } } });
}

const hasPrompt = ({ prompts }: AppState): boolean => prompts.length > 0;

describeWith([parts.postgres], 'the second factor at a login', () => {
  const world = useAll(startWorld);
  const latchkey = useAll(() => createLatchkey(world, { configure: askForFactors, keyFile: true }));
  let authenticator: TOTP;
  let recoveryCodes: string[];
  let lastStep = 0;

  /** A code that has not been used yet: each step counts once, so the next one is waited for. */
  async function freshCode(): Promise<string> {
    const step = (): number => Math.floor(Date.now() / 30_000);
    // One step ahead is within the drift that is accepted.
    const usable = Math.max(lastStep + 1, step());
    while (usable > step() + 1) await sleep(500);
    lastStep = usable;
    return authenticator.generate({ timestamp: usable * 30_000 });
  }

  async function answer(code: string): Promise<void> {
    await (await latchkey.client()).post('/v1/mfa/answer', { code });
  }

  beforeAll(() => latchkey.signIn(ada));

  it('that has not been set up is told with what to do', async () => {
    const error = await refusalOf(connect(await latchkey.token('sales')));
    expect(error).toMatchObject({
      sqlState: '28000',
      message: '"sales" needs a second factor, and you have none yet.',
    });
    expect(error.hint).toContain('latchkey mfa enrol');
    expect((await latchkey.state()).accounts[0]?.secondFactor).toMatchObject({
      needed: true,
      totp: { enrolled: false },
    });
  });

  it('is set up on the command line: key, first code, recovery codes', async () => {
    const enrol = startCommand(latchkey, 'mfa', 'enrol', '--json');
    const { uri } = JSON.parse(await enrol.firstLine) as Enrolment;
    expect(uri).toMatch(/^otpauth:\/\/totp\//);
    const secret = new URL(uri).searchParams.get('secret') ?? '';
    authenticator = new TOTP({ secret });
    enrol.child.stdin?.end(`${await freshCode()}\n`);
    const { code, out } = await enrol.ended;
    expect(code).toBe(0);
    ({ recoveryCodes } = JSON.parse(out.trim().split('\n').at(-1) ?? '') as { recoveryCodes: string[] });
    expect(recoveryCodes).toHaveLength(10);
    const { secondFactor } = (await latchkey.state()).accounts[0] ?? {};
    expect(secondFactor).toMatchObject({ totp: { enrolled: true, recoveryCodesLeft: 10 } });
    expect(JSON.stringify(await latchkey.state())).not.toContain(secret);
    expect(await latchkey.audit('mfa-enrolled')).toHaveLength(1);
  });

  it('holds the login until the prompt has been answered, and names who asks', async () => {
    const login = connect(await latchkey.token('sales'));
    const { prompts } = await latchkey.until(hasPrompt);
    expect(prompts).toMatchObject([
      {
        connection: 'sales',
        database: 'sales',
        role: 'sales_readonly',
        program: 'latchkey-test',
        waiting: 1,
        methods: ['totp'],
      },
    ]);
    await answer(await freshCode());
    const client = await login;
    expect((await client.query('select current_user')).rows).toEqual([{ current_user: 'sales_readonly' }]);
    await client.end();
    expect((await latchkey.state()).prompts).toEqual([]);
    expect(await latchkey.audit('mfa-accepted')).toMatchObject([{ method: 'totp', connection: 'sales' }]);
  });

  it('shows one prompt for 50 logins, and one answer lets all of them in', async () => {
    const token = await latchkey.token('sales');
    const logins = Array.from({ length: 50 }, () => connect(token));
    await latchkey.until(({ prompts }) => prompts[0]?.waiting === 50);
    expect((await latchkey.state()).prompts).toHaveLength(1);
    await answer(recoveryCodes[0] ?? '');
    const clients: PgClient[] = await Promise.all(logins);
    await Promise.all(clients.map((client) => client.end()));
    expect((await latchkey.state()).accounts[0]?.secondFactor?.totp.recoveryCodesLeft).toBe(9);
  });

  it('refuses a wrong code, a used one and a used recovery code, and leaves the prompt open', async () => {
    const login = connect(await latchkey.token('sales'));
    await latchkey.until(hasPrompt);
    const used = authenticator.generate({ timestamp: lastStep * 30_000 });
    for (const code of ['000000', used, recoveryCodes[0] ?? '']) {
      await expect(answer(code)).rejects.toMatchObject({ code: 'mfa-wrong' });
    }
    expect((await latchkey.state()).prompts).toHaveLength(1);
    await answer(recoveryCodes[1] ?? '');
    await (await login).end();
    expect((await latchkey.audit('mfa-refused')).length).toBeGreaterThanOrEqual(3);
  });

  it('that nobody gives in time ends in a sentence, and counts for the next login', async () => {
    const token = await latchkey.token('sales');
    const error = await refusalOf(connect(token, { application_name: 'hurried' }));
    expect(error).toMatchObject({ sqlState: '28000' });
    expect(error.message).toContain('nobody has answered');
    expect(error.hint).toContain('latchkey mfa answer');
    const { prompts } = await latchkey.state();
    expect(prompts).toMatchObject([{ waiting: 0 }]);
    await answer(recoveryCodes[2] ?? '');
    await (await connect(token)).end();
  });

  it('is asked once for each sign-in where the rule says so', async () => {
    const first = connect(await latchkey.token('payroll'));
    await latchkey.until(hasPrompt);
    await answer(recoveryCodes[3] ?? '');
    await (await first).end();
    await (await connect(await latchkey.token('payroll'))).end();
    // Without a sign-out between: the session goes on, and what was answered before does not.
    await latchkey.signIn(ada);
    const again = connect(await latchkey.token('payroll'));
    await latchkey.until(hasPrompt);
    await answer(recoveryCodes[4] ?? '');
    await (await again).end();
  });

  it('can be denied, which refuses the logins that wait', async () => {
    const refused = refusalOf(connect(await latchkey.token('sales')));
    await latchkey.until(hasPrompt);
    expect((await latchkey.run('mfa', 'deny')).code).toBe(0);
    expect(await refused).toMatchObject({
      sqlState: '28000',
      message: expect.stringContaining('denied') as string,
    });
  });

  it('ends with the sign-in: a prompt does not outlive the session', async () => {
    const refused = refusalOf(connect(await latchkey.token('sales')));
    await latchkey.until(hasPrompt);
    await latchkey.signOut();
    expect(await refused).toMatchObject({ sqlState: '28000' });
    expect((await latchkey.state()).prompts).toEqual([]);
    await latchkey.signIn(ada);
  });

  it('stays set up over a restart, and the codes that were used stay used', async () => {
    await latchkey.serve.stop('SIGKILL');
    await latchkey.serve.start();
    await latchkey.until(({ signIn }) => signIn.kind === 'signed-in');
    expect((await latchkey.state()).accounts[0]?.secondFactor).toMatchObject({
      totp: { enrolled: true, recoveryCodesLeft: 5 },
    });
    const login = connect(await latchkey.token('sales'));
    await latchkey.until(hasPrompt);
    await expect(answer(recoveryCodes[4] ?? '')).rejects.toMatchObject({ code: 'mfa-wrong' });
    await answer(recoveryCodes[5] ?? '');
    await (await login).end();
  });

  it('is locked after ten wrong codes, which are on record', async () => {
    const refused = refusalOf(connect(await latchkey.token('sales')));
    await latchkey.until(hasPrompt);
    for (let count = 0; count < 10; count++)
      await answer(String(count).padStart(6, '0')).catch(() => undefined);
    await expect(answer(recoveryCodes[6] ?? '')).rejects.toMatchObject({ code: 'mfa-locked' });
    expect((await latchkey.state()).accounts[0]?.secondFactor?.totp.lockedUntil).toBeDefined();
    expect((await latchkey.run('mfa', 'status')).out).toContain('Locked until');
    await refused;
  });
});

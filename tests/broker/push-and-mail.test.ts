import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TOTP } from 'otpauth';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Enrolment } from '../../main/contract/shapes.ts';
import type { AppState, MfaPrompt } from '../../main/contract/state.ts';
import { parseMessage, partOf } from '../mail/mail-message.ts';
import { startMailServer, type MailServer } from '../mail/mail-server.ts';
import { startNtfyServer, type NtfyServer } from '../second-factor/ntfy-server.ts';
import { createPhone, type Phone } from '../second-factor/push-phone.ts';
import {
  connect,
  createLatchkey,
  refusalOf,
  soon,
  startCommand,
  startWorld,
  storeFirst,
  type Latchkey,
  writeKeyFile,
} from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';

const ada = 'ada@fabrikam.example';
const relay = 'https://codes.fabrikam.example/relay.html';
/** The prompt whose number the phone shows, once there is one. */
const ringing = ({ prompts }: AppState) =>
  prompts.find((prompt) => prompt.kind === 'second-factor' && prompt.pushNumber !== undefined) as
    MfaPrompt | undefined;
const hasPrompt = ({ prompts }: AppState): boolean => prompts.length > 0;

describeWith([parts.postgres], 'phone and mail, with a stand-in for ntfy and a real SMTP server', () => {
  let latchkey: Latchkey;
  let folder: string;
  let ntfy: NtfyServer;
  let mail: MailServer;
  let phone: Phone;

  const post = async <T = object>(path: string, body: object): Promise<T> =>
    (await (await latchkey.client()).post(path, body)) as T;

  const world = useAll(startWorld);
  beforeAll(async () => {
    ntfy = await startNtfyServer();
    mail = await startMailServer();
    folder = await mkdtemp(join(tmpdir(), 'lk-phone-'));
    const keyFile = await writeKeyFile(folder);
    await writeFile(join(folder, 'mail-ca.pem'), mail.authority.caPem);
    latchkey = await createLatchkey(world, {
      args: ['--key-file', keyFile],
      configure(configuration) {
        for (const rule of configuration.connections[0]?.rules ?? []) Object.assign(rule, { mfa: 'login' });
        Object.assign(configuration.providers[0] ?? {}, {
          domains: ['fabrikam.example'],
          mailCodes: true,
          redirectService: relay,
        });
        Object.assign(configuration, {
          mfa: { cache: '0s', methods: ['push', 'totp'], pushServer: ntfy.origin },
          hold: { postgresql: '10s' },
          mail: {
            host: 'localhost',
            port: mail.port,
            security: 'starttls',
            caFile: join(folder, 'mail-ca.pem'),
            user: 'latchkey',
            password: { stored: 'smtp' },
            from: 'latchkey@fabrikam.example',
            recipients: [ada.toUpperCase(), 'chiara@fabrikam.example'],
          },
        });
      },
    });
    await storeFirst(latchkey, 'smtp', 'mail-secret');
  });
  afterAll(async () => {
    await latchkey.close();
    await Promise.all([ntfy.close(), mail.close()]);
    await rm(folder, { recursive: true });
  });

  it('mails the code to the sign-in name, with a link that keeps it from the relay, and the sign-in goes on', async () => {
    const login = startCommand(latchkey, 'login', ada, '--mail', '--json');
    const { userCode } = JSON.parse(await login.firstLine) as { userCode: string };
    while (mail.mails.length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    const [received] = mail.mails;
    expect(received).toMatchObject({ to: [ada], from: 'latchkey@fabrikam.example', secure: true });
    const text = partOf(parseMessage(received?.raw ?? ''), 'text/plain');
    expect(text).toContain(userCode);
    const link = new URL(/https:\/\/codes\S+/.exec(text)?.[0] ?? '');
    expect(link.origin + link.pathname).toBe(relay);
    expect(link.search).toBe('');
    expect(link.hash).toContain(userCode);
    world.tenant.complete({ userCode, user: ada });
    expect((await login.ended).code).toBe(0);
    expect(await latchkey.audit('code-mailed')).toMatchObject([{ to: ada }]);
  });

  it('mails to nobody outside the domains, and ends the sign-in where the mail server says no', async () => {
    await expect(
      post('/v1/sign-in', { username: 'eve@elsewhere.example', provider: 'fabrikam', mail: true }),
    ).rejects.toMatchObject({ code: 'request-invalid' });
    await expect(post('/v1/sign-in', { mail: true })).rejects.toMatchObject({ code: 'request-invalid' });
    await post('/v1/secrets', { name: 'smtp', value: 'wrong' });
    await latchkey.signOut();
    const login = await latchkey.run('login', ada, '--mail', '--json');
    expect(login.code).not.toBe(0);
    expect(login.out).toContain('mail-failed');
    expect((await latchkey.state()).signIn).toMatchObject({
      kind: 'signed-out',
      problem: { code: 'mail-failed' },
    });
    await latchkey.signIn(ada);
  });

  it('lets no request with another name join the sign-in that waits', async () => {
    await post('/v1/secrets', { name: 'smtp', value: 'mail-secret' });
    await latchkey.signOut();
    const before = mail.mails.length;
    await post('/v1/sign-in', { username: ada, mail: true });
    const { signIn } = await latchkey.until(({ signIn }) => signIn.kind === 'code');
    for (const mail of [true, false])
      await expect(post('/v1/sign-in', { username: 'chiara@fabrikam.example', mail })).rejects.toMatchObject({
        code: 'sign-in-busy',
      });
    const login = await latchkey.run('login', 'chiara@fabrikam.example', '--mail');
    expect(login.code).not.toBe(0);
    expect(login.err).toContain(`Another sign-in, with "${ada}", is waiting.`);
    expect((await latchkey.state()).signIn).toEqual(signIn);
    // Without a name it is joined, and shows the code on the screen.
    await post('/v1/sign-in', {});
    await expect.poll(() => mail.mails.slice(before).map(({ to }) => to), soon).toEqual([[ada]]);
    await post('/v1/sign-in/cancel', {});
    await latchkey.until(({ signIn }) => signIn.kind === 'signed-out');
    await latchkey.signIn(ada);
  });

  it('enrols a phone by trying it once', async () => {
    const invited = await post<Enrolment>('/v1/mfa/push/enrol', {});
    phone = createPhone(ntfy.origin, invited.key);
    const confirmed = post('/v1/mfa/push/confirm', {});
    const { accounts } = await latchkey.until(
      (state) => state.accounts[0]?.secondFactor?.push.testNumber !== undefined,
    );
    await phone.tap(await phone.nextRequest(), accounts[0]?.secondFactor?.push.testNumber ?? '');
    await confirmed;
    expect((await latchkey.state()).accounts[0]?.secondFactor).toMatchObject({
      push: { available: true, enrolled: true },
    });
    expect(await latchkey.audit('mfa-enrolled')).toMatchObject([{ method: 'push' }]);
  });

  it('lets the login in when the number on the screen is chosen on the phone, which is told what asks', async () => {
    const login = connect(await latchkey.token('sales'));
    const { prompts } = await latchkey.until(hasPrompt);
    expect(prompts).toMatchObject([{ kind: 'second-factor', methods: ['push'] }]);
    const asked = post('/v1/mfa/ask-phone', {});
    const prompt = ringing(await latchkey.until((state) => ringing(state) !== undefined));
    const request = await phone.nextRequest();
    for (const part of ['latchkey-test', 'sales', 'sales_readonly']) expect(request.message).toContain(part);
    await phone.tap(request, prompt?.pushNumber ?? '');
    await asked;
    await (await login).end();
    expect(await latchkey.audit('mfa-accepted')).toMatchObject([{ method: 'push', connection: 'sales' }]);
  });

  it('refuses the login when another number is chosen', async () => {
    const refused = refusalOf(connect(await latchkey.token('sales')));
    await latchkey.until(hasPrompt);
    const asked = post('/v1/mfa/ask-phone', {}).catch((error: { code: string }) => error.code);
    const prompt = ringing(await latchkey.until((state) => ringing(state) !== undefined));
    const request = await phone.nextRequest();
    const wrong = request.actions?.find(({ label }) => label !== prompt?.pushNumber)?.label;
    await phone.tap(request, wrong ?? '');
    expect(await asked).toBe('mfa-denied');
    expect(await refused).toMatchObject({ sqlState: '28000' });
  });

  it('says in the prompt why the phone cannot be asked, and takes a code instead', async () => {
    // An authenticator beside the phone takes the phone.
    const enrolled = post<Enrolment>('/v1/mfa/totp/enrol', { phone: true });
    const { accounts } = await latchkey.until(
      (state) => state.accounts[0]?.secondFactor?.push.testNumber !== undefined,
    );
    await phone.tap(await phone.nextRequest(), accounts[0]?.secondFactor?.push.testNumber ?? '');
    const { uri } = await enrolled;
    const authenticator = new TOTP({ secret: new URL(uri).searchParams.get('secret') ?? '' });
    const { recoveryCodes } = await post<{ recoveryCodes: string[] }>('/v1/mfa/totp/confirm', {
      code: authenticator.generate(),
    });
    await ntfy.pause();
    const login = connect(await latchkey.token('sales'));
    await latchkey.until(hasPrompt);
    await expect(post('/v1/mfa/ask-phone', {})).rejects.toMatchObject({ code: 'push-failed' });
    expect((await latchkey.state()).prompts).toMatchObject([{ pushProblem: { code: 'push-failed' } }]);
    await post('/v1/mfa/answer', { code: recoveryCodes[0] });
    await (await login).end();
    await ntfy.resume();
  });

  it('asks for a code before a phone is changed, once there is an authenticator', async () => {
    await expect(post('/v1/mfa/push/enrol', {})).rejects.toMatchObject({ code: 'mfa-required' });
    await expect(post('/v1/mfa/push/remove', {})).rejects.toMatchObject({ code: 'mfa-required' });
    expect((await latchkey.state()).accounts[0]?.secondFactor?.push.enrolled).toBe(true);
  });
});

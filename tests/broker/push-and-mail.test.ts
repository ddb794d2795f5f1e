import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TOTP } from 'otpauth';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Enrolment } from '../../main/contract/ipc.ts';
import type { AppState, MfaPrompt } from '../../main/contract/state.ts';
import { parseMessage, partOf } from '../mfa/mail-message.ts';
import { startMailServer, type MailServer } from '../mfa/mail-server.ts';
import { startNtfyServer, type NtfyServer } from '../mfa/ntfy-server.ts';
import { createPhone, type Phone } from '../mfa/push-phone.ts';
import {
  connect,
  createLatchkey,
  refusalOf,
  startCommand,
  startWorld,
  type Latchkey,
  type World,
} from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';

const ada = 'ada@fabrikam.example';
const relay = 'https://codes.fabrikam.example/relay.html';
/** The prompt whose number the phone shows, once there is one. */
const ringing = ({ prompts }: AppState) =>
  prompts.find((prompt) => prompt.kind === 'second-factor' && prompt.pushNumber !== undefined) as
    MfaPrompt | undefined;
const hasPrompt = ({ prompts }: AppState): boolean => prompts.length > 0;

describeWith([parts.postgres], 'phone and mail, with a stand-in for ntfy and a real SMTP server', () => {
  let world: World;
  let latchkey: Latchkey;
  let folder: string;
  let ntfy: NtfyServer;
  let mail: MailServer;
  let phone: Phone;

  const post = async <T = object>(path: string, body: object): Promise<T> =>
    (await (await latchkey.client()).post(path, body)) as T;

  beforeAll(async () => {
    world = await startWorld();
    ntfy = await startNtfyServer();
    mail = await startMailServer();
    folder = await mkdtemp(join(tmpdir(), 'lk-phone-'));
    const keyFile = join(folder, 'key');
    await writeFile(keyFile, randomBytes(32).toString('base64'), { mode: 0o600 });
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
          },
        });
      },
    });
    await post('/v1/secrets', { name: 'smtp', value: 'mail-secret' });
  });
  afterAll(async () => {
    await latchkey.close();
    await Promise.all([world.close(), ntfy.close(), mail.close()]);
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
    await latchkey.signOut();
    await post('/v1/secrets', { name: 'smtp', value: 'wrong' });
    const login = await latchkey.run('login', ada, '--mail', '--json');
    expect(login.code).not.toBe(0);
    expect(login.out).toContain('mail-failed');
    expect((await latchkey.state()).signIn).toMatchObject({
      kind: 'signed-out',
      problem: { code: 'mail-failed' },
    });
    await latchkey.signIn(ada);
  });

  it('enrols a phone by trying it once', async () => {
    const invited = await post<Enrolment>('/v1/mfa/push/enrol', {});
    phone = createPhone(ntfy.origin, invited.key);
    const confirmed = post('/v1/mfa/push/confirm', {});
    const { secondFactor } = await latchkey.until(
      (state) => state.secondFactor?.push.testNumber !== undefined,
    );
    await phone.tap(await phone.nextRequest(), secondFactor?.push.testNumber ?? '');
    await confirmed;
    expect((await latchkey.state()).secondFactor).toMatchObject({
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
    const { uri } = await post<Enrolment>('/v1/mfa/totp/enrol', {});
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
    expect((await latchkey.state()).secondFactor?.push.enrolled).toBe(true);
  });
});

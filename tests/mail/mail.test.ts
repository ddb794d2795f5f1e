import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { SMTPServerOptions } from 'smtp-server';
import { afterEach, describe, expect, it } from 'vitest';
import { defaultMailTemplate } from '../../main/mail/template.ts';
import { type CodeMail, type CodeMailerOptions, createCodeMailer } from '../../main/mail/mail.ts';
import { createTestAuthority } from '../support/certificates.ts';
import { accessibilityViolations, keepScreenshot } from '../support/pages.ts';
import { describeWith, parts } from '../support/parts.ts';
import { startMailServer, type MailServer } from './mail-server.ts';
import { type MessagePart, parseMessage, partOf } from './mail-message.ts';
import { startRelayBrowser } from './relay-browser.ts';

let server: MailServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const now = Date.parse('2026-03-10T09:12:30.000Z');
const relay = 'https://codes.contoso.example/relay.html';
const page = 'https://microsoft.com/devicelogin';

const mail: CodeMail = {
  to: 'adele@contoso.example',
  userCode: 'CPQ2RW8H4',
  verificationUri: page,
  expiresAt: now + 900_000,
  askedBy: 'adele',
  host: 'db-host-1',
  program: 'psql',
  time: now,
  tenant: 'Contoso',
};

async function start(options: SMTPServerOptions = {}): Promise<MailServer> {
  server = await startMailServer(options);
  return server;
}

type MailerChanges = Omit<Partial<CodeMailerOptions>, 'smtp'> & { smtp?: Partial<CodeMailerOptions['smtp']> };

function mailerFor({ port, authority }: MailServer, changes: MailerChanges = {}) {
  return createCodeMailer({
    from: 'latchkey@contoso.example',
    relay,
    now: () => now,
    ...changes,
    smtp: { host: 'localhost', port, security: 'starttls', caPem: authority.caPem, ...changes.smtp },
  });
}

async function sent(changes: Partial<CodeMail> = {}, options: MailerChanges = {}): Promise<MessagePart> {
  const running = await start();
  await mailerFor(running, options).sendCode({ ...mail, ...changes });
  expect(running.mails).toHaveLength(1);
  return parseMessage(running.mails[0]?.raw ?? '');
}

describe('mailed codes: the way to the mail server', () => {
  it.each([
    ['starttls', {}],
    ['tls', { secure: true }],
  ] as const)('sends through %s to the account alone', async (security, options) => {
    const running = await start(options);
    await mailerFor(running, { smtp: { security } }).sendCode(mail);
    expect(running.mails).toMatchObject([
      { from: 'latchkey@contoso.example', to: ['adele@contoso.example'], secure: true },
    ]);
  });

  it('upgrades to TLS even where the server does not offer it', async () => {
    const running = await start({ hideSTARTTLS: true });
    await mailerFor(running).sendCode(mail);
    expect(running.mails[0]?.secure).toBe(true);
  });

  it('sends nothing to a server without TLS, not even the sender', async () => {
    const commands: string[] = [];
    const running = await start({
      hideSTARTTLS: true,
      disabledCommands: ['STARTTLS'],
      onMailFrom(address, _session, done) {
        commands.push(address.address);
        done();
      },
    });
    const smtp = { user: 'latchkey', password: async () => 'mail-secret' };
    await expect(mailerFor(running, { smtp }).sendCode(mail)).rejects.toMatchObject({
      code: 'mail-failed',
      message: expect.stringContaining('offers no TLS') as string,
    });
    expect(running).toMatchObject({ mails: [], logins: [] });
    expect(commands).toEqual([]);
  });

  it.each(['starttls', 'tls'] as const)(
    'refuses a certificate of another authority (%s)',
    async (security) => {
      const running = await start({ secure: security === 'tls' });
      const { caPem } = await createTestAuthority();
      const smtp = { security, caPem, user: 'latchkey', password: async () => 'mail-secret' };
      await expect(mailerFor(running, { smtp }).sendCode(mail)).rejects.toMatchObject({
        code: 'mail-failed',
        message: expect.stringContaining('is not trusted') as string,
        remedy: expect.stringContaining('authority') as string,
      });
      expect(running).toMatchObject({ mails: [], logins: [] });
    },
  );

  it('refuses a certificate that the system does not know, and one for another name', async () => {
    const running = await start();
    const smtp = { host: 'localhost', port: running.port, security: 'starttls' as const };
    const trusting = createCodeMailer({ from: 'latchkey@contoso.example', smtp, now: () => now });
    await expect(trusting.sendCode(mail)).rejects.toMatchObject({
      message: expect.stringContaining('is not trusted') as string,
    });
    await expect(mailerFor(running, { smtp: { host: '127.0.0.1' } }).sendCode(mail)).rejects.toMatchObject({
      message: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID') as string,
    });
    expect(running.mails).toEqual([]);
  });

  it('signs in where it is told to, with a password asked for each mail', async () => {
    const running = await start({ authOptional: false });
    let asked = 0;
    const password = async () => {
      asked += 1;
      return 'mail-secret';
    };
    const mailer = mailerFor(running, { smtp: { user: 'latchkey', password } });
    await mailer.sendCode(mail);
    await mailer.sendCode(mail);
    expect(asked).toBe(2);
    expect(running.mails.map(({ user }) => user)).toEqual(['latchkey', 'latchkey']);
    expect(running.logins.every(({ secure }) => secure)).toBe(true);
  });

  it('says that the password is wrong without saying which it was', async () => {
    const running = await start({ authOptional: false });
    const smtp = { user: 'latchkey', password: async () => 'hunter2-canary' };
    const error = await mailerFor(running, { smtp })
      .sendCode(mail)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'mail-failed',
      message: expect.stringContaining('refused user or password') as string,
    });
    expect(JSON.stringify([String(error), (error as { remedy: string }).remedy])).not.toContain('hunter2');
  });

  it('reports a refused recipient, a refused mail, a dead port and a server that says nothing', async () => {
    const rejecting = await start({
      onRcptTo: (_address, _session, done) => done(new Error('CPQ2RW8H4 unknown user')),
    });
    const error = await mailerFor(rejecting)
      .sendCode(mail)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'mail-failed',
      message: expect.stringContaining('SMTP 550') as string,
    });
    expect((error as Error).message).not.toContain('CPQ2RW8H4');
    await rejecting.close();

    const spamFilter = await start({
      onData(stream, _session, done) {
        stream.resume();
        stream.on('end', () => done(Object.assign(new Error('spam'), { responseCode: 554 })));
      },
    });
    await expect(mailerFor(spamFilter).sendCode(mail)).rejects.toMatchObject({
      message: expect.stringContaining('did not take the mail (SMTP 554)') as string,
    });

    await spamFilter.close();
    await expect(mailerFor(spamFilter).sendCode(mail)).rejects.toMatchObject({
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
    server = undefined;
  });

  it('stops at once when it is told to', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const mailer = createCodeMailer({
      from: 'latchkey@contoso.example',
      smtp: { host: '127.0.0.1', port, security: 'none' },
      now: () => now,
    });
    const controller = new AbortController();
    const before = Date.now();
    const sending = mailer.sendCode(mail, controller.signal);
    setTimeout(() => controller.abort(new Error('given up')), 100);
    await expect(sending).rejects.toThrow('given up');
    expect(Date.now() - before).toBeLessThan(5_000);
    await new Promise((resolve) => silent.close(resolve));
  });

  it.each<[string, MailerChanges]>([
    ['no TLS to another computer', { smtp: { host: 'mail.contoso.example', security: 'none' } }],
    ['a name that only looks like loopback', { smtp: { host: 'localhost.evil.example', security: 'none' } }],
    [
      'a password without TLS',
      { smtp: { security: 'none', user: 'latchkey', password: async () => 'mail-secret' } },
    ],
    ['a user without password', { smtp: { user: 'latchkey' } }],
    ['port 0', { smtp: { port: 0 } }],
    ['an authority that is no certificate', { smtp: { caPem: 'x' } }],
    ['a sender with a second address', { from: 'a@contoso.example, b@evil.example' }],
    ['a sender with a line break', { from: 'a@contoso.example\r\nBcc: b@evil.example' }],
    ['a relay without https', { relay: 'http://codes.contoso.example/' }],
    ['a relay with a fragment', { relay: `${relay}#code=1` }],
    ['a relay with a query', { relay: `${relay}?a=b` }],
    ['a relay with a user', { relay: 'https://a:b@codes.contoso.example/' }],
    ['a relay of another kind', { relay: 'javascript:alert(1)' }],
  ])('does not start with %s', async (_what, changes) => {
    const running = await start();
    expect(() => mailerFor(running, changes)).toThrow(expect.objectContaining({ code: 'config-invalid' }));
  });
});

describe('mailed codes: what the mail says', () => {
  it('tells code, page, who, where, program, when, how long, and what to do if it was not asked for', async () => {
    const message = await sent();
    expect(message.headers.get('subject')).toEqual(['Sign-in code asked for on db-host-1']);
    expect(message.headers.get('from')).toEqual(['Latchkey <latchkey@contoso.example>']);
    expect(message.headers.get('to')).toEqual(['adele@contoso.example']);
    expect(message.headers.get('auto-submitted')).toEqual(['auto-generated']);
    for (const type of ['text/plain', 'text/html']) {
      const body = partOf(message, type);
      for (const told of ['CPQ2RW8H4', page, 'db-host-1', 'psql', 'Contoso', '10 Mar 2026', '15 minutes']) {
        expect(body, type).toContain(told);
      }
      expect(body).toMatch(/If you did not ask for this, ignore it and tell your administrator/);
      expect(body).not.toMatch(/\{\{|undefined|null|NaN/);
    }
    expect(message.headers.get('subject')?.join()).not.toContain('CPQ2RW8H4');
  });

  it('links to the redirect service with code and page in the fragment only', async () => {
    const message = await sent();
    const link = /https:\/\/codes\.contoso\.example\S+/.exec(partOf(message, 'text/plain'))?.[0] ?? '';
    const url = new URL(link);
    expect(`${url.origin}${url.pathname}${url.search}`).toBe(relay);
    expect(Object.fromEntries(new URLSearchParams(url.hash.slice(1)))).toEqual({
      code: 'CPQ2RW8H4',
      page,
      host: 'db-host-1',
      until: String((now + 900_000) / 1000),
    });
    expect(partOf(message, 'text/html')).toContain(`href="${link.replaceAll('&', '&amp;')}"`);
  });

  it('links to the verification page where there is no redirect service', async () => {
    const running = await start();
    const { caPem } = running.authority;
    const smtp = { host: 'localhost', port: running.port, security: 'starttls' as const, caPem };
    await createCodeMailer({ from: 'latchkey@contoso.example', smtp, now: () => now }).sendCode(mail);
    const html = partOf(parseMessage(running.mails[0]?.raw ?? ''), 'text/html');
    expect([...html.matchAll(/href="([^"]*)"/g)].map(([, href]) => href)).toEqual([page]);
  });

  it('leaves a host out of the link that could be read as a sentence', async () => {
    const message = await sent({ host: 'your bank. Call 555' });
    const link = /https:\/\/codes\S+/.exec(partOf(message, 'text/plain'))?.[0] ?? '';
    expect(new URLSearchParams(new URL(link).hash.slice(1)).has('host')).toBe(false);
  });

  const hostile = {
    'a line break and a header': 'x\r\nBcc: victim@evil.example\r\nX-Evil: 1',
    'a bare line feed': 'x\nBcc: victim@evil.example',
    'a bare carriage return': 'x\rBcc: victim@evil.example',
    'an end of the mail': 'x\r\n.\r\nMAIL FROM:<a@evil.example>\r\n',
    'an encoded word': '=?utf-8?Q?=0D=0ABcc:_victim@evil.example?=',
    'a unicode line separator': 'x\u2028Bcc: victim@evil.example\u0085Y: 1',
    markup: '<script>alert(1)</script><a href="https://evil.example">"click" \'here\'</a>',
    'a variable': '{{code}} {{link}}',
    'bidi characters': 'selas\u202Egnp.exe',
    'ten thousand letters': 'y'.repeat(10_240),
    emoji: '🔥 sales',
  };

  it.each(Object.entries(hostile))('holds %s in every name', async (_what, name) => {
    const message = await sent({ askedBy: name, host: name, program: name, tenant: name });
    expect([...message.headers.keys()].toSorted()).toEqual(
      [
        'auto-submitted',
        'content-type',
        'date',
        'from',
        'message-id',
        'mime-version',
        'subject',
        'to',
        'x-auto-response-suppress',
      ].toSorted(),
    );
    expect([...message.headers.values()].every((values) => values.length === 1)).toBe(true);
    expect(message.headers.get('to')).toEqual(['adele@contoso.example']);
    expect(message.headers.get('subject')?.[0]?.length).toBeLessThan(200);
    expect(server?.mails[0]?.to).toEqual(['adele@contoso.example']);
    const [text, html] = [partOf(message, 'text/plain'), partOf(message, 'text/html')];
    expect(text.trimEnd().split('\n')).toHaveLength(defaultMailTemplate.text.trimEnd().split('\n').length);
    expect(html).not.toMatch(/<script|<a href="https:\/\/evil/);
    expect(html.match(/<a /g)).toHaveLength(1);
    expect(`${text}${html}`.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    // A name that looks like a variable stays what it is.
    expect(text.match(/CPQ2RW8H4/g)).toHaveLength(2);
  });

  it.each([
    'adele@contoso.example, other@evil.example',
    'adele@contoso.example\r\nBcc: victim@evil.example',
    'Adele <adele@contoso.example>',
    '<adele@contoso.example>',
    '"a b"@contoso.example',
    'adele',
    '',
    `${'a'.repeat(250)}@contoso.example`,
  ])('sends nothing to %j', async (to) => {
    const running = await start();
    await expect(mailerFor(running).sendCode({ ...mail, to })).rejects.toMatchObject({ code: 'mail-failed' });
    expect(running.mails).toEqual([]);
  });

  it.each<[string, Partial<CodeMail>]>([
    ['a code with markup', { userCode: '<b>CODE</b>' }],
    ['a code with a line break', { userCode: 'ABCDEF\nGHI' }],
    ['a page without https', { verificationUri: 'http://microsoft.com/devicelogin' }],
    ['a page that is script', { verificationUri: 'javascript:alert(1)' }],
    ['a page with a user', { verificationUri: 'https://microsoft.com@evil.example/' }],
    ['a page with a query', { verificationUri: `${page}?code=1` }],
    ['an expired code', { expiresAt: now }],
  ])('sends no mail with %s', async (_what, changes) => {
    const running = await start();
    await expect(mailerFor(running).sendCode({ ...mail, ...changes })).rejects.toMatchObject({
      code: 'mail-failed',
    });
    expect(running.mails).toEqual([]);
  });
});

describeWith([parts.pageEngine], 'the HTML of the mail in Chromium', () => {
  it.each(['light', 'dark'] as const)(
    'needs nothing from outside and can be read by all (%s)',
    async (colorScheme) => {
      const html = partOf(await sent(), 'text/html');
      const browser = await startRelayBrowser();
      try {
        const { page: tab, requests } = await browser.open('about:blank', {
          colorScheme,
          viewport: { width: 640, height: 700 },
        });
        await tab.setContent(html);
        expect(requests.filter((url) => url.startsWith('http'))).toEqual([]);
        expect(await tab.getByRole('link').getAttribute('href')).toContain(`${relay}#code=CPQ2RW8H4`);
        const rules = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'];
        expect(await accessibilityViolations(tab, rules)).toEqual([]);
        await keepScreenshot(tab, `mail-${colorScheme}`);
      } finally {
        await browser.close();
      }
    },
  );
});

import { z } from 'zod';
import { isLoopbackHost } from '../contract/loopback.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { compileTemplate, defaultMailTemplate, type MailTemplate, type MailValues } from './template.ts';
import { checkSmtp, mailFault, smtpOptions, type SmtpSettings } from './smtp.ts';
import { momentText, visibleText } from '../base/visible-text.ts';

/** What the redirect service (assets/relay.html) is told. It reads these names and these forms, and no others. */
interface RelayContent {
  code: string;
  /** Verification address. */
  page: string;
  /** Name of the computer that asked. */
  host: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

/** Letters and digits, in groups that hyphens may divide (RFC 8628 section 6.1); Entra ID's have nine. */
const userCodeForm = /^(?=.{6,20}$)[A-Z0-9]+(?:-[A-Z0-9]+)*$/;
const hostForm = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

/**
 * Address of the redirect service: https (http on loopback), without user, query and fragment.
 * @throws LatchkeyError `config-invalid`
 */
function relayAddress(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackHost(url.hostname));
  const isBare = url?.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (url !== undefined && isSafe && isBare) return url.href;
  throw new LatchkeyError('config-invalid', 'The address of the redirect service cannot be used.', {
    remedy:
      'Give an https address without user, query and fragment, such as https://codes.example.com/relay.html.',
  });
}

/**
 * The link of a mail. Code and address stand in the fragment, which browsers keep to themselves (RFC 9110 section 7.1,
 * RFC 3986 section 3.5): the server of the redirect service never sees them, nor does a proxy or its log.
 */
export function relayLink(relay: string, { code, page, host, expiresAt }: RelayContent): string {
  const content = new URLSearchParams({ code, page, until: String(Math.floor(expiresAt / 1000)) });
  // The page shows nothing that could be read as a sentence of its own: another name is left out.
  if (hostForm.test(host)) content.set('host', host);
  return `${relay}#${content.toString()}`;
}

export interface CodeMailerOptions {
  smtp: SmtpSettings;
  /** Sender's address. */
  from: string;
  template?: MailTemplate | undefined;
  /** Address of the redirect service; without it the mail links to the verification page. */
  relay?: string | undefined;
  /** Milliseconds since 1970. */
  now?: () => number;
}

/** Every text may come from a stranger; all times are milliseconds since 1970. */
export interface CodeMail {
  /** The account's own address, as the directory has it. The mailer sends nowhere else. */
  to: string;
  userCode: string;
  verificationUri: string;
  expiresAt: number;
  /** Operating system user who asked. */
  askedBy: string;
  host: string;
  program: string;
  time: number;
  /** Name of the tenant or of the provider. */
  tenant: string;
}

export interface CodeMailer {
  /**
   * Resolves once the mail server has taken responsibility for the mail (SMTP 250 after the content).
   * @throws LatchkeyError `mail-failed`
   * @throws the signal's reason when it is aborted
   */
  sendCode(mail: CodeMail, signal?: AbortSignal): Promise<void>;
}

const address = z.email().max(254);
const names = { host: 100, askedBy: 64, program: 64, tenant: 100 };

/**
 * Mails device codes to people whose broker has no screen.
 * @throws LatchkeyError `config-invalid` for settings that would send in the clear, for a wrong address or template
 */
export function createCodeMailer(options: CodeMailerOptions): CodeMailer {
  const { smtp, now = Date.now } = options;
  checkSmtp(smtp);
  const from = checkedAddress(options.from);
  const relay = options.relay === undefined ? undefined : relayAddress(options.relay);
  const fill = compileTemplate(options.template ?? defaultMailTemplate);

  return {
    async sendCode(mail, signal) {
      signal?.throwIfAborted();
      const to = address.safeParse(mail.to);
      if (!to.success) {
        throw failed(
          'The account has no address that a mail could be sent to.',
          'Ask your administrator to set it.',
        );
      }
      const values = valuesOf(mail, relay, now());
      const password = await smtp.password?.();
      const { default: nodemailer } = await import('nodemailer');
      const transport = nodemailer.createTransport(smtpOptions(smtp, password));
      try {
        await transport.sendMail({
          ...fill(values),
          // Objects and not text, which would be parsed as a list of addresses; the envelope names one recipient.
          from: { name: 'Latchkey', address: from },
          to: { name: '', address: to.data },
          envelope: { from, to: [to.data] },
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
          disableFileAccess: true,
          disableUrlAccess: true,
          ...(signal !== undefined && { signal }),
        });
      } catch (error) {
        signal?.throwIfAborted();
        throw mailFault(error, smtp);
      } finally {
        transport.close();
      }
    },
  };
}

function valuesOf(mail: CodeMail, relay: string | undefined, now: number): MailValues {
  const { userCode, verificationUri, expiresAt, to } = mail;
  if (!userCodeForm.test(userCode) || !isPage(verificationUri)) {
    throw failed('The sign-in code has a form that is not mailed.', 'Sign in on a computer with a screen.');
  }
  const validMs = expiresAt - now;
  if (validMs <= 0) throw failed('The sign-in code has expired already.', 'Start the sign-in again.');
  return {
    code: userCode,
    page: verificationUri,
    link:
      relay === undefined
        ? verificationUri
        : relayLink(relay, { code: userCode, page: verificationUri, host: mail.host, expiresAt }),
    validUntil: momentText(expiresAt),
    validMinutes: String(Math.max(1, Math.floor(validMs / 60_000))),
    askedBy: visibleText(mail.askedBy, names.askedBy),
    host: visibleText(mail.host, names.host),
    program: visibleText(mail.program, names.program),
    tenant: visibleText(mail.tenant, names.tenant),
    time: momentText(mail.time),
    to,
  };
}

/** The shape only: whether the host is Microsoft's is decided where the sign-in starts, and again by the relay page. */
function isPage(uri: string): boolean {
  if (!URL.canParse(uri)) return false;
  const { protocol, username, password, search, hash, href } = new URL(uri);
  return protocol === 'https:' && `${username}${password}${search}${hash}` === '' && href.length <= 300;
}

function checkedAddress(from: string): string {
  const checked = address.safeParse(from);
  if (checked.success) return checked.data;
  throw new LatchkeyError('config-invalid', 'The sender of mails is no mail address.', {
    remedy: 'Give an address alone, such as latchkey@example.com.',
  });
}

function failed(message: string, remedy: string): LatchkeyError {
  return new LatchkeyError('mail-failed', message, { remedy });
}

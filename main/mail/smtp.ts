import { getCACertificates } from 'node:tls';
import { isLoopbackHost } from '../contract/loopback.ts';
import { LatchkeyError } from '../contract/errors.ts';

export interface SmtpSettings {
  host: string;
  port: number;
  /** `tls` from the first byte (port 465), `starttls` (587), or `none`, which is taken for a loopback host only. */
  security: 'tls' | 'starttls' | 'none';
  user?: string | undefined;
  /** Asked for each mail, so that the password stays where it is sealed. */
  password?: (() => Promise<string>) | undefined;
  /** Trusted instead of the authorities of Node and of the system. */
  caPem?: string | undefined;
}

/** @throws LatchkeyError `config-invalid` for settings that would send mail or password in the clear, or not at all */
export function checkSmtp({ host, port, security, user, password, caPem }: SmtpSettings): void {
  if (host === '' || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw wrong('The mail server has no usable host and port.', 'Give host and port, such as port 587.');
  }
  if (security === 'none' && !isLoopbackHost(host)) {
    throw wrong(
      'Mail is never sent without TLS to another computer.',
      'Set "security" to "starttls" or "tls".',
    );
  }
  if (security === 'none' && user !== undefined) {
    throw wrong('A mail password is never sent without TLS.', 'Set "security" to "starttls" or "tls".');
  }
  if ((user === undefined) !== (password === undefined)) {
    throw wrong('The mail server needs user and password, or neither.', 'Give both or none.');
  }
  if (caPem !== undefined && !caPem.includes('-----BEGIN CERTIFICATE-----')) {
    throw wrong('The authority of the mail server holds no certificate.', 'Give a PEM file.');
  }
}

/**
 * For nodemailer. `requireTLS` upgrades or fails, whatever the server offers; chain and name of the certificate are
 * checked in both forms.
 */
export function smtpOptions(
  { host, port, security, user, caPem }: SmtpSettings,
  password: string | undefined,
) {
  return {
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    tls: {
      minVersion: 'TLSv1.2' as const,
      rejectUnauthorized: true,
      ca: caPem ?? [...getCACertificates('default'), ...getCACertificates('system')],
    },
    ...(user !== undefined && password !== undefined && { auth: { user, pass: password } }),
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 20_000,
    dnsTimeout: 10_000,
  };
}

/**
 * What went wrong with a mail, in words of our own: the server's words may quote what was sent, so they are kept in
 * `cause` only.
 */
export function mailFault(thrown: unknown, { host, port }: SmtpSettings): LatchkeyError {
  const [message, remedy] = explain(thrown as NodemailerError, `${host}:${port}`);
  return new LatchkeyError('mail-failed', message, { remedy, cause: thrown });
}

/** nodemailer puts a code of its own in the place of the system's, which it keeps beside it. */
interface NodemailerError {
  code?: string;
  originalCode?: string;
  responseCode?: number;
}

const certificateFault = /^(?:CERT_|ERR_TLS_CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/;

function explain(
  { code, originalCode, responseCode }: NodemailerError,
  place: string,
): [message: string, remedy: string] {
  const number = responseCode === undefined ? '' : ` (SMTP ${responseCode})`;
  if (originalCode !== undefined && certificateFault.test(originalCode)) {
    return [
      `The certificate of the mail server ${place} is not trusted (${originalCode}).`,
      'Give the authority of the server in its settings, and the name that stands in the certificate as host.',
    ];
  }
  switch (code) {
    case 'ETLS':
      return [
        `The mail server ${place} offers no TLS, and nothing is sent without it.`,
        'Check port and "security": 587 takes "starttls", 465 takes "tls".',
      ];
    case 'EAUTH':
    case 'ENOAUTH':
      return [
        `The mail server ${place} refused user or password${number}.`,
        'Set the password of the mail server again.',
      ];
    case 'EENVELOPE':
      return [
        `The mail server ${place} refused sender or recipient${number}.`,
        'Check the sender in the settings and the address of the account.',
      ];
    case 'ECONNECTION':
    case 'EDNS':
    case 'ESOCKET':
    case 'ETIMEDOUT':
      return [
        `The mail server ${place} cannot be reached (${originalCode ?? code}).`,
        'Check host, port and network, and that "security" fits the port: 587 takes "starttls", 465 takes "tls".',
      ];
    default:
      return [
        `The mail server ${place} did not take the mail${number}.`,
        'Try again; if it stays, look into the log of the mail server.',
      ];
  }
}

function wrong(message: string, remedy: string): LatchkeyError {
  return new LatchkeyError('config-invalid', message, { remedy });
}

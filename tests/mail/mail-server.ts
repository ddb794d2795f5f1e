import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { createTestAuthority, type TestAuthority } from '../support/certificates.ts';

export interface ReceivedMail {
  from: string;
  to: string[];
  /** As it came over the wire, dots unstuffed. */
  raw: string;
  /** Whether it came through TLS, and who had signed in. */
  secure: boolean;
  user: unknown;
}

export interface MailServer {
  port: number;
  authority: TestAuthority;
  mails: ReceivedMail[];
  /** Logins tried, passwords included: what a server would see. */
  logins: { user: unknown; password: unknown; secure: boolean }[];
  close(): Promise<void>;
}

/** A real SMTP server on loopback with a certificate for `localhost`, whose user is `latchkey` with `mail-secret`. */
export async function startMailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
  const authority = await createTestAuthority();
  const { certPem, keyPem } = await authority.issue({ dns: ['localhost'] });
  const mails: ReceivedMail[] = [];
  const logins: MailServer['logins'] = [];
  const server = new SMTPServer({
    cert: certPem,
    key: keyPem,
    authOptional: true,
    onAuth(auth, session, done) {
      logins.push({ user: auth.username, password: auth.password, secure: session.secure });
      if (auth.username === 'latchkey' && auth.password === 'mail-secret') done(null, { user: 'latchkey' });
      else done(new Error('Invalid username or password'));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString('utf8'),
          secure: session.secure,
          user: session.user,
        });
        done();
      });
    },
    ...options,
  });
  // Clients that refuse the certificate break off; that is what some tests are about.
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return {
    port: (server.server.address() as AddressInfo).port,
    authority,
    mails,
    logins,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

import { readFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import type { Audit } from '../audit/audit.ts';
import type { AzureDirectorySettings, Configuration } from '../config/schema.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { isOfDomain } from '../identity/chain.ts';
import type { DeviceCode } from '../identity/device-code.ts';
import { createCodeMailer } from '../mfa/mail.ts';
import type { StoredTexts } from './sealed-values.ts';

export interface MailedCodesOptions {
  settings: Configuration['mail'];
  passwords: StoredTexts;
  audit: Pick<Audit, 'append'>;
}

/**
 * Mails a device code to the person whom the sign-in is for, on hosts without a screen. Only to an address of the
 * provider's own domains, and only where the administrator has turned it on: an open mailer would serve those who
 * phish with codes.
 */
export function createMailedCodes({ settings, passwords, audit }: MailedCodesOptions) {
  return {
    /**
     * @param username the sign-in name, which is the address
     * @returns what sends the code once there is one; it throws LatchkeyError `mail-failed`, `config-invalid`
     * @throws LatchkeyError `request-invalid` where codes may not be mailed to this name
     */
    announcer(
      provider: AzureDirectorySettings,
      username: string | undefined,
    ): (code: DeviceCode) => Promise<void> {
      if (settings === undefined || !provider.mailCodes) {
        throw new LatchkeyError(
          'request-invalid',
          `Codes of the provider "${provider.name}" are not mailed.`,
          {
            remedy: 'The administrator turns it on with "mailCodes" of the provider and "mail".',
          },
        );
      }
      if (
        username === undefined ||
        !username.includes('@') ||
        provider.domains.length === 0 ||
        !isOfDomain(username, provider.domains)
      ) {
        throw new LatchkeyError(
          'request-invalid',
          "Name the sign-in name that the code is to be mailed to, of one of the provider's domains.",
          {
            remedy: 'latchkey login <sign-in name> --mail',
          },
        );
      }
      const { host, port, security, user, password, caFile, from, template } = settings;
      return async ({ userCode, verificationUri, expiresAt }) => {
        const caPem = caFile === undefined ? undefined : await readFile(caFile, 'utf8');
        const mailer = createCodeMailer({
          smtp: {
            host,
            port,
            security,
            ...(user === undefined ? {} : { user }),
            ...(password === undefined ? {} : { password: () => storedPassword(passwords, password.stored) }),
            ...(caPem === undefined ? {} : { caPem }),
          },
          from,
          ...(template === undefined ? {} : { template: withoutUndefined(template) }),
          ...(provider.redirectService === undefined ? {} : { relay: provider.redirectService }),
        });
        await audit.append({ event: 'code-mailed', provider: provider.name, to: username });
        await mailer.sendCode({
          to: username,
          userCode,
          verificationUri,
          expiresAt,
          askedBy: userInfo().username,
          host: hostname(),
          program: 'latchkey login',
          time: Date.now(),
          tenant: provider.name,
        });
      };
    },
  };
}

function withoutUndefined({
  subject,
  text,
  html,
}: {
  subject: string;
  text: string;
  html?: string | undefined;
}) {
  return { subject, text, ...(html === undefined ? {} : { html }) };
}

async function storedPassword(passwords: StoredTexts, name: string): Promise<string> {
  const password = await passwords.get(name);
  if (password !== undefined) return password;
  throw new LatchkeyError('credential-missing', 'The password of the mail server has not been stored.', {
    remedy: `Run: latchkey secret set ${name}`,
  });
}

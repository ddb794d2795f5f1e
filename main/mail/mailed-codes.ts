import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Audit } from '../audit/audit.ts';
import type { AzureDirectorySettings, Configuration } from '../config/schema.ts';
import { auditFault } from '../audit/fault.ts';
import { LatchkeyError, toProblem } from '../contract/errors.ts';
import { isOfDomain } from '../session/chain.ts';
import type { DeviceCode } from '../session/provider-port.ts';
import { accountName } from '../store/places.ts';
import { createCodeMailer } from './mail.ts';
import type { MailLimits } from './limits.ts';
import type { StoredTexts } from '../store/stored-texts.ts';

export interface MailedCodesOptions {
  limits: MailLimits;
  /** Read each time, as it is configured then. */
  readonly settings: Configuration['mail'];
  passwords: StoredTexts;
  audit: Pick<Audit, 'append'>;
}

/**
 * Mails a device code to the person whom the sign-in is for, on hosts without a screen. Only to an address of the
 * provider's own domains that stands on the list of recipients, a few an hour, and only where the administrator has
 * turned it on: an open mailer would serve those who phish with codes. Whoever asks for one that may not go out is on
 * record too.
 */
export function createMailedCodes(options: MailedCodesOptions) {
  const { passwords, audit, limits } = options;
  /** @throws LatchkeyError `request-invalid`, `limit-reached` where no code may be mailed to this name */
  async function permit(
    provider: AzureDirectorySettings,
    username: string | undefined,
  ): Promise<{ to: string; mail: NonNullable<Configuration['mail']> }> {
    const { settings } = options;
    if (settings === undefined || !provider.mailCodes) {
      throw new LatchkeyError('request-invalid', `Codes of the provider "${provider.name}" are not mailed.`, {
        remedy: 'The administrator turns it on with "mailCodes" of the provider and "mail".',
      });
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
    const to = username.toLowerCase();
    if (!settings.recipients.includes(to)) {
      throw new LatchkeyError('request-invalid', `No code may be mailed to "${username}".`, {
        remedy: 'The administrator adds the address to "recipients" of "mail" in the configuration file.',
      });
    }
    await limits.check(to);
    return { to, mail: settings };
  }

  const recordRefused = (
    { name: provider }: AzureDirectorySettings,
    to: string,
    error: unknown,
  ): Promise<void> =>
    audit.append({ event: 'code-mail-refused', provider, to, ...auditFault(toProblem(error)) });

  return {
    /**
     * @param username the sign-in name, which is the address
     * @returns what sends the code once there is one; it throws LatchkeyError `mail-failed`, `config-invalid`,
     *   `limit-reached`
     * @throws LatchkeyError `request-invalid`, `limit-reached` where codes may not be mailed to this name
     */
    async announcer(
      provider: AzureDirectorySettings,
      username: string | undefined,
    ): Promise<(code: DeviceCode) => Promise<void>> {
      const { to, mail } = await permit(provider, username).catch(async (error: unknown) => {
        await recordRefused(provider, username ?? '', error);
        throw error;
      });
      const { host, port, security, user, password, caFile, from, template } = mail;
      return async ({ userCode, verificationUri, expiresAt }) => {
        const caPem = caFile === undefined ? undefined : await readFile(caFile, 'utf8');
        const stored = password && (() => storedPassword(passwords, password.stored));
        const mailer = createCodeMailer({
          smtp: { host, port, security, user, password: stored, caPem },
          from,
          template,
          relay: provider.redirectService,
        });
        await limits.count(to);
        const sending = mailer.sendCode({
          to,
          userCode,
          verificationUri,
          expiresAt,
          askedBy: accountName(),
          host: hostname(),
          program: 'latchkey login',
          time: Date.now(),
          tenant: provider.name,
        });
        await sending.catch(async (error: unknown) => {
          await recordRefused(provider, to, error);
          throw error;
        });
        await audit.append({ event: 'code-mailed', provider: provider.name, to });
      };
    },
  };
}

async function storedPassword(passwords: StoredTexts, name: string): Promise<string> {
  const password = await passwords.get(name);
  if (password !== undefined) return password;
  throw new LatchkeyError('credential-missing', 'The password of the mail server has not been stored.', {
    remedy: `Run: latchkey secret set ${name}`,
  });
}

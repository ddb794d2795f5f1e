import type { Audit } from '../audit/audit.ts';
import { storedNames } from '../config/password-source.ts';
import type { Configuration } from '../config/schema.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { StoredTexts } from './sealed-values.ts';

/** The secrets that the configuration names: what is stored of them, and their change, which is on record first. */
export function createStoredPasswords(
  { connections, mail, mfa }: Configuration,
  passwords: StoredTexts,
  audit: Pick<Audit, 'append'>,
) {
  const names = new Set([
    ...connections.flatMap(({ rules }) => rules.flatMap(storedNames)),
    ...[mail?.password, mfa.pushToken].flatMap((named) => (named === undefined ? [] : [named.stored])),
  ]);
  return {
    /** Names of the passwords that the configuration asks for, and whether each has been stored. */
    known: (): Promise<{ name: string; stored: boolean }[]> => passwords.known(names),

    /**
     * Keeps the password that rules name with `password: {stored: …}`; an undefined value forgets it.
     * @throws LatchkeyError `request-invalid` for a name that no rule has; one from an earlier configuration can be forgotten.
     */
    async store(name: string, value: string | undefined): Promise<void> {
      if (value !== undefined && !names.has(name)) {
        throw new LatchkeyError('request-invalid', `No rule of the configuration has a password "${name}".`, {
          remedy: `The names there are: ${[...names].join(', ') || 'none'}.`,
        });
      }
      await audit.append({ event: 'secret-changed', name, change: value === undefined ? 'deleted' : 'set' });
      if (value === undefined) await passwords.delete(name);
      else await passwords.set(name, value);
    },
  };
}

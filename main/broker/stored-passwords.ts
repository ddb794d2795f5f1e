import type { Audit } from '../audit/audit.ts';
import { storedNames } from '../config/password-source.ts';
import type { Configuration } from '../config/schema.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { recorded } from '../audit/recorded.ts';
import type { StoredTexts } from '../store/stored-texts.ts';

export type StoredPasswords = ReturnType<typeof createStoredPasswords>;

/** The secrets that the configuration names: what is stored of them, and their change, which is on record. */
export function createStoredPasswords(
  configuration: () => Configuration,
  passwords: StoredTexts,
  audit: Pick<Audit, 'append'>,
  /** Other passwords are stored, or named, than before. */
  changed: () => void,
) {
  const names = (): ReadonlySet<string> => new Set(namesIn(configuration()));
  const isStored = async (name: string): Promise<boolean> =>
    (await passwords.known([name])).some(({ stored }) => stored);
  return {
    /** Names of the passwords that the configuration asks for, and whether each has been stored. */
    known: (): Promise<{ name: string; stored: boolean }[]> => passwords.known(names()),

    /** Whether it has been stored. */
    isStored,

    /**
     * Keeps the password that rules name with `password: {stored: …}`; an undefined value forgets it.
     * @throws LatchkeyError `request-invalid` for a name that no rule has; one that is stored from an earlier configuration can be forgotten.
     */
    async store(name: string, value: string | undefined): Promise<void> {
      if (!names().has(name) && (value !== undefined || !(await isStored(name)))) {
        throw new LatchkeyError('request-invalid', `No rule of the configuration has a password "${name}".`, {
          remedy: `The names there are: ${[...names()].join(', ') || 'none'}.`,
        });
      }
      await recorded(
        audit,
        { event: 'secret-changed', name, change: value === undefined ? 'deleted' : 'set' },
        await passwords.exchange(name, value),
      );
      changed();
    },
  };
}

function namesIn({ connections, mail, mfa, audit }: Configuration): string[] {
  return [
    ...connections.flatMap(({ rules }) => rules.flatMap(storedNames)),
    ...connections.flatMap(({ upstream }) => upstream.tls.clientKey?.stored ?? []),
    ...audit.sinks.flatMap(
      (sink) => (sink.type === 'syslog' ? sink.clientKey : sink.credential)?.stored ?? [],
    ),
    ...[mail?.password, mfa.pushToken].flatMap((named) => (named === undefined ? [] : [named.stored])),
  ];
}

import type { Handles } from '../access/handles.ts';
import type { Audit } from '../audit/audit.ts';
import { toLogText } from '../contract/errors.ts';
import type { Account } from '../contract/state.ts';
import type { Session } from '../session/session.ts';
import type { LocalAuthority } from '../store/local-authority.ts';
import type { Seal } from '../store/seal.ts';
import type { WaitingSecrets } from '../store/waiting-secrets.ts';

export interface LateKeyParts {
  seal: Seal;
  secrets: WaitingSecrets;
  handles: Pick<Handles, 'reload'>;
  session: Pick<Session, 'restore' | 'all'>;
  secondFactor: { refresh(account: Account): Promise<void> };
  audit: Pick<Audit, 'append'>;
  /** Signs the audit from now on, if its key can be had. */
  takeAuditKey(): Promise<void>;
  openAuthority(): Promise<LocalAuthority>;
  useAuthority(authority: LocalAuthority): void;
  changed(): void;
  log(line: string): void;
}

/**
 * Takes up what a locked keyring has kept back at the start, once it is unlocked: what was signed in meanwhile is stored,
 * then handles, the audit's key, the certificates and the sign-in of the last run count. Each part is tried, whatever
 * becomes of the others.
 * @returns the way to stop; it waits for what is under way
 */
export function takeUpLater(parts: LateKeyParts): () => Promise<void> {
  const { seal, secrets, handles, session, audit, log, changed } = parts;
  const { late } = seal;
  let taking: Promise<void> | undefined;

  async function takeUp(): Promise<void> {
    const steps = [
      () => secrets.store(),
      () => handles.reload(),
      parts.takeAuditKey,
      () => audit.append({ event: 'seal-opened', seal: seal.kind }),
      async () => parts.useAuthority(await parts.openAuthority()),
      () => session.restore(),
      async () => {
        for (const { account } of session.all()) await parts.secondFactor.refresh(account);
      },
    ];
    for (const step of steps) await step().catch((error: unknown) => log(toLogText(error)));
    changed();
  }

  const stop = late?.subscribe(() => {
    const problem = late.problem();
    log(
      problem === undefined
        ? 'The keyring is unlocked: what is stored counts from here on.'
        : `${problem.message} ${problem.remedy ?? ''}`,
    );
    if (problem === undefined) taking ??= takeUp();
    changed();
  });
  return async () => {
    stop?.();
    await taking;
  };
}

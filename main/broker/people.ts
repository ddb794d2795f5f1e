import { join } from 'node:path';
import type { Closers } from '../base/closers.ts';
import { toSeconds } from '../config/duration.ts';
import type { AzureDirectorySettings, Configuration } from '../config/schema.ts';
import { breakGlassFile, watchBreakGlass } from '../local-accounts/file.ts';
import { createWhichAccount } from '../access/which-account.ts';
import { ChosenAccount } from './chosen-account.ts';
import type { LiveSession } from '../session/live-session.ts';
import { createConfigurationFile } from './configuration-file.ts';
import { createProviderRegistry } from './providers.ts';
import { sessionRecords } from './sealed-values.ts';
import { storedTexts } from '../store/stored-texts.ts';
import { createSecondFactor } from '../second-factor/second-factor.ts';
import { createLocalAccounts } from '../local-accounts/accounts.ts';
import type { SessionSettings } from '../session/people.ts';
import { createSession } from '../session/session.ts';
import { createPromptBoard } from '../prompts/board.ts';
import type { PartOptions, Services } from './options.ts';
import type { Sealed } from './sealed.ts';
import { createSessionEvents } from './session-events.ts';

export type People = Awaited<ReturnType<typeof openPeople>>;

/**
 * Who can sign in and who is signed in: the second factor, break-glass accounts, the providers, the session.
 * @param isInUse whether something stands on a session, such as a login at a database
 */
export async function openPeople(
  options: PartOptions,
  { open }: Closers,
  services: Services,
  { secrets, passwords }: Sealed,
  isInUse: (session: LiveSession) => boolean,
) {
  const { inForce, source, home, seal, openBrowser, fetchWith, log } = options;

  const configurationFile = createConfigurationFile(source, services.audit, () => inForce.faulty);
  const board = createPromptBoard(services);
  const secondFactor = await open('second factor', () =>
    createSecondFactor({
      ...services,
      get settings() {
        return inForce.configuration.mfa;
      },
      board,
      folder: join(home.path, 'mfa'),
      secrets,
      seal,
      fetch: fetchWith(undefined),
      pushToken: async () => {
        const { pushToken } = inForce.configuration.mfa;
        return pushToken && passwords.get(pushToken.stored);
      },
    }),
  );
  const localAccounts = createLocalAccounts({
    secrets,
    totp: secondFactor.totp,
    file: breakGlassFile(source),
    get provider() {
      return inForce.configuration.providers.find(({ type }) => type === 'local')?.name ?? 'local';
    },
  });
  const providers = await open(
    'providers',
    () =>
      createProviderRegistry({
        ...services,
        configurationFile,
        configuration: () => inForce.configuration,
        ports: {
          fetchFor: ({ caFile }: AzureDirectorySettings) => fetchWith(caFile),
          secrets,
          openBrowser,
          localAccounts,
          applicationSecrets: storedTexts(secrets, 'secret'),
          log,
        },
      }),
    (opened) => opened.close(),
  );

  const sessionEvents = createSessionEvents(services);
  /** The sign-ins of the last run, while they are being taken up. */
  let restored: Promise<void> | undefined;
  const session = await open(
    'session',
    () =>
      createSession({
        ...services,
        providers: providers.providers(),
        ...sessionSettings(inForce.configuration),
        isInUse,
        record: sessionRecords(secrets, log),
        events: sessionEvents.events,
      }),
    async (opened) => {
      await opened.close();
      await restored;
    },
  );
  const chosen = await ChosenAccount.open(home.path, services.changed, log);
  await open(
    'watch on the configuration file',
    () => watchBreakGlass(source, session),
    (stop) => stop(),
  );

  return {
    configurationFile,
    board,
    secondFactor,
    localAccounts,
    providers,
    session,
    chosen,
    accounts: createWhichAccount({ all: session.all, chosen: () => chosen.account }),
    subscribe: sessionEvents.subscribe,
    /** Takes up the sign-ins of the last run, in the background. */
    restore(): void {
      restored = session.restore();
      providers.lookAtSecrets();
    },
  };
}

/** How long a sign-in lasts, and how often it is looked at again. */
export function sessionSettings({ session }: Configuration): SessionSettings {
  return {
    most: session.accounts,
    deadlineMs: toSeconds(session.deadline) * 1000,
    refreshMs: toSeconds(session.refreshGroups) * 1000,
  };
}

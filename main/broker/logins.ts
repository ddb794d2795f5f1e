import { systemClocks } from '../access/clocks.ts';
import { keepEveryMs } from '../access/kept-credentials.ts';
import { createLogins } from '../access/logins.ts';
import type { LiveLogins } from '../access/live-logins.ts';
import { createTokens } from '../access/tokens.ts';
import type { Closers } from '../base/closers.ts';
import { toSeconds } from '../config/duration.ts';
import { createEntraTokens } from './entra-tokens.ts';
import { createScreenLock } from './screen-lock.ts';
import { createWaiting } from './waiting.ts';
import { createCredentials } from '../credentials/credentials.ts';
import type { Sinks } from '../fleet/sinks.ts';
import type { PartOptions, Services } from './options.ts';
import type { People } from './people.ts';
import type { Sealed } from './sealed.ts';

export type LoginParts = Awaited<ReturnType<typeof openLogins>>;

/** What decides logins: tokens, the credentials for the databases, what logins wait for, the lock of the screen. */
export async function openLogins(
  { inForce, fetchWith, headless, uid }: PartOptions,
  { open, add }: Closers,
  services: Services,
  { handles, passwords }: Sealed,
  { board, secondFactor, providers, session }: People,
  live: LiveLogins,
  sinks: Pick<Sinks, 'check'>,
) {
  const screenLock = createScreenLock({
    ...services,
    onLock: () => inForce.configuration.session.onLock,
  });
  const credentials = await open(
    'credentials',
    () =>
      createCredentials({
        ...services,
        storedPassword: passwords.get,
        fetchWith,
        entraToken: createEntraTokens({ providerNamed: (name) => providers.named(name).provider, session }),
        cloudOf: (name) => {
          const provider = providers.named(name).settings;
          return provider.type === 'local' ? 'global' : provider.cloud;
        },
      }),
    (opened) => opened.close(),
  );
  const tokens = createTokens(handles.scram, systemClocks);
  const waiting = createWaiting({
    ...services,
    settings: () => inForce.configuration.hold,
    board,
    headless,
    session,
    secondFactor: secondFactor.prompts,
  });
  const logins = createLogins({
    ...services,
    connections: () => inForce.configuration.connections,
    leftOut: (name) => inForce.faulty.find((one) => one.name === name)?.problem,
    tokens,
    handles,
    live,
    sessions: session.all,
    checkOpen: () => {
      inForce.checkExpiry(services.now());
      screenLock.check();
      sinks.check();
    },
    credential: credentials.acquire,
    credentialAgain: credentials.again,
    waitFor: waiting.waitFor,
    patienceMs: waiting.patienceMs,
    groupsMaxAgeMs: () => toSeconds(inForce.configuration.session.groupsMaxAge) * 1000,
    defaultTokenLifetime: () => inForce.configuration.tokens.lifetime,
    uid,
  });
  const keeping = setInterval(() => void logins.keepCredentials(), keepEveryMs);
  keeping.unref();
  add(() => clearInterval(keeping));
  return { credentials, screenLock, tokens, waiting, logins };
}

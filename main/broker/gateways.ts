import type { Closers } from '../base/closers.ts';
import { createRevocation } from '../access/revocation.ts';
import { createGatewayRestart } from './gateway-restart.ts';
import { createListeners } from './listeners.ts';
import { startGatewayHost } from '../gateway/host.ts';
import type { LocalAuthority } from '../store/local-authority.ts';
import type { LoginParts } from './logins.ts';
import type { PartOptions, Services } from './options.ts';
import type { People } from './people.ts';
import type { Readiness } from './readiness.ts';
import type { Sealed } from './sealed.ts';
import { hasLostRule } from './session-events.ts';

export type Gateways = Awaited<ReturnType<typeof openGateways>>;

/**
 * The gateways and what ends sessions there. Nobody can come in before what ends with a sign-in has been told of it,
 * so the listeners are the last to open.
 */
export async function openGateways(
  { inForce, gatewayThreads }: PartOptions,
  { open, add }: Closers,
  services: Services,
  { handles }: Sealed,
  { board, providers, secondFactor, session, subscribe }: People,
  { logins, screenLock, tokens, waiting }: LoginParts,
  readiness: Pick<Readiness, 'learnFrom'>,
) {
  const listeners = createListeners({ ...services, settings: () => inForce.listeners });
  const restart = createGatewayRestart(services);
  const gateway = await open(
    'gateway',
    () =>
      startGatewayHost({
        ...services,
        gatekeeper: readiness.learnFrom(logins),
        scram: handles.scram,
        elevatedTools: inForce.configuration.clients.elevatedTools,
        threads: gatewayThreads,
        onCrash: ({ sessions, isBack, failures }) => {
          services.log(
            isBack
              ? 'The gateways have been started again after a crash; their database sessions are gone.'
              : 'The gateways have crashed too often and are not started again.',
          );
          if (isBack) restart.note(sessions);
          void listeners.note(failures).catch(() => undefined);
        },
      }),
    (opened) => opened.close(),
  );
  const revocation = createRevocation({
    ...services,
    tokens,
    logins,
    cut: gateway.cut,
    onLock: () => inForce.configuration.session.onLock,
    lock: screenLock.lock,
    forgetUntilLock: waiting.locked,
    signOut: session.signOut,
  });
  subscribe({
    ended: ({ id }, reason) => revocation.revokeWhere(({ sessionId }) => sessionId === id, reason),
    groupsChanged: (live) =>
      revocation.revokeWhere(
        hasLostRule(live, inForce.configuration),
        'Your directory groups no longer allow this.',
      ),
  });
  subscribe({ ended: ({ id }) => waiting.forget(id) });
  subscribe({
    signedIn: ({ account }) => secondFactor.refresh(account),
    ended: ({ account }) => secondFactor.forget(account),
  });
  // Whoever was asked is there; a signed-in browser answers anybody who has it opened.
  subscribe({ signedIn: (_live, asked) => (asked ? screenLock.unlock('sign-in') : undefined) });
  subscribe({ signedIn: () => providers.lookAtSecrets() });

  add(listeners.close);
  await open('listeners', () => listeners.start(gateway));
  // The logins that wait hear why while their gateways still stand.
  add(() => board.close());
  // Opened by logins alone; what waits for a phone ends before the gateways do.
  add(() => secondFactor.close());
  return {
    listeners,
    restart,
    revocation,
    /** Shows certificates of this authority from now on. */
    useAuthority(next: LocalAuthority): void {
      inForce.useAuthority(next);
      gateway.certify(next);
    },
    /** Lets the gateways follow what is in force now; resolves when the listeners are open or have failed. */
    follow: (): Promise<void> => listeners.follow(inForce.configuration.clients.elevatedTools),
  };
}

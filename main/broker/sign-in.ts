import { createMailLimits } from '../mail/limits.ts';
import { createMailedCodes } from '../mail/mailed-codes.ts';
import type { SignInRequest } from '../session/wait-for-person.ts';
import type { PartOptions, Services } from './options.ts';
import type { People } from './people.ts';
import type { Sealed } from './sealed.ts';

/** Sign-ins as people start them, also with a code that is mailed. */
export function createSignIn(
  { inForce, home }: Pick<PartOptions, 'inForce' | 'home'>,
  services: Services,
  sealed: Pick<Sealed, 'passwords'>,
  people: Pick<People, 'session' | 'providers'>,
) {
  const { session, providers } = people;
  const mailedCodes = createMailedCodes({
    ...services,
    get settings() {
      return inForce.configuration.mail;
    },
    passwords: sealed.passwords,
    limits: createMailLimits(home.path),
  });

  /** @param request `mail` sends the code to the sign-in name, where the provider allows it. */
  return async ({
    mail,
    ...request
  }: Omit<SignInRequest, 'announce'> & { mail?: boolean | undefined } = {}): Promise<void> => {
    if (mail !== true) return session.signIn(request);
    const { settings: provider } = providers.named((await session.providerFor(request)).name);
    if (provider.type === 'local') return session.signIn(request);
    const announce = await mailedCodes.announcer(provider, request.username);
    return session.signIn({ ...request, way: 'device-code', announce });
  };
}

import { explain } from '../access/explain.ts';
import type { Explanation } from '../contract/explanation.ts';
import type { LoginDesk } from '../access/gatekeeper.ts';
import { LatchkeyError, toProblem } from '../contract/errors.ts';
import type { Group } from '../contract/state.ts';
import { routeSignIn } from '../identity/chain.ts';
import type { LiveSession } from '../identity/session-ports.ts';
import type { OwnSecondFactor } from './second-factor.ts';
import type { ProviderDesk } from './providers.ts';

export interface ExplanationOptions {
  desk: Pick<LoginDesk, 'connectionNamed'>;
  providers: ProviderDesk;
  secondFactor: OwnSecondFactor;
  liveSession(): LiveSession | undefined;
  /** Groups of somebody who is not signed in. */
  groupsOf(provider: string, username: string): Promise<{ groups: Group[]; source: string } | undefined>;
}

/**
 * Gathers the facts for `explain`: the chain's route, who is signed in, the groups, the second factor.
 * @param subject `<sign-in name>@<connection>`; the sign-in name may have an "@" itself
 * @throws LatchkeyError `request-invalid`, `connection-unknown`
 */
export async function explainAccess(subject: string, options: ExplanationOptions): Promise<Explanation> {
  const at = subject.lastIndexOf('@');
  const [username, name] = [subject.slice(0, at), subject.slice(at + 1)];
  if (at < 1 || name === '') {
    throw new LatchkeyError('request-invalid', `"${subject}" names no person and connection.`, {
      remedy: 'Write <sign-in name>@<connection>, for example ada@fabrikam.com@sales.',
    });
  }
  const connection = options.desk.connectionNamed(name);
  const route = await routeSignIn(options.providers.providers(), username);
  const live = options.liveSession();
  const isLive = live?.account.username.toLowerCase() === username.toLowerCase();
  return explain({
    username,
    connection,
    route,
    session: live && { username: live.account.username, until: new Date(live.until).toISOString() },
    groups:
      isLive && live !== undefined
        ? { known: true, groups: live.groups, source: `read ${new Date(live.groupsReadAt).toISOString()}` }
        : await lookUp(),
    enrolled:
      isLive && live !== undefined
        ? (await options.secondFactor.totp.state(live.account)).enrolled
        : undefined,
  });

  async function lookUp() {
    if (route.provider === undefined) return { known: false as const, because: 'no provider was asked' };
    try {
      const found = await options.groupsOf(route.provider, username);
      if (found !== undefined) return { known: true as const, ...found };
      return {
        known: false as const,
        because: `somebody else's groups take an application secret for "${route.provider}", or somebody who is signed in with it`,
      };
    } catch (error) {
      return { known: false as const, because: toProblem(error).message };
    }
  }
}

import { LatchkeyError } from '../contract/errors.ts';
import { routeSignIn } from './chain.ts';
import type { Provider } from './provider-port.ts';

/** The providers in use, in the order of the authentication chain. */
export class ProviderList {
  #all: readonly Provider[];

  constructor(all: readonly Provider[]) {
    this.#all = all;
  }

  get all(): readonly Provider[] {
    return this.#all;
  }

  replace(all: readonly Provider[]): void {
    this.#all = all;
  }

  named(name: string): Provider | undefined {
    return this.#all.find((provider) => provider.name === name);
  }

  /**
   * The name of the provider that the chain finds for a sign-in name.
   * @throws LatchkeyError `wrong-account` where the end of the chain denies.
   */
  async routed(username: string): Promise<string> {
    const { provider } = await routeSignIn(this.#all, username);
    if (provider !== undefined) return provider;
    throw new LatchkeyError(
      'wrong-account',
      `No provider of the authentication chain takes the name "${username}".`,
      { remedy: 'Check the name, or ask the administrator to add its domain to a provider.' },
    );
  }

  /**
   * The provider of that name, or the first of the chain, if one can sign in with a page of its directory.
   * @throws LatchkeyError `request-invalid`
   */
  chosen(wanted: string | undefined): Provider {
    const usable = this.#all.filter(({ enabled, type }) => enabled && type === 'azure-directory');
    const found = wanted === undefined ? usable[0] : usable.find(({ name }) => name === wanted);
    if (found !== undefined) return found;
    if (this.#all.some(({ name, type }) => name === wanted && type === 'local')) {
      throw new LatchkeyError('request-invalid', `"${wanted}" has accounts with a password.`, {
        remedy: 'Sign in with: latchkey login <name> --local',
      });
    }
    const which = wanted === undefined ? 'no provider' : `no provider "${wanted}"`;
    throw new LatchkeyError('request-invalid', `There is ${which} that is turned on.`, {
      remedy: `Turned on are: ${usable.map(({ name }) => name).join(', ') || 'none'}.`,
    });
  }
}

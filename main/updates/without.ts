import { demandOn, shownWishes } from './updates.ts';
import type { Updates, UpdateServices } from './ports.ts';

/** For a Latchkey without a screen, which is installed and updated as any service of its host. */
export function withoutUpdates({ wishes }: Pick<UpdateServices, 'wishes'>): Updates {
  const off = { kind: 'off', reason: 'no-screen' } as const;
  const refuse = async (): Promise<void> => demandOn(off);
  return {
    state: () => ({ now: off, ...shownWishes(wishes()) }),
    check: refuse,
    install: refuse,
    configurationChanged: () => undefined,
    close: async () => undefined,
  };
}

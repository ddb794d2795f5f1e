import type { AppState } from '../contract/state.ts';

export interface GatewayRestartOptions {
  changed(): void;
  now(): number;
}

/** That the gateways were started anew after a crash, until the person has seen it. */
export function createGatewayRestart({ changed, now }: GatewayRestartOptions) {
  let known: NonNullable<AppState['gatewayRestart']> | undefined;
  return {
    state: (): Pick<AppState, 'gatewayRestart'> => (known === undefined ? {} : { gatewayRestart: known }),
    /** @param sessions how many have ended; those of a crash that nobody has seen yet count on */
    note(sessions: number): void {
      known = { at: new Date(now()).toISOString(), sessions: (known?.sessions ?? 0) + sessions };
      changed();
    },
    dismiss(): void {
      if (known === undefined) return;
      known = undefined;
      changed();
    },
  };
}

import type { AppState } from '../../main/contract/state.ts';

/** Whether nothing has been set up yet, by nobody. */
export function isFirstRun(state: AppState): boolean {
  const { providers, connections, faultyConnections, joinedOrganisation, organisationSettings } = state;
  return (
    providers.length === 0 &&
    connections.length === 0 &&
    faultyConnections === undefined &&
    joinedOrganisation === undefined &&
    organisationSettings === undefined
  );
}

import type { AppState, ConnectionState } from '../../main/contract/state.ts';

/** Most people use a handful: it is filled up to these, where they have put fewer first. */
const enough = 5;
const mostFavourites = 8;
const shownRecents = 3;

export interface Shortlist {
  favourites: ConnectionState[];
  recents: ConnectionState[];
  others: ConnectionState[];
}

/** Of the connections that the person may use: what was put first, what was used last, and others where these are few. */
export function shortlistOf({
  connections,
  favourites = [],
  recents = [],
}: Pick<AppState, 'connections' | 'favourites' | 'recents'>): Shortlist {
  const open = connections.filter(({ grants }) => grants.length > 0);
  const named = (names: readonly string[]): ConnectionState[] =>
    names.flatMap((name) => open.find((connection) => connection.name === name) ?? []);
  const first = named(favourites).slice(0, mostFavourites);
  const last = named(recents)
    .filter((connection) => !first.includes(connection))
    .slice(0, shownRecents);
  const rest = open.filter((connection) => !first.includes(connection) && !last.includes(connection));
  return {
    favourites: first,
    recents: last,
    others: rest.slice(0, Math.max(0, enough - first.length - last.length)),
  };
}

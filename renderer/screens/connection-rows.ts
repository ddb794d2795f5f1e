import type { AppState, ConnectionState, Grant } from '../../main/contract/state.ts';
import { access as t } from '../texts/en/access.ts';
import { protocolTitles } from '../ui/protocols.ts';

/** A connection in the list: once for each account that may use it, where several are signed in. */
export interface Row {
  /** Unique in the list. */
  key: string;
  connection: ConnectionState;
  /** The first way in, of the account where the row is one account's; absent where there is none. */
  grant: Grant | undefined;
}

export interface Section {
  /** Undefined where the list has one section only. */
  title: string | undefined;
  rows: Row[];
}

type Listed = Pick<AppState, 'accounts' | 'connections' | 'favourites' | 'recents'>;

/** In a shorter list everything is in sight, and nothing need move to be found. */
const recentsFrom = 9;
const shownRecents = 3;

/**
 * What one can use comes first: favourites, what was used last, then the others; by account where there are several. What
 * one cannot use is still there.
 */
export function sectionsOf(state: Listed, search: string): Section[] {
  const found = state.connections.filter((connection) => matches(connection, search));
  const open = found.filter(({ grants }) => grants.length > 0);
  const closed = found.filter(({ grants }) => grants.length === 0);
  const sections = [
    ...(state.accounts.length > 1 ? byAccount(state, open) : byUse(state, open, search)),
    { title: t.noAccess, rows: closed.map((connection) => row(connection, undefined)) },
  ].filter(({ rows }) => rows.length > 0);
  return sections.length === 1 ? sections.map(({ rows }) => ({ title: undefined, rows })) : sections;
}

function byUse(
  { favourites = [], recents = [] }: Listed,
  open: ConnectionState[],
  search: string,
): Section[] {
  const named = (names: readonly string[]): ConnectionState[] =>
    names.flatMap((name) => open.find((connection) => connection.name === name) ?? []);
  const first = named(favourites);
  const isLong = open.length >= recentsFrom && search === '';
  const last = isLong
    ? named(recents.filter((name) => !favourites.includes(name))).slice(0, shownRecents)
    : [];
  const rest = open.filter((connection) => !first.includes(connection) && !last.includes(connection));
  const rows = (connections: ConnectionState[]): Row[] =>
    connections.map((connection) => row(connection, connection.grants[0]));
  return [
    { title: t.favourites, rows: rows(first) },
    { title: t.usedLast, rows: rows(last) },
    { title: first.length + last.length > 0 ? t.others : t.openToYou, rows: rows(rest) },
  ];
}

/** Favourites come first in the group of each account. */
function byAccount({ accounts, favourites = [] }: Listed, open: ConnectionState[]): Section[] {
  const isFirst = ({ name }: ConnectionState): boolean => favourites.includes(name);
  const inOrder = [...open.filter(isFirst), ...open.filter((connection) => !isFirst(connection))];
  return accounts.map(({ account: { objectId, username } }) => ({
    title: username,
    rows: inOrder.flatMap((connection) => {
      const grant = connection.grants.find((each) => each.objectId === objectId);
      return grant === undefined ? [] : [row(connection, grant, objectId)];
    }),
  }));
}

/** @param account where there are several */
export function row(connection: ConnectionState, grant: Grant | undefined, account = ''): Row {
  return { key: `${account} ${connection.name}`, connection, grant };
}

/** Each word of the search has to be somewhere in what the row says. */
function matches({ name, title, host, port, database, protocol, grants }: ConnectionState, search: string) {
  const words = search.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const roles = grants.map(({ role }) => role);
  const text = [name, title, `${host}:${port}`, database, protocolTitles[protocol], ...roles]
    .join('\n')
    .toLocaleLowerCase();
  return words.every((word) => text.includes(word));
}

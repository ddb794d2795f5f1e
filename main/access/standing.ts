import { isDeepStrictEqual } from 'node:util';
import { databasesOf, nameInRule } from '../config/databases.ts';
import type { ConnectionSettings, RuleSettings } from '../config/schema.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { systemDatabase } from '../contract/protocols.ts';

/** What a token or a database session was given by. */
export interface Standing {
  connection: ConnectionSettings;
  rule: RuleSettings;
  /** Of a session; a token is for any. */
  database?: string | undefined;
}

/**
 * Whether what was given by a rule stands in the configuration that counts now: the connection leads to the same server
 * in the same way, the rule is there and unchanged, and the database is still among those that both open. What only
 * tells how the next login goes (port, time-outs, lifetimes, how many sessions) ends nothing.
 * @param now the connection of the same name; undefined where there is none any more
 */
export function stands(
  { connection, rule, database }: Standing,
  now: ConnectionSettings | undefined,
): boolean {
  if (now === connection) return true;
  if (now === undefined || !isDeepStrictEqual(wayOf(connection), wayOf(now))) return false;
  return now.rules.some(
    (other) => isSameRule(rule, other) && (database === undefined || opens(now, other, database)),
  );
}

/** Whether these are one rule as far as it goes for a session that it has opened. */
export function isSameRule(one: RuleSettings, other: RuleSettings): boolean {
  return one === other || isDeepStrictEqual(grantOf(one), grantOf(other));
}

/** @throws LatchkeyError `config-changed` where what is being made no longer stands */
export function checkStanding(standing: Standing, now: ConnectionSettings | undefined): void {
  if (!stands(standing, now)) throw changedMeanwhile(standing.connection.name);
}

/** For what was under way when the configuration changed. */
export function changedMeanwhile(connection: string): LatchkeyError {
  return new LatchkeyError('config-changed', `The configuration of "${connection}" has changed meanwhile.`, {
    remedy: 'Try again: what it says now counts.',
  });
}

function wayOf({ protocol, localInfile, upstream }: ConnectionSettings) {
  const { database: _own, databases: _all, connectTimeout: _reach, lostAfter: _lost, ...server } = upstream;
  return { protocol, localInfile, server };
}

function grantOf(rule: RuleSettings) {
  const {
    description: _text,
    databases: _databases,
    maxSessions: _most,
    tokenLifetime: _token,
    handleLifetime: _handle,
    ...grant
  } = rule;
  return grant;
}

function opens(connection: ConnectionSettings, rule: RuleSettings, database: string): boolean {
  const { protocol } = connection;
  const all = databasesOf(connection);
  // The server has let it in under this spelling.
  const folded = (name: string): string => (protocol === 'postgresql' ? name : name.toLowerCase());
  const isOffered =
    all === 'any' ||
    all.some((name) => folded(name) === folded(database)) ||
    systemDatabase(protocol, database) !== undefined;
  return isOffered && nameInRule(protocol, rule, database, true) !== undefined;
}

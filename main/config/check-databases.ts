import type { z } from 'zod';
import { isSystemDatabase } from '../contract/protocols.ts';
import type { Fault } from './fault.ts';
import { isSameDatabase, ownDatabase } from './databases.ts';
import type { configuration } from './schema.ts';

type Connection = z.output<typeof configuration>['connections'][number];

/** A rule opens databases of its connection only; one that the connection has not would be opened by nobody. */
export function databaseFaults(connection: Connection, index: number): Fault[] {
  const { protocol, upstream } = connection;
  const database = ownDatabase(protocol, upstream);
  if (database === undefined) {
    const path = ['connections', index, 'upstream', 'database'];
    return [{ path, message: 'is missing; name it, or list several in upstream.databases' }];
  }
  const all = upstream.databases === 'any' ? 'any' : [database, ...(upstream.databases ?? [])];
  if (all === 'any') return [];
  const has = (name: string): boolean =>
    isSystemDatabase(protocol, name) || all.some((known) => isSameDatabase(protocol, known, name));
  return connection.rules.flatMap(({ databases = [] }, rule) =>
    databases.flatMap((name, place): Fault[] =>
      has(name)
        ? []
        : [
            {
              path: ['connections', index, 'rules', rule, 'databases', place],
              message: `${JSON.stringify(name)} is no database of connection "${connection.name}" (${[...new Set(all)].join(', ')}); correct it, or add it to upstream.databases`,
            },
          ],
    ),
  );
}

/**
 * Where a session goes on to another database by a statement, a second factor for one of them is got round by a login to
 * another with the same role.
 */
export function sidestepped({ name, protocol, rules }: Connection): string[] {
  if (protocol === 'postgresql') return [];
  const roles = new Set(rules.filter(({ databases }) => databases !== undefined).map(({ role }) => role));
  return [...roles]
    .filter((role) => new Set(rules.filter((rule) => rule.role === role).map(({ mfa }) => mfa)).size > 1)
    .map(
      (role) =>
        `connection "${name}": rules ask for a second factor for some databases of the role "${role}" only, and a session goes from one to the other with USE; give those databases a role of their own`,
    );
}

/** The connection's own name always stands for its own database, so that one of the server may be out of reach. */
export function hiddenDatabase({ name, protocol, upstream }: Connection): string[] {
  const database = ownDatabase(protocol, upstream);
  if (upstream.databases !== 'any' || name === database) return [];
  return [
    `connection "${name}": a login that names the database "${name}" opens "${database}"; if the server has a database "${name}" as well, call the connection otherwise`,
  ];
}

import type { ConnectionSettings, RuleSettings } from '../config/schema.ts';
import { nameInRule } from '../config/databases.ts';
import { toSeconds } from '../config/duration.ts';
import { isOpen } from './limits.ts';
import type { Grant, Group } from '../contract/state.ts';
import type { Replication } from '../gateway/ports.ts';

/** One way in: the rule that opens it, and the group that fulfils the rule. */
export interface Permission {
  connection: string;
  rule: RuleSettings;
  /** How the rule names the database that was asked for; absent where none was. */
  database?: string;
  group: Group;
  tokenLifetimeSeconds: number;
  handleLifetimeSeconds: number;
}

/** What a login asks for. */
export interface Purpose {
  database?: string | undefined;
  /** The server is known to tell names of databases apart by case; else a name in another case counts: see `nameInRule`. */
  exactNames?: boolean | undefined;
  at?: number;
  /** A replication connection of this kind. */
  replication?: Replication | undefined;
}

const defaultHandleLifetime = '90d';

/**
 * What these groups may do on a connection, in the order of its rules. Two rules for one role give one permission:
 * the first that is fulfilled. Groups count by object id alone. An empty answer means "no".
 *
 * @param login what for: rules that do not open this database (by its name on the server), do not give this kind of connection
 * or are closed at this time (ms since 1970) are left out. Without either all count.
 */
export function permissions(
  connection: ConnectionSettings,
  groups: readonly Group[],
  defaultLifetime: string,
  { database: asked, exactNames, at, replication }: Purpose = {},
): Permission[] {
  const byId = new Map(groups.map((group) => [group.id.toLowerCase(), group]));
  const roles = new Set<string>();
  const found: Permission[] = [];
  for (const rule of connection.rules) {
    const group = byId.get(rule.group);
    if (group === undefined || roles.has(rule.role)) continue;
    const database =
      asked === undefined ? undefined : nameInRule(connection.protocol, rule, asked, exactNames);
    if (asked !== undefined && database === undefined) continue;
    if (at !== undefined && !isOpen(rule, at)) continue;
    if (replication !== undefined && ![rule.replication].flat().includes(replication)) continue;
    roles.add(rule.role);
    found.push({
      connection: connection.name,
      rule,
      ...(database === undefined ? {} : { database }),
      group,
      tokenLifetimeSeconds: toSeconds(rule.tokenLifetime ?? defaultLifetime),
      handleLifetimeSeconds: toSeconds(rule.handleLifetime ?? defaultHandleLifetime),
    });
  }
  return found;
}

/** @param objectId of the account */
export function toGrant({ rule, group, tokenLifetimeSeconds }: Permission, objectId: string): Grant {
  return {
    role: rule.role,
    group: { id: group.id, name: group.name || (rule.description ?? '') },
    tokenLifetimeSeconds,
    objectId,
  };
}

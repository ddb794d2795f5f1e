import type { ConnectionSettings, RuleSettings } from '../config/schema.ts';
import { toSeconds } from '../config/schema.ts';
import type { Grant, Group } from '../contract/state.ts';

/** One way in: the rule that opens it, and the group that fulfils the rule. */
export interface Permission {
  connection: string;
  rule: RuleSettings;
  group: Group;
  tokenLifetimeSeconds: number;
}

/**
 * What these groups may do on a connection, in the order of its rules. Two rules for one role give one permission:
 * the first that is fulfilled. Groups count by object id alone. An empty answer means "no".
 */
export function permissions(
  connection: ConnectionSettings,
  groups: readonly Group[],
  defaultLifetime: string,
): Permission[] {
  const byId = new Map(groups.map((group) => [group.id.toLowerCase(), group]));
  const roles = new Set<string>();
  const found: Permission[] = [];
  for (const rule of connection.rules) {
    const group = byId.get(rule.group);
    if (group === undefined || roles.has(rule.role)) continue;
    roles.add(rule.role);
    found.push({
      connection: connection.name,
      rule,
      group,
      tokenLifetimeSeconds: toSeconds(rule.tokenLifetime ?? defaultLifetime),
    });
  }
  return found;
}

export function toGrant({ rule, group, tokenLifetimeSeconds }: Permission): Grant {
  return {
    role: rule.role,
    group: { id: group.id, name: group.name || (rule.description ?? '') },
    tokenLifetimeSeconds,
  };
}

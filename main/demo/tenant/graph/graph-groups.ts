import type { Group } from '../directory-schema.ts';
import {
  listBody,
  objectBody,
  readsGroups,
  requireAdvancedForList,
  requireAny,
  type Call,
} from './graph-call.ts';
import { notFound } from './graph-errors.ts';
import type { GraphObject } from './graph-query.ts';

export function listGroups(call: Call): object {
  const { request, caller } = call;
  requireAny(caller, readsGroups);
  requireAdvancedForList(request);
  return listBody(call, 'groups', () =>
    [...caller.tenant.groups.values()].map((group) => groupObject(group, true)),
  );
}

export function readGroup(call: Call, id: string): object {
  const { caller } = call;
  requireAny(caller, readsGroups);
  const group = caller.tenant.groups.get(id.toLowerCase());
  if (group === undefined) throw notFound(id);
  return objectBody(call, 'groups', groupObject(group, true));
}

/** Without the permission to read groups, an object in a list of memberships has nothing but its id and type. */
export function groupObject(group: Group, showsNames: boolean): GraphObject {
  const properties = {
    displayName: group.displayName,
    description: group.description ?? null,
    mail: group.mail ?? null,
    mailEnabled: group.mail !== undefined,
    securityEnabled: group.securityEnabled,
    groupTypes: [] as string[],
  };
  const hidden = Object.fromEntries(Object.keys(properties).map((name) => [name, null]));
  return { '@odata.type': '#microsoft.graph.group', id: group.id, ...(showsNames ? properties : hidden) };
}

import type { LiveDirectory } from '../directory.ts';
import type { Incoming } from '../http.ts';
import type { Caller } from './graph-caller.ts';
import { accessDenied, graphRefusal } from './graph-errors.ts';
import { applyQuery, requireAdvanced, select, type GraphObject, type Pager } from './graph-query.ts';

/** One request of a known caller, and what it is answered from. */
export interface Call {
  request: Incoming;
  caller: Caller;
  directory: LiveDirectory;
  pager: Pager;
  origin: string;
}

/** Permissions, any of which lets a caller read something. */
export const readsOtherUsers = ['User.ReadBasic.All', 'User.Read.All', 'Directory.Read.All'];
export const readsSelf = ['User.Read', ...readsOtherUsers];
export const readsGroups = ['GroupMember.Read.All', 'Group.Read.All', 'Directory.Read.All'];
export const readsOtherMemberships = ['User.Read.All', ...readsGroups];

export function hasAny({ permissions }: Caller, names: string[]): boolean {
  return names.some((name) => permissions.has(name));
}

export function requireAny(caller: Caller, names: string[]): void {
  if (!hasAny(caller, names)) throw accessDenied();
}

export function onlyGet(request: Incoming): void {
  if (request.method === 'GET') return;
  const message = 'Specified HTTP method is not allowed for the request target.';
  throw graphRefusal(405, 'Request_BadRequest', message);
}

export function context({ origin }: Call, type: string): { '@odata.context': string } {
  return { '@odata.context': `${origin}/v1.0/$metadata#${type}` };
}

/** A page of a list. @param defaultProperties stand for a missing $select */
export function listBody(
  call: Call,
  type: string,
  list: () => GraphObject[],
  defaultProperties?: string,
): object {
  const { request, caller, pager } = call;
  const page = pager.page(request, caller.key, () => applyQuery(request, list(), defaultProperties));
  return { ...context(call, type), ...page };
}

export function objectBody(
  call: Call,
  type: string,
  object: GraphObject,
  defaultProperties: string | null = null,
): object {
  const properties = call.request.url.searchParams.get('$select') ?? defaultProperties;
  return { ...context(call, `${type}/$entity`), ...select(properties, object) };
}

export function requireAdvancedForList(request: Incoming): void {
  const has = (name: string): boolean => request.url.searchParams.has(name);
  if (has('$search') || has('$count') || (has('$filter') && has('$orderby'))) {
    requireAdvanced(request, has('$filter') && has('$orderby'));
  }
}

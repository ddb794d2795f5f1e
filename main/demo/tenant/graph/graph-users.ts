import type { User } from '../directory-schema.ts';
import type { Incoming } from '../http.ts';
import {
  context,
  hasAny,
  listBody,
  objectBody,
  onlyGet,
  readsGroups,
  readsOtherMemberships,
  readsOtherUsers,
  readsSelf,
  requireAdvancedForList,
  requireAny,
  type Call,
} from './graph-call.ts';
import type { Caller } from './graph-caller.ts';
import { accessDenied, graphRefusal, noSegment, notFound } from './graph-errors.ts';
import { groupObject } from './graph-groups.ts';
import { requireAdvanced, type GraphObject } from './graph-query.ts';

const defaultProperties = 'id,displayName,givenName,jobTitle,mail,surname,userPrincipalName';
const readsFullUsers = ['User.Read.All', 'Directory.Read.All'];
const maxCheckedGroups = 20;

export function listUsers(call: Call): object {
  const { request, caller } = call;
  requireAny(caller, readsOtherUsers);
  requireAdvancedForList(request);
  const full = hasAny(caller, readsFullUsers);
  const list = (): GraphObject[] => [...caller.tenant.users.values()].map((user) => userObject(user, full));
  return listBody(call, 'users', list, defaultProperties);
}

/** What stands below a user: the object itself, its memberships, the check of groups. */
export function answerAboutUser(call: Call, user: User, rest: string[]): object {
  const [action, cast, ...more] = rest;
  if (more.length > 0) throw noSegment(more.join('/'));
  if (action === undefined) {
    onlyGet(call.request);
    return readUser(call, user);
  }
  if (action === 'memberOf' || action === 'transitiveMemberOf') {
    onlyGet(call.request);
    return memberships(call, user, action, cast);
  }
  if (action === 'checkMemberGroups' && cast === undefined && call.request.method === 'POST')
    return checkMemberGroups(call, user);
  throw noSegment(action);
}

function readUser(call: Call, user: User): object {
  const { caller } = call;
  const isSelf = caller.account?.user === user;
  requireAny(caller, isSelf ? readsSelf : readsOtherUsers);
  const object = userObject(user, isSelf || hasAny(caller, readsFullUsers));
  return objectBody(call, 'users', object, defaultProperties);
}

function memberships(
  call: Call,
  user: User,
  path: 'memberOf' | 'transitiveMemberOf',
  cast: string | undefined,
): object {
  const { request, caller, directory } = call;
  requireMemberships(caller, user);
  if (cast !== undefined && cast !== 'microsoft.graph.group') {
    throw graphRefusal(400, 'BadRequest', `The type '${cast}' is not among the objects of this list.`);
  }
  const { searchParams } = request.url;
  const isAdvanced =
    cast !== undefined || ['$filter', '$search', '$orderby', '$count'].some((name) => searchParams.has(name));
  if (isAdvanced) requireAdvanced(request, true);
  const find = path === 'memberOf' ? directory.directGroups : directory.transitiveGroups;
  const showsNames = hasAny(caller, readsGroups);
  return listBody(call, cast === undefined ? 'directoryObjects' : 'groups', () =>
    find(caller.tenant, user.id).map((group) => groupObject(group, showsNames)),
  );
}

function checkMemberGroups(call: Call, user: User): object {
  const { request, caller, directory } = call;
  requireMemberships(caller, user);
  const ids = groupIdsOf(request);
  const own = new Set(directory.transitiveGroups(caller.tenant, user.id).map((group) => group.id));
  return { ...context(call, 'Collection(Edm.String)'), value: ids.filter((id) => own.has(id.toLowerCase())) };
}

function requireMemberships(caller: Caller, user: User): void {
  const isSelf = caller.account?.user === user;
  requireAny(caller, isSelf ? ['User.Read', ...readsOtherMemberships] : readsOtherMemberships);
}

export function findUser(caller: Caller, reference: string): User {
  const wanted = reference.toLowerCase();
  const byId = caller.tenant.users.get(wanted);
  if (byId !== undefined) return byId;
  const byName = [...caller.tenant.users.values()].find(
    (user) => user.userPrincipalName.toLowerCase() === wanted,
  );
  if (byName !== undefined) return byName;
  // A caller who may not read other users is not told which of them exist.
  if (!hasAny(caller, [...readsOtherUsers, ...readsOtherMemberships])) throw accessDenied();
  throw notFound(reference);
}

function userObject(user: User, full: boolean): GraphObject {
  const basic = {
    '@odata.type': '#microsoft.graph.user',
    id: user.id,
    displayName: user.displayName,
    givenName: user.givenName ?? null,
    surname: user.surname ?? null,
    mail: user.mail ?? null,
    userPrincipalName: user.userPrincipalName,
  };
  const more = {
    jobTitle: user.jobTitle ?? null,
    department: user.department ?? null,
    accountEnabled: user.accountEnabled,
  };
  const userType = user.home === undefined ? 'Member' : 'Guest';
  return full
    ? { ...basic, ...more, userType }
    : { ...basic, jobTitle: null, department: null, accountEnabled: null, userType: null };
}

function groupIdsOf({ body: text }: Incoming): string[] {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw graphRefusal(400, 'BadRequest', 'Unable to read JSON request payload.');
  }
  const ids = typeof body === 'object' && body !== null && 'groupIds' in body ? body.groupIds : undefined;
  if (!Array.isArray(ids))
    throw graphRefusal(400, 'Request_BadRequest', 'The parameter groupIds is missing.');
  if (ids.length > maxCheckedGroups) {
    const message = `The number of values in groupIds, ${ids.length}, is above the maximum of ${maxCheckedGroups}.`;
    throw graphRefusal(400, 'Request_BadRequest', message);
  }
  return ids.map(String);
}

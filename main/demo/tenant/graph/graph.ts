import type { Group, User } from '../directory-schema.ts';
import { authenticateCaller, type Caller, type CallerCheckParts } from './graph-caller.ts';
import {
  accessDenied,
  graphErrorReply,
  graphRefusal,
  isGraphRefusal,
  notFound,
  requestIds,
} from './graph-errors.ts';
import { applyQuery, createPager, requireAdvanced, select, type GraphObject } from './graph-query.ts';
import { jsonReply, type Incoming, type Reply } from '../http.ts';

export interface Graph {
  /** Answers one request below /v1.0, except $batch. */
  answer(request: Incoming): Promise<Reply>;
}

/** Permissions, any of which lets a caller read something. */
const readsOtherUsers = ['User.ReadBasic.All', 'User.Read.All', 'Directory.Read.All'];
const readsSelf = ['User.Read', ...readsOtherUsers];
const readsGroups = ['GroupMember.Read.All', 'Group.Read.All', 'Directory.Read.All'];
const readsOtherMemberships = ['User.Read.All', ...readsGroups];

const maxCheckedGroups = 20;

/** Microsoft Graph as far as users and groups go, over the same directory as the authority. */
export function createGraph(parts: CallerCheckParts, origin: string): Graph {
  const { directory } = parts;
  const pager = createPager(origin);

  const listReply = (
    request: Incoming,
    caller: Caller,
    context: string,
    list: () => GraphObject[],
    defaultProperties?: string,
  ): Reply =>
    jsonReply(200, {
      '@odata.context': `${origin}/v1.0/$metadata#${context}`,
      ...pager.page(request, caller.key, () => applyQuery(request, list(), defaultProperties)),
    });

  const memberships = (
    request: Incoming,
    caller: Caller,
    user: User,
    path: string,
    cast: string | undefined,
  ): Reply => {
    const isSelf = caller.account?.user === user;
    requireAny(caller, isSelf ? ['User.Read', ...readsOtherMemberships] : readsOtherMemberships);
    if (cast !== undefined && cast !== 'microsoft.graph.group') {
      throw graphRefusal(400, 'BadRequest', `The type '${cast}' is not among the objects of this list.`);
    }
    const { searchParams } = request.url;
    const isAdvanced =
      cast !== undefined ||
      ['$filter', '$search', '$orderby', '$count'].some((name) => searchParams.has(name));
    if (isAdvanced) requireAdvanced(request, true);
    const find = path === 'memberOf' ? directory.directGroups : directory.transitiveGroups;
    const showsNames = hasAny(caller, readsGroups);
    return listReply(request, caller, cast === undefined ? 'directoryObjects' : 'groups', () =>
      find(caller.tenant, user.id).map((group) => groupObject(group, showsNames)),
    );
  };

  const checkMemberGroups = (request: Incoming, caller: Caller, user: User): Reply => {
    const isSelf = caller.account?.user === user;
    requireAny(caller, isSelf ? ['User.Read', ...readsOtherMemberships] : readsOtherMemberships);
    const ids = groupIdsOf(request);
    const own = new Set(directory.transitiveGroups(caller.tenant, user.id).map((group) => group.id));
    return jsonReply(200, {
      '@odata.context': `${origin}/v1.0/$metadata#Collection(Edm.String)`,
      value: ids.filter((id) => own.has(id.toLowerCase())),
    });
  };

  const readUser = (request: Incoming, caller: Caller, user: User): Reply => {
    const isSelf = caller.account?.user === user;
    requireAny(caller, isSelf ? readsSelf : readsOtherUsers);
    const object = userObject(user, isSelf || hasAny(caller, ['User.Read.All', 'Directory.Read.All']));
    return jsonReply(200, {
      '@odata.context': `${origin}/v1.0/$metadata#users/$entity`,
      ...select(request.url.searchParams.get('$select') ?? defaultUserProperties, object),
    });
  };

  const listUsers = (request: Incoming, caller: Caller): Reply => {
    requireAny(caller, readsOtherUsers);
    requireAdvancedForList(request);
    const full = hasAny(caller, ['User.Read.All', 'Directory.Read.All']);
    const list = (): GraphObject[] => [...caller.tenant.users.values()].map((user) => userObject(user, full));
    return listReply(request, caller, 'users', list, defaultUserProperties);
  };

  const listGroups = (request: Incoming, caller: Caller): Reply => {
    requireAny(caller, readsGroups);
    requireAdvancedForList(request);
    return listReply(request, caller, 'groups', () =>
      [...caller.tenant.groups.values()].map((group) => groupObject(group, true)),
    );
  };

  const readGroup = (request: Incoming, caller: Caller, id: string): Reply => {
    requireAny(caller, readsGroups);
    const group = caller.tenant.groups.get(id.toLowerCase());
    if (group === undefined) throw notFound(id);
    return jsonReply(200, {
      '@odata.context': `${origin}/v1.0/$metadata#groups/$entity`,
      ...select(request.url.searchParams.get('$select'), groupObject(group, true)),
    });
  };

  const ofUser = (request: Incoming, caller: Caller, user: User, rest: string[]): Reply => {
    const [action, cast, ...more] = rest;
    if (more.length > 0) throw noSegment(more.join('/'));
    if (action === undefined) return onlyGet(request, () => readUser(request, caller, user));
    if (action === 'memberOf' || action === 'transitiveMemberOf') {
      return onlyGet(request, () => memberships(request, caller, user, action, cast));
    }
    if (action === 'checkMemberGroups' && cast === undefined && request.method === 'POST') {
      return checkMemberGroups(request, caller, user);
    }
    throw noSegment(action);
  };

  const route = (request: Incoming, caller: Caller): Reply => {
    const [version, collection, ...rest] = request.url.pathname.split('/').slice(1).map(safeDecode);
    if (version !== 'v1.0') throw graphRefusal(400, 'BadRequest', `Invalid version: ${version ?? ''}`);
    const [id, ...below] = rest;
    if (collection === 'me') {
      if (caller.account === undefined) {
        throw graphRefusal(
          400,
          'BadRequest',
          '/me request is only valid with delegated authentication flow.',
        );
      }
      return ofUser(request, caller, caller.account.user, rest);
    }
    if (collection === 'users') {
      if (id === undefined) return onlyGet(request, () => listUsers(request, caller));
      return ofUser(request, caller, findUser(caller, id), below);
    }
    if (collection === 'groups' && below.length === 0) {
      return onlyGet(request, () =>
        id === undefined ? listGroups(request, caller) : readGroup(request, caller, id),
      );
    }
    throw noSegment(collection ?? '');
  };

  return {
    answer: async (request) => {
      try {
        const reply = route(request, await authenticateCaller(parts, request));
        return { ...reply, headers: { ...reply.headers, ...requestIds(request) } };
      } catch (error) {
        if (isGraphRefusal(error)) return graphErrorReply(parts.clock, request, error);
        throw error;
      }
    },
  };
}

const defaultUserProperties = 'id,displayName,givenName,jobTitle,mail,surname,userPrincipalName';

function findUser(caller: Caller, reference: string): User {
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

/** Without the permission to read groups, an object in a list of memberships has nothing but its id and type. */
function groupObject(group: Group, showsNames: boolean): GraphObject {
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

function groupIdsOf(request: Incoming): string[] {
  let body: unknown;
  try {
    body = JSON.parse(request.body);
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

function requireAdvancedForList(request: Incoming): void {
  const has = (name: string): boolean => request.url.searchParams.has(name);
  if (has('$search') || has('$count') || (has('$filter') && has('$orderby'))) {
    requireAdvanced(request, has('$filter') && has('$orderby'));
  }
}

function hasAny({ permissions }: Caller, names: string[]): boolean {
  return names.some((name) => permissions.has(name));
}

function requireAny(caller: Caller, names: string[]): void {
  if (!hasAny(caller, names)) throw accessDenied();
}

function onlyGet(request: Incoming, handle: () => Reply): Reply {
  if (request.method === 'GET') return handle();
  throw graphRefusal(
    405,
    'Request_BadRequest',
    `Specified HTTP method is not allowed for the request target.`,
  );
}

function noSegment(segment: string): Error {
  return graphRefusal(400, 'BadRequest', `Resource not found for the segment '${segment}'.`);
}

function safeDecode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

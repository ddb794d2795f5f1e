import { decoded, jsonReply, type Incoming, type Reply } from '../http.ts';
import { readApplication } from './graph-applications.ts';
import { onlyGet, type Call } from './graph-call.ts';
import { authenticateCaller, type CallerCheckParts } from './graph-caller.ts';
import { graphErrorReply, graphRefusal, isGraphRefusal, noSegment, requestIds } from './graph-errors.ts';
import { listGroups, readGroup } from './graph-groups.ts';
import { createPager } from './graph-query.ts';
import { answerAboutUser, findUser, listUsers } from './graph-users.ts';

export interface Graph {
  /** Answers one request below /v1.0, except $batch. */
  answer(request: Incoming): Promise<Reply>;
}

/** Microsoft Graph as far as users and groups go, over the same directory as the authority. */
export function createGraph(parts: CallerCheckParts, origin: string): Graph {
  const pager = createPager(origin);
  return {
    answer: async (request) => {
      try {
        const caller = await authenticateCaller(parts, request);
        const value = route({ request, caller, directory: parts.directory, pager, origin });
        return jsonReply(200, value, requestIds(request));
      } catch (error) {
        if (isGraphRefusal(error)) return graphErrorReply(parts.clock, request, error);
        throw error;
      }
    },
  };
}

/** The body of the answer. */
function route(call: Call): object {
  const { request, caller } = call;
  const [version, collection = '', ...rest] = request.url.pathname.split('/').slice(1).map(decoded);
  if (version !== 'v1.0') throw graphRefusal(400, 'BadRequest', `Invalid version: ${version ?? ''}`);
  const [id, ...below] = rest;
  if (collection === 'me') {
    if (caller.account !== undefined) return answerAboutUser(call, caller.account.user, rest);
    const message = '/me request is only valid with delegated authentication flow.';
    throw graphRefusal(400, 'BadRequest', message);
  }
  if (collection === 'users') {
    if (id !== undefined) return answerAboutUser(call, findUser(caller, id), below);
    onlyGet(request);
    return listUsers(call);
  }
  if (collection === 'groups' && below.length === 0) {
    onlyGet(request);
    return id === undefined ? listGroups(call) : readGroup(call, id);
  }
  const clientId = /^applications\(appId='([\da-f-]{36})'\)$/i.exec(collection)?.[1];
  if (clientId === undefined || id !== undefined) throw noSegment(collection);
  onlyGet(request);
  return readApplication(call, clientId);
}

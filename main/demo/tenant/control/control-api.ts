import { z } from 'zod';
import { jsonReply, readIncoming, writeReply, type Incoming, type Reply } from '../http.ts';
import type { Handle } from '../listener.ts';
import { runOperation, type Operation } from './operation.ts';
import { isTenantError } from '../tenant-error.ts';

type AnyOperation = Operation<z.ZodType, unknown>;

/**
 * The operations over plain http on a loopback address, JSON in and out. Whoever can reach it owns the tenant, so web
 * pages are kept away: the listener has checked the Host header, a request with an Origin or from another site is
 * refused, and only a JSON body changes anything, for which a browser would have to ask first and is never allowed.
 *
 * `GET /` lists the routes with a sentence and the JSON Schema of the input. The name is the method of LocalTenant.
 *
 * GET  /device-codes                      deviceCodes
 * POST /device-codes/complete             complete
 * POST /device-codes/decline              decline
 * POST /device-codes/expire               expire
 * POST /users/revoke                      revoke
 * POST /users/expire-refresh-tokens       expireRefreshTokens
 * POST /users/challenge                   challenge
 * GET  /directory                         directory
 * POST /users                             putUser
 * POST /users/enabled                     setUserEnabled
 * POST /users/delete                      deleteUser
 * POST /groups                            putGroup
 * POST /groups/delete                     deleteGroup
 * POST /groups/add-member                 addMember
 * POST /groups/remove-member              removeMember
 * POST /groups/generate                   generateGroups
 * POST /applications/update               updateApplication
 * POST /applications                      putApplication
 * POST /applications/revoke-consent       revokeConsent
 * POST /policies                          putPolicy
 * POST /policies/delete                   removePolicy
 * GET  /faults                            faults
 * POST /faults                            addFault
 * POST /faults/clear                      clearFaults
 * GET  /settings                          settings
 * POST /settings                          configure
 * POST /keys/rotate                       rotateKeys
 * GET  /clock                             clock
 * POST /clock/shift                       shiftClock
 * GET  /requests                          requests
 * POST /requests/clear                    clearRequests
 */
export function createControlHandler(operations: Record<string, AnyOperation>, port: number): Handle {
  const origin = `http://127.0.0.1:${port}`;
  const routes = Object.entries(operations);
  return (message, response) => {
    void (async () => {
      let reply: Reply;
      try {
        const request = await readIncoming(message, origin);
        if (request === undefined) reply = problem(413, 'The request is larger than 1 MiB.');
        else reply = guard(request) ?? (await route(request, routes));
      } catch (error) {
        reply = problem(500, error instanceof Error ? error.message : String(error));
      }
      if (!response.destroyed) writeReply(response, reply);
    })();
  };
}

function guard(request: Incoming): Reply | undefined {
  const site = request.headers['sec-fetch-site'];
  const isForeign = request.headers.origin !== undefined || (site !== undefined && site !== 'none');
  if (isForeign) return problem(403, 'The control API does not serve web pages.');
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (request.method === 'POST' && type !== 'application/json') {
    return problem(415, 'Send the input as JSON with the content type application/json.');
  }
  return undefined;
}

async function route(request: Incoming, routes: [string, AnyOperation][]): Promise<Reply> {
  const path = request.url.pathname;
  if (path === '/' && request.method === 'GET') return jsonReply(200, describe(routes));
  const atPath = routes.filter(([, each]) => each.path === path);
  const found = atPath.find(([, each]) => each.method === request.method);
  if (found === undefined) {
    if (atPath.length === 0) return problem(404, `There is no operation at ${path}; GET / lists them.`);
    return problem(405, `${path} takes ${atPath.map(([, each]) => each.method).join(', ')}.`);
  }
  try {
    const input = request.method === 'POST' ? parseBody(request.body) : undefined;
    const output = await runOperation(found[1], input);
    return jsonReply(200, output ?? { done: true });
  } catch (error) {
    if (!isTenantError(error)) throw error;
    return problem(error.code === 'not_found' ? 404 : 400, error.message);
  }
}

function parseBody(body: string): unknown {
  if (body.trim() === '') return undefined;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return body;
  }
}

/** What `GET /` answers: every route with its purpose and the JSON Schema of its input. */
function describe(routes: [string, AnyOperation][]): Record<string, unknown> {
  return {
    routes: routes.map(([name, { method, path, summary, input }]) => ({
      name,
      method,
      path,
      summary,
      input: z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' }),
    })),
  };
}

function problem(status: number, message: string): Reply {
  return jsonReply(status, { error: message });
}

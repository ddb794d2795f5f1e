import { z } from 'zod';
import { signInWays } from '../contract/clouds.ts';
import { clientChoices } from '../contract/state.ts';
import type { Broker } from '../broker.ts';
import { identityRoutes } from './identity-routes.ts';
import { name, nothing, order, route, secret, type Route } from './route.ts';

const stateQuery = z.strictObject({
  after: z.coerce.number().int().min(-1).default(-1),
  wait: z.coerce.number().min(0).max(30).default(0),
});

/**
 * The HTTP API, version 1: JSON in and out, every request with the bearer token of `run/api.json`.
 *
 * | route | body | answer |
 * |---|---|---|
 * | GET /v1/state?after=&wait= | | `{revision, state}`; waits up to `wait` seconds for a revision above `after` |
 * | GET /v1/secrets | | `{passwords: [{name, stored}]}` |
 * | POST /v1/sign-in | `{provider?, way?, username?, mail?}` | `{}`; how it goes is in the state |
 * | POST /v1/sign-in/cancel, /v1/sign-out, /v1/refresh | `{}` | `{}` |
 * | POST /v1/tokens | `{connection, role?, lifetimeSeconds?}` | the token with its place and expiry |
 * | POST /v1/tokens/revoke | `{id}` or `{all: true}` | `{revoked}` |
 * | POST /v1/sessions/cut | `{id}` or `{all: true}` | `{cut}` |
 * | POST /v1/handles | `{connection, role?, tool}` | the handle with its place |
 * | POST /v1/handles/revoke | `{id}` | `{}` |
 * | POST /v1/prompts/allow | `{id?, choice}` | `{}` |
 * | POST /v1/prompts/deny | `{id?}` | `{}` |
 * | POST /v1/lock | `{}` | `{}` |
 * | POST /v1/secrets | `{name, value}`, null to forget | `{}` |
 */
export const routes: Record<string, Route> = {
  'GET /v1/state': route(stateQuery, async (broker, { after, wait }) => {
    if (broker.revision() <= after) await nextChange(broker, wait * 1000);
    return { revision: broker.revision(), state: broker.state() };
  }),
  'GET /v1/secrets': route(nothing, async (broker) => ({ passwords: await broker.storedPasswords() })),
  'POST /v1/sign-in': order(
    z.strictObject({
      provider: name.optional(),
      way: z.enum(signInWays).optional(),
      username: z.string().min(1).max(200).optional(),
      mail: z.boolean().optional(),
    }),
    (broker, request) => broker.signIn(request),
  ),
  'POST /v1/sign-in/cancel': order(nothing, (broker) => broker.cancelSignIn()),
  'POST /v1/sign-out': order(nothing, (broker) => broker.signOut()),
  'POST /v1/refresh': order(nothing, (broker) => broker.refresh()),
  'POST /v1/tokens': route(
    z.strictObject({
      connection: name,
      role: z.string().min(1).max(63).optional(),
      lifetimeSeconds: z.number().int().min(1).max(86_400).optional(),
    }),
    (broker, request) => broker.issueToken(request),
  ),
  'POST /v1/tokens/revoke': route(
    z.union([z.strictObject({ id: name }), z.strictObject({ all: z.literal(true) })]),
    async (broker, request) => {
      if ('all' in request) return { revoked: await broker.revokeAllTokens() };
      await broker.revokeToken(request.id);
      return { revoked: 1 };
    },
  ),
  'POST /v1/sessions/cut': route(
    z.union([z.strictObject({ id: name }), z.strictObject({ all: z.literal(true) })]),
    async (broker, request) => {
      if ('all' in request) return { cut: await broker.cutAllSessions() };
      await broker.cutSession(request.id);
      return { cut: 1 };
    },
  ),
  'POST /v1/handles': route(
    z.strictObject({
      connection: name,
      role: z.string().min(1).max(63).optional(),
      tool: z.string().min(1).max(60),
    }),
    (broker, request) => broker.makeHandle(request),
  ),
  'POST /v1/handles/revoke': order(z.strictObject({ id: name }), (broker, { id }) => broker.revokeHandle(id)),
  'POST /v1/prompts/allow': order(
    z.strictObject({ id: name.optional(), choice: z.enum(clientChoices) }),
    (broker, { id, choice }) => broker.allowClient(id, choice),
  ),
  'POST /v1/prompts/deny': order(z.strictObject({ id: name.optional() }), (broker, { id }) =>
    broker.denyPrompt(id),
  ),
  'POST /v1/lock': order(nothing, (broker) => broker.locked()),
  'POST /v1/secrets': order(z.strictObject({ name, value: secret.nullable() }), (broker, request) =>
    broker.storePassword(request.name, request.value ?? undefined),
  ),
  ...identityRoutes,
};

async function nextChange(broker: Broker, waitMs: number): Promise<void> {
  if (waitMs === 0) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      unsubscribe();
      resolve();
    };
    const timer = setTimeout(done, waitMs);
    const unsubscribe = broker.subscribe(done);
  });
}

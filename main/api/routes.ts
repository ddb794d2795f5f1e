import type { Action } from '../contract/actions.ts';
import type { ActionSchema } from '../contract/action-schemas.ts';
import { served, type Served } from '../contract/perform.ts';

type Handler = Parameters<typeof served>[2];

/** The routes of the HTTP API, by method and path: each action of the table that has one. */
export function routesOf(
  table: Readonly<Record<string, Action>>,
  schemas: Readonly<Record<string, ActionSchema>>,
  handlers: Readonly<Record<string, Handler>>,
): Map<string, Served> {
  const routes = new Map<string, Served>();
  for (const [name, action] of Object.entries(table)) {
    const [schema, handler] = [schemas[name], handlers[name]];
    if (action.route === undefined) continue;
    if (schema === undefined || handler === undefined || routes.has(action.route))
      throw new TypeError(`the action ${name} lacks schema or handler, or its route is taken`);
    routes.set(action.route, served(action, schema, handler, 'api'));
  }
  return routes;
}

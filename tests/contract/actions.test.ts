import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { routesOf } from '../../main/api/routes.ts';
import { callerOf } from '../../main/cli/client.ts';
import { printed } from '../../main/cli/printed.ts';
import { actionSchemas } from '../../main/contract/action-schemas.ts';
import {
  type Action,
  actionBridge,
  type ActionName,
  actions,
  type ApiAction,
  windowActions,
} from '../../main/contract/actions.ts';
import { serveActions } from '../../main/desktop/ipc.ts';
import { startPage } from '../../main/desktop/origin.ts';
import { jsonSchemas, printedTable, routeTable, withTables } from '../docs/api-table.ts';
import { busy } from '../renderer/states.ts';
import { payloadsFor, sampleRequest, takes } from './payloads.ts';

const table: Record<string, Action> = actions;
const names = Object.keys(actions) as ActionName[];
const apiNames = names.filter((name) => table[name]?.route !== undefined) as ApiAction[];
const inputsForEach = 2_000;

test('each action is asked for by the window or has a route of its own, and has its schemas', () => {
  const routes = apiNames.map((name) => actions[name].route);
  expect(new Set(routes).size).toBe(routes.length);
  for (const name of names)
    expect(table[name]?.window === true || table[name]?.route !== undefined).toBe(true);
  expect(Object.keys(actionSchemas)).toEqual(names);
  for (const name of apiNames) expect(actionSchemas[name].reply, name).toBeInstanceOf(z.ZodObject);
  for (const [name, { may, route }] of Object.entries(table))
    expect(route?.startsWith('GET') !== true || may === 'reads', name).toBe(true);
});

test('one action more in the table is served to the window and over HTTP, called and documented', async () => {
  const wider = { ...table, greet: { may: 'own', window: true, route: 'POST /v1/greet' } as const };
  const schema = {
    does: 'greets somebody',
    request: z.strictObject({ whom: z.string() }),
    reply: z.object({ said: z.string() }),
  };
  const schemas = { ...actionSchemas, greet: schema };
  const greet = async ({ whom }: { whom: string }) => ({ said: `Hello, ${whom}`, secret: 'not named' });
  const handlers = {
    ...Object.fromEntries(names.map((name) => [name, async () => undefined])),
    greet,
  };

  // The bridge's name and the channel lead to the handler.
  const channels = new Map<string, (event: unknown, payload: unknown) => unknown>();
  const window = {};
  serveActions({
    ipcMain: {
      handle: (channel, handler) => void channels.set(channel, handler as never),
      removeHandler: () => undefined,
    },
    table: wider,
    schemas,
    handlers,
    mayAsk: (sender) => sender === window,
    report: () => undefined,
  });
  const ownPage = { sender: window, senderFrame: { url: startPage, parent: null } };
  const bridge = actionBridge(wider, (channel, request) => channels.get(channel)?.(ownPage, request));
  expect(Object.keys(bridge)).toEqual([...windowActions(actions), 'greet']);
  expect(await bridge['greet']?.({ whom: 'Ada' })).toEqual({ ok: true, reply: { said: 'Hello, Ada' } });
  const without = actionBridge(actions, (channel, request) => ({ channel, request }));
  expect(without['getPreferences']?.(undefined)).toEqual({ channel: 'latchkey:getPreferences', request: {} });

  // The client's call and the route lead there too.
  const routes = routesOf(wider, schemas, handlers);
  const call = callerOf(wider, schemas, async (method, path, { body } = {}) => {
    const route = routes.get(`${method} ${path}`);
    return { schemaVersion: 2, ...((await route?.run(route.request.parse(body))) as object) };
  });
  expect(await call('greet', { whom: 'Ada' })).toEqual({ said: 'Hello, Ada' });

  const row = '| `POST /v1/greet` | `{whom}` | `{said}` | greets somebody |';
  expect(routeTable(wider, schemas)).toContain(row);
  expect(JSON.stringify(jsonSchemas(wider, schemas, printed))).toContain('"POST /v1/greet":{');
});

test('docs/API.md and assets/api.schema.json say what the contract says (npm run api-docs)', async () => {
  const page = await readFile(new URL('../../docs/API.md', import.meta.url), 'utf8');
  const tables = { routes: routeTable(actions, actionSchemas), commands: printedTable(printed) };
  expect(withTables(page, tables)).toBe(page);
  const schema = await readFile(new URL('../../assets/api.schema.json', import.meta.url), 'utf8');
  expect(JSON.parse(schema)).toEqual(
    JSON.parse(JSON.stringify(jsonSchemas(actions, actionSchemas, printed))),
  );
});

test.each(apiNames)('%s over HTTP: the handler sees only what fits', (name) => {
  const routes = routesOf(actions, actionSchemas, Object.fromEntries(apiNames.map((each) => [each, ran])));
  const request = routes.get(actions[name].route)?.request;
  let accepted = 0;
  for (const payload of [sampleRequest(name), ...payloadsFor(name, inputsForEach)]) {
    const fits = request?.safeParse(payload).success === true;
    if (fits) accepted += 1;
    if (fits !== takes(name, 'api', payload)) expect.fail(`${name} ${fc.stringify(payload)}`);
  }
  expect(accepted).toBeGreaterThan(0);
  expect(accepted).toBeLessThan(inputsForEach);
});

async function ran(): Promise<void> {}

test('what goes to the window has no key for a token, a handle or a password', () => {
  const secrets = ['token', 'handle', 'password', 'secret'];
  for (const name of windowActions(actions) as ActionName[]) {
    const reply = JSON.stringify(z.toJSONSchema(actionSchemas[name].reply));
    for (const key of secrets) expect(reply, `${name}: ${key}`).not.toContain(`"${key}":{`);
  }
  // What does not stand in the contract is taken out.
  const leaking = { ...busy, bearer: 'lk_x', tokens: [{ ...busy.tokens[0], token: 'lk_x' }] };
  expect(JSON.stringify(actionSchemas.getState.reply.parse(leaking))).not.toContain('lk_x');
  const api = actionSchemas.readState.reply.parse({ revision: 1, state: leaking });
  expect(JSON.stringify(api)).not.toContain('lk_x');
});

test('an answer of another version is refused by the command line', async () => {
  for (const answer of [
    { revoked: 1 },
    { schemaVersion: 1, revoked: 1 },
    { schemaVersion: 2, revoked: 'x' },
  ]) {
    const call = callerOf(actions, actionSchemas, async () => answer);
    await expect(call('revokeTokens', { all: true })).rejects.toMatchObject({
      remedy: 'Start Latchkey again, in the version of this command.',
    });
  }
});

test('an answer of this version has been held against the contract by who sent it, and has its version', async () => {
  const ask = (answer: unknown) => callerOf(actions, undefined, async () => answer)('revokeTokens', {});
  expect(await ask({ schemaVersion: 2, revoked: 1 })).toEqual({ revoked: 1 });
  await expect(ask({ revoked: 1 })).rejects.toMatchObject({ code: 'internal' });
  await expect(ask('x')).rejects.toMatchObject({ code: 'internal' });
});

test('the command line waits seconds for what waits for nobody, and longer for what may', async () => {
  const patience: Record<string, boolean | undefined> = {};
  for (const name of ['issueToken', 'revokeTokens', 'signIn', 'testConnection']) {
    const call = callerOf(actions, actionSchemas, (_method, _path, { soon } = {}) => {
      patience[name] = soon;
      return Promise.reject(new Error('asked'));
    });
    await expect(call(name, {})).rejects.toThrow('asked');
  }
  expect(patience).toEqual({ issueToken: true, revokeTokens: true, signIn: false, testConnection: false });
});

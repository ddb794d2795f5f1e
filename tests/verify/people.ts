import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type { IssuedToken } from '../../main/contract/shapes.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { freePort } from '../support/free-port.ts';
import { connect } from '../support/latchkey.ts';
import { startEntraDatabase, type EntraDatabase } from './entra-database.ts';
import { startProduct, type Product } from './product.ts';
import { count, type Target } from './target.ts';

const sizes = { quick: { runs: 1, commands: 20 }, full: { runs: 60, commands: 60 } };
const { users, groups } = fabrikam;
const names = ['ada', 'bruno', 'chiara'] as const;
type Name = (typeof names)[number];

/**
 * Random orders of sign-ins, tokens, logins, refreshes and endings of several accounts side by side, many of them under way at once,
 * with a directory that is slow or answers for somebody else. The database keeps each Entra token that reaches it.
 */
export const people: Target = {
  name: 'people',
  bound:
    'random orders of sign-ins, refreshes, logins and endings: no credential, token or record of one person for another',
  async run(size) {
    const { runs, commands: maxCommands } = sizes[size];
    const database = await startEntraDatabase();
    const product = await startProduct(false, { configure: (found) => addDatabase(found, database) });
    try {
      const real: Real = { product, database, tokens: [], logins: new Map(), running: [] };
      const failure = await fc
        .assert(
          fc.asyncProperty(fc.commands(commands, { maxCommands, size: 'max' }), async (chosen) => {
            await startAnew(real);
            await signIn(real, 'ada');
            await takeToken(real, 'ada');
            await logIn(real, 0);
            await fc.asyncModelRun(() => ({ model: {}, real }), chosen);
            await settle(real);
            const mixed = await mixedUp(real);
            if (mixed.length > 0) throw new Error(mixed.join('; '));
          }),
          { numRuns: runs, endOnFailure: true },
        )
        .then(
          () => undefined,
          (error: Error) => `${String(error.cause)}; ${error.message.split('\n').slice(0, 3).join(' ')}`,
        );
      const through = database.logins.length;
      return {
        figure:
          `${runs} orders of up to ${maxCommands} steps, ${count(real.logins.size)} logins, ${count(through)} reached the database: ` +
          (failure === undefined ? 'none with what belongs to another' : failure),
        // Where nothing gets through, nothing is shown.
        pass: failure === undefined && through > 0,
      };
    } finally {
      await product.close();
      await database.close();
    }
  },
};

interface Real {
  product: Product;
  database: EntraDatabase;
  tokens: IssuedToken[];
  /** Whose token each login came with, by the name that its program gave itself. */
  logins: Map<string, string>;
  running: Promise<unknown>[];
}

/** A step; most are begun and not waited for, as people and programs do. */
function step(name: string, run: (real: Real) => Promise<unknown>): fc.AsyncCommand<object, Real> {
  return { check: () => true, run: async (_model, real) => void (await run(real)), toString: () => name };
}
const begin = (name: string, run: (real: Real) => Promise<unknown>): fc.AsyncCommand<object, Real> =>
  step(name, async (real) => void real.running.push(run(real).catch(() => undefined)));

const post = async ({ product }: Real, path: string, body: object = {}): Promise<unknown> =>
  (await product.latchkey.client()).post(path, body);

const login = fc.nat(20).map((index) => begin(`login ${index}`, (real) => logIn(real, index)));
/** Logins one after the other while something else goes on, so that every moment of that has one. */
const burst = fc.constant(
  begin('logins for a second', async (real) => {
    const until = performance.now() + 1_000;
    while (performance.now() < until) await logIn(real, -1).catch(() => undefined);
  }),
);

const commands = [
  fc.constantFrom(...names).map((name) => begin(`sign in ${name}`, (real) => signIn(real, name))),
  fc.constantFrom(...names).map((name) =>
    step(`signed in ${name}`, async (real) => {
      await signIn(real, name).catch(() => undefined);
      await takeToken(real, name);
    }),
  ),
  fc.constantFrom(...names).map((name) => step(`token ${name}`, (real) => takeToken(real, name))),
  login,
  login,
  login,
  login,
  burst,
  fc.constant(begin('refresh', (real) => post(real, '/v1/refresh'))),
  fc.constant(begin('sign out', (real) => post(real, '/v1/sign-out', { all: true }))),
  fc
    .constantFrom(...names)
    .map((name) => begin(`sign out ${name}`, (real) => post(real, '/v1/sign-out', { as: upn(name) }))),
  fc.constant(begin('cancel', (real) => post(real, '/v1/sign-in/cancel'))),
  fc.constant(begin('revoke', (real) => post(real, '/v1/tokens/revoke', { all: true }))),
  fc.nat(400).map((milliseconds) => step(`wait ${milliseconds} ms`, () => sleep(milliseconds))),
  fc
    .integer({ min: 100, max: 800 })
    .map((milliseconds) =>
      step(`slow groups ${milliseconds} ms`, async ({ product }) =>
        product.world.tenant.addFault({ type: 'latency', endpoint: 'graph', milliseconds, times: 3 }),
      ),
    ),
  fc.constantFrom(...names).map((name) =>
    step(`a refresh answers for ${name}`, async ({ product }) =>
      product.world.tenant.addFault({
        type: 'another_user',
        endpoint: 'token',
        grantType: 'refresh_token',
        user: upn(name),
        times: 1,
      }),
    ),
  ),
];

const upn = (name: Name): string => `${name}@fabrikam.example`;

async function signIn(real: Real, name: Name): Promise<void> {
  const { latchkey, world } = real.product;
  await post(real, '/v1/sign-in');
  const { signIn: shown } = await latchkey.until(({ signIn }) => signIn.kind !== 'working', 5_000);
  if (shown.kind !== 'code') return;
  world.tenant.complete({ userCode: shown.userCode, user: upn(name) });
  await latchkey.until(({ signIn }) => signIn.kind !== 'code' && signIn.kind !== 'working', 5_000);
}

async function takeToken(real: Real, name: Name): Promise<void> {
  const request = { connection: 'cloud', as: upn(name) };
  const token = await real.product.latchkey.token(request).catch(() => undefined);
  if (token !== undefined && token.username.toLowerCase() !== upn(name))
    throw new Error(`a token of ${token.username} for ${name}`);
  if (token !== undefined) real.tokens.push(token);
}

async function logIn(real: Real, index: number): Promise<void> {
  const token = real.tokens.at(index % Math.max(1, real.tokens.length));
  if (token === undefined) return;
  const program = `people-${randomUUID()}`;
  real.logins.set(program, token.username);
  const client = await connect(token, { application_name: program });
  await sleep(50);
  await client.end().catch(() => undefined);
}

async function startAnew(real: Real): Promise<void> {
  real.product.world.tenant.clearFaults();
  real.tokens = [];
  await post(real, '/v1/sign-in/cancel').catch(() => undefined);
  await post(real, '/v1/sign-out', { all: true }).catch(() => undefined);
}

async function settle(real: Real): Promise<void> {
  await post(real, '/v1/sign-in/cancel').catch(() => undefined);
  await Promise.all(real.running.splice(0));
}

/** What was for one person and came with what belongs to another. */
async function mixedUp({ database, logins, product }: Real): Promise<string[]> {
  const mixed: string[] = [];
  for (const { program, user, objectId } of database.logins) {
    const owner = logins.get(program) ?? 'nobody';
    if (user.toLowerCase() !== owner.toLowerCase()) mixed.push(`${owner}'s token logged in as ${user}`);
    if (objectId !== idOf(user)) mixed.push(`${user} logged in with a credential of ${objectId}`);
  }
  for (const record of await product.latchkey.audit('login-allowed')) {
    const { program, account } = record as { program: string; account: { objectId: string } };
    const owner = logins.get(program);
    if (owner !== undefined && account.objectId !== idOf(owner))
      mixed.push(`the record of a login of ${owner} names ${account.objectId}`);
  }
  return mixed;
}

const idOf = (username: string): string | undefined => users[username.split('@')[0]?.toLowerCase() as Name];

async function addDatabase(configuration: object, database: EntraDatabase): Promise<void> {
  const { connections } = configuration as { connections: unknown[] };
  connections.push({
    name: 'cloud',
    // The database's list of logins is told apart by what each program calls itself.
    nameInLog: 'off',
    protocol: 'postgresql',
    port: await freePort(),
    askForPrograms: 'never',
    upstream: {
      host: 'localhost',
      port: database.port,
      database: 'cloud',
      tls: { caFile: database.caFile },
    },
    rules: [
      {
        group: groups.staff,
        role: 'app',
        password: { entra: 'https://ossrdbms-aad.database.windows.net/.default', user: 'person' },
      },
    ],
  });
}

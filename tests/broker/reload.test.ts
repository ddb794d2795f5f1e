import { readFile, writeFile } from 'node:fs/promises';
import type { Client } from 'pg';
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { ApiState } from '../../main/contract/api-state.ts';
import type { Reloaded } from '../../main/contract/shapes.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { freePort } from '../support/free-port.ts';
import {
  connect,
  createLatchkey,
  refusalOf,
  soon,
  startWorld,
  type TestConfiguration,
} from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { takesConnections } from '../support/port-answers.ts';
import { useAll } from '../support/use-all.ts';

const ada = 'ada@fabrikam.example';
const cutReason =
  'The configuration of Latchkey has changed, and what let this session in does not stand in it any more.';

type Configuration = TestConfiguration & {
  reload?: string;
  api?: { port: number };
  session: { refreshGroups: string; deadline?: string };
};
type Connection = Configuration['connections'][number];

describeWith([parts.postgres], 'a change of the configuration', () => {
  const world = useAll(startWorld);
  const latchkey = useAll(() => createLatchkey(world, { keyFile: true }));
  let original: string;
  beforeAll(async () => {
    original = await readFile(latchkey.config, 'utf8');
  });
  beforeEach(async () => {
    await writeFile(latchkey.config, original);
    await reload();
    await latchkey.signIn(ada);
  });

  const reload = async (): Promise<Reloaded> =>
    (await (await latchkey.client()).post('/v1/configuration/reload', {})) as Reloaded;

  async function edited(edit: (configuration: Configuration) => void): Promise<string> {
    const configuration = parse(original) as Configuration;
    edit(configuration);
    return stringify(configuration);
  }

  async function write(edit: (configuration: Configuration) => void): Promise<void> {
    await writeFile(latchkey.config, await edited(edit));
  }

  /** What the editing tests take apart. */
  function sales({ connections }: Configuration): Connection {
    const [first] = connections;
    if (first === undefined) throw new Error('no connection');
    return first;
  }

  async function answers(client: Client): Promise<boolean> {
    return client.query('select 1').then(
      () => true,
      () => false,
    );
  }

  async function cut(client: Client): Promise<string> {
    return new Promise((resolve) => client.once('error', ({ message }) => resolve(message)));
  }

  it('counts with one command: listeners open, move and close, and sessions stay whose rule stands', async () => {
    const token = await latchkey.token('sales');
    const session = await connect(token);
    const [added, moved] = [await freePort(), await freePort()];
    await write((configuration) => {
      sales(configuration).port = moved;
      configuration.connections.push({ ...sales(configuration), name: 'reports', port: added });
      configuration.connections.splice(1, 1);
    });
    const ran = await latchkey.run('config', 'reload', '--json');
    expect(JSON.parse(ran.out)).toMatchObject({
      changes: ['connection "payroll" (removed)', 'connection "sales": port', 'connection "reports" (new)'],
      ended: 0,
      needsRestart: [],
    });
    const { connections } = await latchkey.state();
    expect(connections.map(({ name, port, listener }) => [name, port, listener.kind])).toEqual([
      ['sales', moved, 'listening'],
      ['reports', added, 'listening'],
    ]);
    expect(await answers(session)).toBe(true);
    await expect.poll(() => takesConnections(token.port), soon).toBe(false);
    for (const name of ['sales', 'reports']) {
      const client = await connect(await latchkey.token(name));
      expect(await answers(client)).toBe(true);
      await client.end();
    }
    // The token of before is one for this connection, wherever it listens.
    await (await connect({ ...token, port: moved })).end();
    await session.end();
    const records = await latchkey.audit('configuration-loaded');
    expect(records.at(-1)).toMatchObject({
      how: 'asked',
      hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      actor: { username: ada },
    });
  });

  it('ends what does not stand any more, with a sentence', async () => {
    /** Ada may work as both. */
    const ownersOf = (group: string) => (configuration: Configuration) => {
      sales(configuration).rules = sales(configuration).rules.map((rule) =>
        rule.role === 'sales_owner' ? { ...rule, group } : rule,
      );
    };
    await write(ownersOf(fabrikam.groups.staff));
    await reload();
    const owner = await latchkey.token({ connection: 'sales', role: 'sales_owner' });
    const reader = await latchkey.token({ connection: 'sales', role: 'sales_readonly' });
    const [asOwner, asReader] = [await connect(owner), await connect(reader)];
    const told = cut(asOwner);
    await write(ownersOf(fabrikam.groups.finance));
    expect(await reload()).toMatchObject({ changes: ['connection "sales": rules'], ended: 1 });
    expect(await told).toBe(cutReason);
    expect(await answers(asReader)).toBe(true);
    await asReader.end();
    expect((await refusalOf(connect(owner))).message).toBe('This token has been revoked.');
    await (await connect(reader)).end();
  });

  it('leads new logins to the server that it names now, and ends the sessions at the one of before', async () => {
    const session = await connect(await latchkey.token('sales'));
    const told = cut(session);
    await write((configuration) => {
      sales(configuration).upstream = { ...sales(configuration).upstream, database: 'payroll' };
    });
    expect((await reload()).ended).toBe(1);
    expect(await told).toBe(cutReason);
    const client = await connect(await latchkey.token('sales'));
    expect((await client.query('select current_database() as name')).rows).toEqual([{ name: 'payroll' }]);
    await client.end();
  });

  it('takes a handle along whose connection is no more, and leaves the others', async () => {
    const make = async (connection: string): Promise<string> => {
      const api = await latchkey.client();
      return ((await api.post('/v1/handles', { connection, tool: connection })) as { id: string }).id;
    };
    const port = await freePort();
    const withReports = (configuration: Configuration): void => {
      configuration.connections.push({ ...sales(configuration), name: 'reports', port });
    };
    await write(withReports);
    await reload();
    const [kept, gone] = [await make('sales'), await make('reports')];
    await write((configuration) => {
      withReports(configuration);
      configuration.connections = configuration.connections.map((one) =>
        one.name === 'reports' ? { ...one, name: 'trade' } : one,
      );
      sales(configuration).rules = sales(configuration).rules.slice(0, 1);
    });
    await reload();
    expect((await latchkey.state()).handles.map(({ id }) => id)).toEqual([kept]);
    expect((await latchkey.audit('handle-revoked')).at(-1)).toMatchObject({ handleId: gone });
  });

  it('a login that waits for a person goes on where its rule stands, and is refused where its connection goes', async () => {
    const asking = (change: (one: Connection) => void) => (configuration: Configuration) => {
      Object.assign(sales(configuration), { askForPrograms: 'always' });
      change(sales(configuration));
    };
    await write(asking(() => undefined));
    await reload();
    const token = await latchkey.token('sales');
    const waiting = ({ prompts }: ApiState): boolean => prompts.some((prompt) => prompt.waiting === 1);
    const stays = connect(token);
    await latchkey.until(waiting, 30_000);
    await write(asking((one) => Object.assign(one, { title: 'Sales, by another name' })));
    await reload();
    await (await latchkey.client()).post('/v1/prompts/allow', { choice: 'once' });
    await (await stays).end();
    const goes = refusalOf(connect(token));
    await latchkey.until(waiting, 30_000);
    await write(({ connections }) => connections.shift());
    await reload();
    expect(await goes).toMatchObject({
      message: 'The configuration of "sales" has changed meanwhile.',
      hint: 'Try again: what it says now counts.',
    });
    expect((await latchkey.state()).prompts).toEqual([]);
  });

  it('with a fault changes nothing, and the fault is named by its line', async () => {
    const session = await connect(await latchkey.token('sales'));
    const text = await edited(() => undefined);
    await writeFile(latchkey.config, text.replace(/port: \d+/, 'port: many'));
    const ran = await latchkey.run('config', 'reload');
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(/line \d+: connections\[0\]\.port/);
    expect(await answers(session)).toBe(true);
    await (await connect(await latchkey.token('sales'))).end();
    await session.end();
    const records = await latchkey.audit('configuration-refused');
    expect(records.at(-1)).toMatchObject({ how: 'asked', code: 'config-invalid' });
  });

  it('a port that is taken is told, and the rest counts', async () => {
    const taken = world.postgres.port;
    await write((configuration) => {
      sales(configuration).port = taken;
    });
    const { warnings } = await reload();
    expect(warnings.join()).toContain(`Connection "sales": Port ${taken} is in use by`);
    const { connections } = await latchkey.state();
    expect(connections.map(({ listener }) => listener.kind)).toEqual(['failed', 'listening']);
  });

  it('of the port of the API counts from the next start, and says so', async () => {
    const taken = await freePort();
    await write((configuration) => {
      configuration.api = { port: taken };
    });
    expect(await reload()).toMatchObject({ changes: ['api.port'], needsRestart: ['api.port'] });
    expect((await latchkey.state()).needsRestart).toEqual(['api.port']);
    expect((await latchkey.run('status')).out).toContain('Counts from the next start: api.port');
  });

  it('of the deadline shortens the sign-in that is there', async () => {
    const until = (state: ApiState): number =>
      state.signIn.kind === 'signed-in' ? Date.parse(state.signIn.until) - Date.parse(state.signIn.since) : 0;
    expect(until(await latchkey.state())).toBe(8 * 3600_000);
    await write((configuration) => {
      configuration.session.deadline = '1h';
    });
    await reload();
    expect(until(await latchkey.state())).toBe(3600_000);
  });

  it('counts after SIGHUP', async () => {
    await write((configuration) => configuration.connections.splice(1, 1));
    latchkey.serve.process().kill('SIGHUP');
    await latchkey.until(({ connections }) => connections.length === 1, 30_000);
    expect((await latchkey.audit('configuration-loaded')).at(-1)).toMatchObject({ how: 'signal' });
  });

  it('is told where the file changes, and counts when somebody says so', async () => {
    await writeFile(latchkey.config, await edited(({ connections }) => connections.splice(1, 1)));
    const { configurationChange } = await latchkey.until(
      (state) => state.configurationChange?.changes.includes('connection "payroll" (removed)') === true,
      30_000,
    );
    expect(configurationChange).toEqual({ changes: ['connection "payroll" (removed)'], ends: 0 });
    expect((await latchkey.run('status')).out).toContain(
      'The configuration file has changed: connection "payroll" (removed)\n  Apply it with: latchkey config reload',
    );
    expect((await latchkey.state()).connections).toHaveLength(2);
    await reload();
    const state = await latchkey.state();
    expect(state.configurationChange).toBeUndefined();
    expect(state.connections).toHaveLength(1);
  });

  it('two at once come one after the other', async () => {
    await write((configuration) => configuration.connections.splice(1, 1));
    const both = await Promise.all([reload(), reload()]);
    // Which of them comes first is the network's business.
    expect(both.map(({ changes }) => changes).toSorted()).toEqual([[], ['connection "payroll" (removed)']]);
  });
});

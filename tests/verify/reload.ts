import { readFile, rename, writeFile } from 'node:fs/promises';
import type { Client } from 'pg';
import { parse, stringify } from 'yaml';
import type { IssuedToken, Reloaded } from '../../main/contract/shapes.ts';
import { freePort } from '../support/free-port.ts';
import { connect } from '../support/latchkey.ts';
import { takesConnections } from '../support/port-answers.ts';
import { ada, startProduct, type Product } from './product.ts';
import {
  edits,
  groundOf,
  grounds,
  mine,
  newConnection,
  pick,
  randomNumbers,
  type Connection,
  type Place,
  type Random,
  type Rule,
} from './reload-worlds.ts';
import { count, type Target, within } from './target.ts';

const sizes = { quick: { sessions: 12, changes: 20 }, full: { sessions: 50, changes: 200 } };
/** For sessions to end, and listeners to open and close, on a machine that has other things to do. */
const settledMs = 10_000;
/** Sessions at the database beside those that are counted: logins that come while the file changes. */
const lanes = 2;

/**
 * Random changes of the file, one after the other, with sessions open and clients logging in meanwhile. After each, what is
 * open is held against the file; whether a session stands is worked out apart from the code that decides it.
 */
export const reload: Target = {
  name: 'reload',
  bound:
    'the file changes under open sessions: none cut that stands in it, none left that does not, listeners as it says',
  async run(size) {
    const { sessions: wanted, changes } = sizes[size];
    const seed = Number(process.env['SEED'] ?? Date.now() % 1e9);
    const product = await startProduct(false, { settings: { max_connections: '300' } });
    try {
      const run = await Run.start(product, randomNumbers(seed));
      for (let change = 0; change < changes && run.wrong.length === 0; change += 1) {
        await run.open(wanted);
        await run.change();
      }
      await run.end();
      const { wrong, kept, cut, opened, refused } = run;
      return {
        figure:
          `${changes} changes of the file, ${count(opened)} sessions: ${count(kept)} times kept, ${count(cut)} cut, ${refused} faulty files refused; ` +
          (wrong.length === 0 ? '0 wrong' : `${wrong.join('; ')}; seed ${seed}`),
        pass: wrong.length === 0 && kept > 0 && cut > 0,
      };
    } finally {
      await product.close();
    }
  },
};

interface Session {
  client: Client;
  token: IssuedToken;
  /** What it stands on, of {@link groundOf}; of one that came while the file changed, of {@link seenOf}. */
  ground: string;
  ended: string | undefined;
}

class Run {
  readonly #product: Product;
  readonly #random: Random;
  readonly #place: Place;
  #base: Record<string, unknown> = {};
  #connections: Connection[] = [];
  #sessions: Session[] = [];
  /** Of clients that come while the file changes. */
  #late: Session[] = [];
  readonly wrong: string[] = [];
  kept = 0;
  cut = 0;
  opened = 0;
  refused = 0;

  private constructor(product: Product, random: Random, ports: number[]) {
    const { host, port } = product.world.postgres;
    this.#product = product;
    this.#random = random;
    this.#place = { host, port, ports };
  }

  static async start(product: Product, random: Random): Promise<Run> {
    const ports: number[] = [];
    while (ports.length < 9) {
      const port = await freePort();
      if (!ports.includes(port)) ports.push(port);
    }
    const run = new Run(product, random, ports);
    run.#base = parse(await readFile(product.latchkey.config, 'utf8')) as Record<string, unknown>;
    for (let each = 0; each < 3; each += 1)
      run.#connections.push(newConnection(random, run.#place, run.#connections));
    await run.#write(run.#text());
    await run.#reload();
    await product.latchkey.signIn(ada);
    return run;
  }

  /** Until there are so many. */
  async open(wanted: number): Promise<void> {
    while (this.#sessions.length < wanted) {
      const open = this.#connections.filter((one) => mine(one).length > 0);
      if (open.length === 0) {
        this.#connections = [
          ...this.#connections,
          newConnection(this.#random, this.#place, this.#connections),
        ];
        await this.#write(this.#text());
        await this.#reload();
        continue;
      }
      const missing = Array.from({ length: wanted - this.#sessions.length }, () => pick(this.#random, open));
      const found = await Promise.all(missing.map((one) => this.#openBy(one, pick(this.#random, mine(one)))));
      this.#sessions.push(...found);
    }
  }

  /** One change of the file while clients log in, and then all is looked at. */
  async change(): Promise<void> {
    if (this.#random() < 0.1) await this.#faulty();
    const [name, edit] = pick(this.#random, edits);
    const before = this.#connections;
    this.#connections = edit(before, this.#random, this.#place);
    await this.#write(this.#text());
    const over = new AbortController();
    const clients = Array.from({ length: lanes }, async () => {
      while (!over.signal.aborted) await this.#comeLate(pick(this.#random, before)).catch(() => undefined);
    });
    await this.#reload();
    over.abort();
    await Promise.all(clients);
    await this.#lookAtSessions(name);
    await this.#lookAtLate(name);
    await this.#lookAtListeners(name);
  }

  async end(): Promise<void> {
    await Promise.all(this.#sessions.map(({ client }) => client.end().catch(() => undefined)));
  }

  #text(): string {
    return stringify({ ...this.#base, connections: this.#connections });
  }

  /** As editors do: in place, or by a new file that takes the name. */
  async #write(text: string): Promise<void> {
    const { config } = this.#product.latchkey;
    if (this.#random() < 0.5) return writeFile(config, text);
    await writeFile(`${config}.new`, text);
    await rename(`${config}.new`, config);
  }

  async #reload(): Promise<Reloaded> {
    const api = await this.#product.latchkey.client();
    return (await api.post('/v1/configuration/reload', {})) as Reloaded;
  }

  async #faulty(): Promise<void> {
    await this.#write(`${this.#text()}\nconnections: twice`);
    const outcome = await this.#reload().catch((error: { code?: string }) => error.code);
    if (outcome === 'config-invalid') this.refused += 1;
    else this.wrong.push('a faulty file was taken');
    await this.#lookAtSessions('a faulty file');
  }

  async #connect(token: IssuedToken): Promise<Session> {
    const client = await connect(token);
    const session: Session = { client, token, ground: '', ended: undefined };
    client.on('error', ({ message }) => (session.ended ??= message));
    client.on('end', () => (session.ended ??= 'it has ended'));
    this.opened += 1;
    return session;
  }

  async #openBy(connection: Connection, { role }: Rule): Promise<Session> {
    const session = await this.#connect(
      await this.#product.latchkey.token({ connection: connection.name, role }),
    );
    const rule = mine(connection).find((one) => one.role === role);
    session.ground = rule === undefined ? '' : groundOf(connection, rule);
    return session;
  }

  /** Which rule lets it in, of the file before or after, shows at the database only. */
  async #comeLate({ name }: Connection): Promise<void> {
    const session = await this.#connect(await this.#product.latchkey.token(name));
    this.#late.push(session);
    const { rows } = await session.client.query<{ role: string; database: string; timeout: string }>(
      "select current_user as role, current_database() as database, current_setting('statement_timeout') as timeout",
    );
    const [row] = rows;
    if (row === undefined) throw new Error('no answer');
    session.ground = JSON.stringify([name, row.role, row.database, row.timeout]);
  }

  async #lookAtSessions(change: string): Promise<void> {
    const standing = grounds(this.#connections);
    const lost = this.#sessions.filter(({ ground }) => !standing.has(ground));
    await this.#expectEnded(lost, change);
    const kept = this.#sessions.filter(({ ground }) => standing.has(ground));
    const alive = await Promise.all(kept.map(isAlive));
    for (const [index, session] of kept.entries())
      if (alive[index] !== true)
        this.wrong.push(`after "${change}" ended, though it stands: ${session.ground}: ${session.ended}`);
    this.kept += kept.length;
    this.cut += lost.length;
    this.#sessions = kept;
  }

  async #lookAtLate(change: string): Promise<void> {
    const possible = new Set(this.#connections.flatMap((one) => mine(one).map((rule) => seenOf(one, rule))));
    await this.#expectEnded(
      this.#late.filter(({ ground }) => ground !== '' && !possible.has(ground)),
      change,
    );
    for (const { client, token } of this.#late.splice(0)) {
      await client.end().catch(() => undefined);
      const api = await this.#product.latchkey.client();
      await api.post('/v1/tokens/revoke', { id: token.id }).catch(() => undefined);
    }
  }

  async #expectEnded(sessions: readonly Session[], change: string): Promise<void> {
    await within(settledMs, () => sessions.every(({ ended }) => ended !== undefined));
    for (const { ground, ended } of sessions)
      if (ended?.includes('The configuration of Latchkey has changed') !== true)
        this.wrong.push(`after "${change}" not cut, though it does not stand: ${ground}: ${ended}`);
  }

  async #lookAtListeners(change: string): Promise<void> {
    const { connections } = await this.#product.latchkey.state();
    const found = connections.map(({ name, port, listener }) => [name, port, listener.kind]);
    const wanted = this.#connections.map(({ name, port }) => [name, port, 'listening']);
    if (JSON.stringify(found) !== JSON.stringify(wanted))
      this.wrong.push(`after "${change}" the listeners are ${JSON.stringify(found)}`);
    const isWanted = (port: number): boolean => this.#connections.some((one) => one.port === port);
    for (const port of this.#place.ports)
      if (!(await within(settledMs, async () => (await takesConnections(port)) === isWanted(port))))
        this.wrong.push(`after "${change}" port ${port} is ${isWanted(port) ? 'closed' : 'open'}`);
  }
}

async function isAlive({ client }: Session): Promise<boolean> {
  return client.query('select 1').then(
    () => true,
    () => false,
  );
}

/** What the database shows of a session of this rule. */
function seenOf({ name, upstream }: Connection, { role, statementTimeout = '0' }: Rule): string {
  return JSON.stringify([name, role, upstream.database, statementTimeout]);
}

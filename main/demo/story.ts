import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Client, DatabaseError } from 'pg';
import type { IssuedToken } from '../contract/shapes.ts';
import { type CommandLine, firstLine, type Ran } from './command-line.ts';
import type { LocalTenant } from './tenant/local-tenant.ts';
import { enterCode } from './verification-page.ts';

/** Prints what happens, as a person at a terminal would see it. */
export interface Narrator {
  step(title: string): void;
  line(text: string): void;
}

/**
 * Plays the main job through, each part the real one: the command line in processes of its own, the verification
 * page over HTTPS, a SQL client at the gateway. Whatever goes otherwise than told ends it with an error.
 */
export async function playStory(
  commandLine: CommandLine,
  tenant: LocalTenant,
  narrator: Narrator,
): Promise<void> {
  const { step, line } = narrator;
  const latchkey = async (...args: string[]): Promise<Ran> => {
    line(`$ latchkey ${args.join(' ')}`);
    const ran = await commandLine.run(args);
    for (const text of (ran.out + ran.err).trimEnd().split('\n')) line(`  ${shorten(text)}`);
    return ran;
  };
  const query = async (token: IssuedToken, sql: string): Promise<QueryResult> => {
    const result = await runQuery(token, sql);
    line(`$ ${result.client} … -c "${sql}"`);
    for (const text of result.text.split('\n')) line(`  ${text}`);
    return result;
  };
  const issue = async (connection: string): Promise<IssuedToken> => {
    const ran = await commandLine.run(['token', connection, '--json']);
    expect(ran.code === 0, `a token for ${connection}: ${ran.err}`);
    line(`$ latchkey token ${connection}`);
    const token = JSON.parse(ran.out) as IssuedToken;
    line(`  ${shorten(token.token)}  (as ${token.role})`);
    return token;
  };

  step('Ada, an analyst, signs in with a device code');
  await signIn(commandLine, tenant, 'ada@fabrikam.example', narrator);
  expect((await latchkey('connections')).out.includes('as sales_readonly'), 'Ada reads sales');

  step('She takes a token and queries the warehouse with it');
  const token = await issue('sales');
  const answer = await query(
    token,
    'select current_user, count(*) as orders, sum(amount) as total from orders',
  );
  expect(answer.ok && answer.text.includes('sales_readonly'), 'the query runs as the role of her group');
  expect(!(await query(token, 'update orders set amount = 0 where id = 1')).ok, 'the role may not write');

  step('Payroll is not for her group');
  expect((await latchkey('token', 'payroll')).code === 4, 'no token without the group');

  step('A revoked token opens nothing any more');
  expect((await latchkey('revoke', token.id)).code === 0, 'the token is revoked');
  const refused = await query(token, 'select 1');
  expect(!refused.ok && refused.text.includes('revoked'), 'the client says that the token was revoked');

  step('Dmitri, an intern without any of the groups, signs in');
  expect((await latchkey('logout')).code === 0, 'Ada signs out');
  await signIn(commandLine, tenant, 'dmitri@fabrikam.example', narrator);
  expect((await latchkey('token', 'sales')).code === 4, 'no connection is his');

  step('All of it is in the audit, and the audit is whole');
  const listed = await commandLine.run(['audit', 'list', '--limit', '200', '--json']);
  const { records } = JSON.parse(listed.out) as { records: { event: string }[] };
  line(`  ${records.map(({ event }) => event).join(', ')}`);
  for (const event of [
    'sign-in-succeeded',
    'token-issued',
    'login-allowed',
    'login-refused',
    'token-revoked',
    'signed-out',
  ]) {
    expect(
      records.some((record) => record.event === event),
      `the audit has ${event}`,
    );
  }
  expect((await latchkey('audit', 'verify')).code === 0, 'the chain is whole');
}

async function signIn(
  commandLine: CommandLine,
  tenant: LocalTenant,
  username: string,
  { line }: Narrator,
): Promise<void> {
  line('$ latchkey login');
  const login = commandLine.start(['login', '--json']);
  const { userCode, verificationUri } = JSON.parse(await firstLine(login)) as {
    userCode: string;
    verificationUri: string;
  };
  line(`  Open ${verificationUri} and enter the code ${userCode}`);
  const page = await enterCode(verificationUri, tenant.caPem, userCode, username);
  line(`  (in the browser, as ${username}: ${page.title})`);
  const [code] = (await once(login, 'close')) as [number];
  expect(code === 0, `${username} is signed in`);
  const status = JSON.parse((await commandLine.run(['status', '--json'])).out) as {
    signIn: { kind: string; account?: { username: string }; groups?: { name: string }[] };
  };
  expect(status.signIn.account?.username === username, `${username} is the one signed in`);
  line(`  Signed in; groups: ${status.signIn.groups?.map(({ name }) => name).join(', ') || 'none'}`);
}

function expect(held: boolean, what: string): asserts held {
  if (!held) throw new Error(`the story went wrong: ${what}`);
}

/** A token is a secret even in a demo: the transcript shows its beginning. */
function shorten(text: string): string {
  return text.replaceAll(/lk_[0-9A-Za-z]{25,46}/g, (token) => `${token.slice(0, 8)}…`);
}

interface QueryResult {
  client: 'psql' | 'node-postgres';
  ok: boolean;
  text: string;
}

/** Runs one statement through the gateway with the token as password: with psql where it is installed. */
async function runQuery(token: IssuedToken, sql: string): Promise<QueryResult> {
  return (await withPsql(token, sql)) ?? withNodePostgres(token, sql);
}

async function withPsql(
  { host, port, username, database, token }: IssuedToken,
  sql: string,
): Promise<QueryResult | undefined> {
  const child = spawn(
    'psql',
    ['-X', '-h', host, '-p', String(port), '-U', username, '-d', database, '-c', sql],
    {
      env: { ...process.env, PGPASSWORD: token },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const ending = await Promise.race([once(child, 'close'), once(child, 'error').then(() => undefined)]).catch(
    () => undefined,
  );
  return ending === undefined ? undefined : { client: 'psql', ok: ending[0] === 0, text: text.trimEnd() };
}

async function withNodePostgres(
  { host, port, username, database, token }: IssuedToken,
  sql: string,
): Promise<QueryResult> {
  const client = new Client({ host, port, user: username, database, password: token });
  try {
    await client.connect();
    const { rows } = await client.query(sql);
    return { client: 'node-postgres', ok: true, text: JSON.stringify(rows) };
  } catch (error) {
    const text =
      error instanceof DatabaseError
        ? `${error.severity}: ${error.message}\nHINT: ${error.hint ?? ''}`
        : String(error);
    return { client: 'node-postgres', ok: false, text };
  } finally {
    await client.end().catch(() => undefined);
  }
}

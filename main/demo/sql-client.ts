import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Client, DatabaseError } from 'pg';
import type { IssuedToken } from '../core/token-issue.ts';

export interface QueryResult {
  client: 'psql' | 'node-postgres';
  ok: boolean;
  text: string;
}

/** Runs one statement through the gateway with the token as password: with psql where it is installed. */
export async function runQuery(token: IssuedToken, sql: string): Promise<QueryResult> {
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

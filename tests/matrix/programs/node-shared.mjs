// What the drivers and query builders of npm share: where to log in, and how to tell of it. See ../checks.ts.
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const { env } = process;
export const sql = JSON.parse(env.MATRIX_SQL);
export const host = env.MATRIX_HOST;
export const port = Number(env.MATRIX_PORT);
export const user = env.MATRIX_USER;
/** PgBouncer holds the passwords itself and tells them by the name of the database. */
export const byDatabase = env.MATRIX_POOLER === 'pgbouncer';
export const database = env.MATRIX_DATABASE;
export const ca = readFileSync(env.MATRIX_CA, 'utf8');
export const notes = Array.from({ length: 2000 }, (_, id) => ({ id, note: `note ${id}` }));

export class Cannot extends Error {}
export const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
export const textOf = (error) =>
  [error.code, error.message, error.original?.message, error.cause?.message, error.hint]
    .filter(Boolean)
    .join(' ');
export async function check(checked, body) {
  try {
    say({ check: checked, value: String(await body()) });
  } catch (error) {
    if (error instanceof Cannot) say({ check: checked, cannot: error.message });
    else say({ check: checked, error: textOf(error) });
  }
}
export const told = () => once(process.stdin.resume(), 'data').finally(() => process.stdin.pause());
const valuesOf = (row) => (Array.isArray(row) ? row : Object.values(row));
export const text = (row) =>
  valuesOf(row)
    .map((value) => (value === null || value === undefined ? 'NULL' : String(value)))
    .join('|');
export const loadFile = () => {
  const file = join(env.MATRIX_FOLDER, 'load.tsv');
  writeFileSync(file, notes.map(({ id, note }) => `${id}\t${note}\n`).join(''));
  return file;
};
export const temporary = 'create temporary table bulk (id int, note varchar(40))';
export const counted = async (session) => text((await session.rows('select count(*) as n from bulk'))[0]);

// Drivers and query builders of npm: the list of checks. See ../checks.ts.
import { builders } from './node-builders.mjs';
import { drivers } from './node-drivers.mjs';
import {
  Cannot,
  check,
  counted,
  env,
  notes,
  say,
  sql,
  temporary,
  text,
  textOf,
  told,
} from './node-shared.mjs';

const [name = ''] = process.argv.slice(2);
const open = { ...drivers, ...builders }[name];
async function login(password, tls = false) {
  const session = await open(password, tls);
  try {
    return text((await session.rows('select 1 as one'))[0]);
  } finally {
    await session.close();
  }
}
const failure = (running) => running.then((rows) => `none ${JSON.stringify(rows)}`, textOf);

/** By the driver's own call; else the server is told, as these drivers' users do. */
async function cancel(session) {
  const statement = sql.long.replace('CHECK', 'cancel');
  let seen;
  if (session.cancel) seen = await session.cancel(statement);
  else {
    if (sql.protocol === 'sqlserver') throw new Cannot('it has no call for it');
    const question =
      sql.protocol === 'postgresql' ? 'select pg_backend_pid() as id' : 'select connection_id() as id';
    const id = session.thread ? await session.thread() : text((await session.rows(question))[0]);
    const running = failure(session.rows(statement));
    say({ running: 'cancel' });
    await told();
    const second = await open(env.MATRIX_TOKEN, false);
    await second.rows(sql.protocol === 'postgresql' ? `select pg_cancel_backend(${id})` : `KILL QUERY ${id}`);
    seen = await running;
    await second.close();
  }
  return `${seen}|${text((await session.rows('select 3 as three'))[0])}`;
}

await check('token', () => login(env.MATRIX_TOKEN));
await check('handle', () => login(env.MATRIX_HANDLE));
await check('wrong', () => login('lk_wrong').catch(textOf));
await check('verified', () => login(env.MATRIX_TOKEN, true));
try {
  const session = await open(env.MATRIX_TOKEN, false);
  await check('simple', async () =>
    text(
      (
        await session.rows(
          sql.simple.replace('1,', '1 as one,').replace("'ä'", "'ä' as two").replace('null', 'null as three'),
        )
      )[0],
    ),
  );
  await check('prepared', async () => {
    const statement = `${sql.prepared.replace('{}', session.mark)} as sum`;
    const found = [];
    for (const value of [41, 42]) found.push(text((await session.rows(statement, [value]))[0]));
    return found.join(',');
  });
  await check(
    'error',
    async () =>
      `${await failure(session.rows(sql.wrong))}|${text((await session.rows('select 2 as two'))[0])}`,
  );
  await check('cancel', () => cancel(session));
  await check('bulk', async () => {
    if (sql.protocol === 'sqlserver') return (await session.rows('select * from numbers(2000)')).length;
    if (session.bulk) return session.bulk();
    await session.rows(temporary);
    await session.rows(
      `insert into bulk values ${notes.map(({ id, note }) => `(${id}, '${note}')`).join(', ')}`,
    );
    return counted(session);
  });
  await check('metadata', async () => {
    if (sql.protocol === 'sqlserver') throw new Cannot('the stand-in has no catalog');
    if (session.columns) return session.columns();
    const columns =
      "select table_name as t, column_name as c from information_schema.columns where table_name = 'matrix_items'";
    return (await session.rows(columns)).map(text);
  });
  await check('cut', async () => {
    const pool = await open(env.MATRIX_HANDLE, false);
    const running = failure(pool.rows(sql.long.replace('CHECK', 'cut')));
    say({ running: 'cut' });
    await told();
    const seen = await running;
    // The next use of the pool must get a connection that is alive.
    if (sql.protocol !== 'mysql') await new Promise((resolve) => setTimeout(resolve, 100));
    return `lost ${seen}|${text((await pool.rows('select 4 as four'))[0])}`;
  });
} catch (error) {
  say({ fatal: textOf(error) });
}
process.exit(0);

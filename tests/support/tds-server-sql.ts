import { createHash } from 'node:crypto';
import { type Call } from './tds-server-rpc.ts';
import * as tokens from './tds-server-tokens.ts';

/** One database session of the stand-in. */
export interface SqlSession {
  version: number;
  user: string;
  database: string;
  /** The server's. */
  collation: string;
  spid: number;
  /** Descriptor of the open transaction. */
  transaction: Buffer | undefined;
  prepared: Map<number, string>;
}

/** What a statement sends; `wait` is for statements that take long, and ends with the attention at the latest. */
export type Step = Buffer | { waitMs: number };

const more = 1;
const withCount = 0x10;

/** Answers a batch of statements, each on a line or behind a semicolon; what it does not know, it does nothing for. */
export function* runBatch(
  batch: string,
  session: SqlSession,
  parameters: Call['parameters'] = [],
): Generator<Step> {
  const { version } = session;
  const statements = batch
    .split(/[;\n]/)
    .map((each) => each.trim())
    .filter((each) => each !== '');
  for (const statement of statements) yield* runStatement(statement, session, parameters);
  yield tokens.done(version, 0);
}

function* runStatement(
  statement: string,
  session: SqlSession,
  parameters: Call['parameters'],
): Generator<Step> {
  const { version } = session;
  const one = (of: number | string): Buffer[] => [
    tokens.columns(version, {
      [/ as ["'[]?(\w+)["'\]]?$/i.exec(statement)?.[1] ?? 'value']: typeof of === 'number' ? 'int' : 'text',
    }),
    tokens.row([of]),
    tokens.done(version, more | withCount, 1),
  ];
  const is = (pattern: RegExp): RegExpExecArray | null => pattern.exec(statement);
  let found: RegExpExecArray | null;
  if ((found = is(/^select (-?\d+)/i))) yield* one(Number(found[1]));
  else if ((found = is(/^select N?'((?:[^']|'')*)'/i))) yield* one((found[1] ?? '').replaceAll("''", "'"));
  else if (is(/^select suser_sname\(\)/i)) yield* one(session.user);
  else if (is(/^select db_name\(\)/i)) yield* one(session.database);
  else if (is(/^select schema_name\(\)/i)) yield* one('dbo');
  else if (is(/^select serverproperty\(/i)) yield* one('16.0.4125.3');
  else if (is(/^print convert\(nvarchar\(128\), serverproperty\('collation'\)\)/i))
    yield tokens.notice(0xab, version, 0, 0, session.collation);
  else if (is(/^select reverse\(substring\(@ms_ver/i)) yield* one('16.0');
  else if (is(/^select @@max_precision/i)) yield* one(38);
  else if (is(/^select @@spid/i)) yield* one(session.spid);
  else if (is(/^select @@trancount/i)) yield* one(session.transaction === undefined ? 0 : 1);
  else if ((found = is(/^select len\((@\w+)\)/i))) yield* one(String(valueOf(found[1], parameters)).length);
  else if ((found = is(/^select +(@\w+)/i))) yield* one(valueOf(found[1], parameters));
  else if ((found = is(/^select \* from numbers\((\d+)\)/i))) yield* numbers(Number(found[1]), version);
  else if ((found = is(/^waitfor delay '(\d+):(\d+):(\d+)'/i))) {
    const [hours = 0, minutes = 0, seconds = 0] = found.slice(1).map(Number);
    yield { waitMs: ((hours * 60 + minutes) * 60 + seconds) * 1000 };
  } else if ((found = is(/^raiserror ?\('([^']*)'/i)))
    yield Buffer.concat([tokens.error(version, 50_001, 16, found[1] ?? ''), tokens.done(version, more | 2)]);
  else if ((found = is(/^use \[?(\w+)/i))) {
    yield tokens.textChange(1, found[1] ?? '', session.database);
    session.database = found[1] ?? '';
  } else if (is(/^begin tran/i)) yield transact('begin', session);
  else if (is(/^commit/i)) yield transact('commit', session);
  else if (is(/^(if @@trancount > 0 )?rollback/i)) {
    if (session.transaction !== undefined) yield transact('rollback', session);
  }
}

/** ODBC names its parameters from @P1 on, jTDS from @P0; neither sends the names. */
function valueOf(name = '', parameters: Call['parameters']): number | string {
  const named = parameters.find((each) => each.name.toLowerCase() === name.toLowerCase());
  const position = /^@P(\d+)$/i.exec(name)?.[1];
  const found = named ?? (position === undefined ? undefined : parameters[Math.max(Number(position) - 1, 0)]);
  return found?.value ?? 'NULL';
}

export const numberHash = (number: number): string => createHash('md5').update(String(number)).digest('hex');

function* numbers(count: number, version: number): Generator<Step> {
  yield tokens.columns(version, { i: 'int', hash: 'hash' });
  for (let i = 1; i <= count; i += 200) {
    const rows: Buffer[] = [];
    for (let j = i; j < i + 200 && j <= count; j += 1) rows.push(tokens.row([j, numberHash(j)]));
    yield Buffer.concat(rows);
  }
  yield tokens.done(version, more | withCount, count);
}

/** ENVCHANGE of a transaction: types 8, 9 and 10. */
export function transact(what: 'begin' | 'commit' | 'rollback', session: SqlSession): Buffer {
  const none = Buffer.alloc(0);
  const before = session.transaction ?? none;
  session.transaction = what === 'begin' ? Buffer.from([1, 0, 0, 0, 0, 0, 0, session.spid]) : undefined;
  if (session.transaction !== undefined) return tokens.bytesChange(8, session.transaction, none);
  return tokens.bytesChange(what === 'commit' ? 9 : 10, none, before);
}

/** Answers the procedures that drivers prepare and execute statements with. */
export function* runCall({ procedure, name, parameters }: Call, session: SqlSession): Generator<Step> {
  const { version, prepared } = session;
  const ending = (): Buffer => Buffer.concat([tokens.returnStatus(), tokens.done(version, 0, 0, 0xfe)]);
  const text = (index: number): string => String(parameters[index]?.value ?? '');
  const inner = function* (sql: string, values: Call['parameters']): Generator<Step> {
    for (const step of runBatch(sql, session, values)) {
      // Inside of a procedure each DONE is a DONEINPROC, and the last one belongs to the procedure.
      if ('waitMs' in step) yield step;
      else if (step[0] !== 0xfd) yield step;
      else if (((step[1] ?? 0) & more) !== 0) yield Buffer.concat([Buffer.from([0xff]), step.subarray(1)]);
    }
  };
  const prepare = (sql: string): number => {
    const handle = prepared.size + 1;
    prepared.set(handle, sql);
    return handle;
  };
  switch (procedure) {
    case 10:
      yield* inner(text(0), parameters.slice(2));
      break;
    case 11:
      yield tokens.returnStatus();
      yield tokens.returnInt(version, parameters[0]?.name ?? '', prepare(text(2)));
      yield tokens.done(version, 0, 0, 0xfe);
      return;
    case 12:
      yield* inner(prepared.get(Number(parameters[0]?.value)) ?? '', parameters.slice(1));
      break;
    case 13: {
      const handle = prepare(text(2));
      yield* inner(text(2), parameters.slice(3));
      yield tokens.returnStatus();
      yield tokens.returnInt(version, parameters[0]?.name ?? '', handle);
      yield tokens.done(version, 0, 0, 0xfe);
      return;
    }
    default:
      if (name === 'sp_columns') yield* catalog(text(0), version);
      break;
  }
  yield ending();
}

/** What drivers ask for by SQLColumns and the like: a result inside of a procedure. */
function* catalog(table: string, version: number): Generator<Step> {
  yield tokens.columns(version, { TABLE_NAME: 'text', COLUMN_NAME: 'text' });
  for (const column of ['id', 'name']) yield tokens.row([table, column]);
  yield tokens.done(version, more | withCount, 2, 0xff);
}

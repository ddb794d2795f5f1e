import type { ProtocolName } from '../../main/contract/protocols.ts';

/**
 * What every client is tried for. A program of `programs/` prints a line of JSON for each of them: `{check, value}`,
 * `{check, error}` or `{check, cannot}` where the client has no such thing; `{running: check}` asks to be told on standard
 * input when the server has the long statement under way (`cut`: the session is cut then instead).
 */
export const checks = {
  token: 'Token',
  handle: 'Saved password',
  wrong: 'Wrong token',
  verified: 'TLS verified',
  simple: 'Simple',
  prepared: 'Prepared',
  error: 'After an error',
  cancel: 'Cancel',
  bulk: 'Bulk',
  metadata: 'Metadata',
  cut: 'Cut',
} as const;
export type Check = keyof typeof checks;
export const checkNames = Object.keys(checks) as Check[];

/** What programs send; a name in braces is filled in by them. */
export const statements: Record<
  ProtocolName,
  Record<'simple' | 'prepared' | 'wrong' | 'long' | 'tables', string>
> = {
  postgresql: {
    simple: "select 1, 'ä', null",
    prepared: 'select {}::int + 1',
    wrong: 'select 1/0',
    long: "select pg_sleep(25), 'NAME CHECK'",
    tables: "select table_name from information_schema.tables where table_schema = 'public'",
  },
  mysql: {
    simple: "select 1, 'ä', null",
    prepared: 'select {} + 1',
    wrong: 'select * from nothing_of_that_name',
    long: "select sleep(25), 'NAME CHECK'",
    tables: 'select table_name from information_schema.tables where table_schema = database()',
  },
  sqlserver: {
    simple: "select N'ä'",
    prepared: 'select {}',
    wrong: "raiserror ('it went wrong', 16, 1)",
    long: "waitfor delay '00:00:25' -- NAME CHECK",
    tables: '',
  },
};

/** The checks that have the long statement under way when something is done to it. */
export type LongCheck = Extract<Check, 'cancel' | 'cut'>;

/**
 * What the server is asked for to know whether this client's statement is under way: the whole of it, as the names of
 * clients end in one another ("mssql", "pymssql").
 */
export function longStatement(protocol: ProtocolName, name: string, check: LongCheck): string {
  return statements[protocol].long.replace('NAME', name).replace('CHECK', check);
}

/** What the answers must look like, by the protocol where they differ. */
const expected: Record<Check, RegExp | Record<ProtocolName, RegExp>> = {
  token: /^1$/,
  handle: /^1$/,
  wrong: /Latchkey does not know this token/,
  verified: /^1$/,
  simple: { postgresql: /^1\|ä\|NULL$/, mysql: /^1\|ä\|NULL$/, sqlserver: /^ä$/ },
  prepared: { postgresql: /^42,43$/, mysql: /^42,43$/, sqlserver: /^41,42$/ },
  error: {
    postgresql: /(division by zero|22012)[^]*\|2$/,
    mysql: /(doesn't exist|1146)[^]*\|2$/,
    sqlserver: /it went wrong[^]*\|2$/,
  },
  cancel: {
    postgresql: /(cancel|57014)[^]*\|3$/i,
    // A SLEEP that is killed may also answer with 1.
    mysql: /(interrupted|1317|70100|query timeout|1)[^]*\|3$/,
    sqlserver: /(cancel|HY008|ended|unspecified)[^]*\|3$/i,
  },
  bulk: /^2000$/,
  metadata: /(?=[^]*matrix_items)[^]*amount/,
  // A statement that "none" stands for has run to its end: nothing was cut.
  cut: /^lost:? (?!none)[^]*\|4$/,
};

export function asExpected(check: Check, protocol: ProtocolName, value: string): boolean {
  const wanted = expected[check];
  return (wanted instanceof RegExp ? wanted : wanted[protocol]).test(value);
}

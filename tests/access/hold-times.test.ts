import { expect, it } from 'vitest';
import { holdMs, patienceMs } from '../../main/access/hold-times.ts';
import type { ProtocolName } from '../../main/contract/protocols.ts';

const settings = { seconds: { postgresql: 45, mysql: 8, sqlserver: 12 }, programs: [] };

it.each<[string, ProtocolName, string, string | undefined, number]>([
  ['Npgsql, which says no name', 'postgresql', '', 'Reports.Api', 15],
  ['Npgsql of `dotnet run`', 'postgresql', '', 'dotnet (Reports.dll)', 15],
  ['postgres.js', 'postgresql', 'postgres.js', 'node (job.js)', 30],
  ['HikariCP over pgJDBC', 'postgresql', 'PostgreSQL JDBC Driver', 'java', 30],
  ["Prisma's engine", 'postgresql', '', 'query-engine-debian-openssl-3.0.x', 5],
  ["Prisma's engine", 'mysql', '', 'query-engine-debian-openssl-3.0.x', 5],
  ['SqlClient', 'sqlserver', 'Core Microsoft SqlClient Data Provider', 'Reports.Api', 15],
  ['SqlClient', 'sqlserver', '.Net SqlClient Data Provider', undefined, 15],
  ['tedious', 'sqlserver', 'Tedious', 'node', 15],
  ['sqlcmd', 'sqlserver', 'SQLCMD', 'sqlcmd', 8],
  ['mysql2', 'mysql', '', 'node (job.js)', 10],
  ['PyMySQL', 'mysql', '', 'python3.11 (job.py)', 10],
  ['psycopg and pg, which wait', 'postgresql', '', 'python3.11 (job.py)', 46],
  ['an unknown client of MySQL', 'mysql', '', 'shop', 10],
])('%s: %s is answered before it gives up', (_client, protocol, program, process, givesUpAfter) => {
  const found = process === undefined ? undefined : { pid: 1, program: process };
  const patience = patienceMs(protocol, program, found, settings) / 1000;
  expect(patience).toBeLessThan(givesUpAfter);
  expect(patience).toBeGreaterThanOrEqual(Math.min(givesUpAfter, 45) * 0.7);
  // What a person may use leaves the database something.
  const hold = holdMs(patience * 1000) / 1000;
  expect(hold).toBeLessThanOrEqual(patience - 1);
  expect(hold).toBeGreaterThanOrEqual(patience * 0.7);
});

it('psql waits as long as it takes; the configuration comes first', () => {
  expect(patienceMs('postgresql', 'psql', { pid: 1, program: 'psql' }, settings)).toBe(45_000);
  const own = { ...settings, programs: [['psql', 5]] as const };
  expect(patienceMs('postgresql', 'psql', { pid: 1, program: 'psql' }, own)).toBe(5000);
});

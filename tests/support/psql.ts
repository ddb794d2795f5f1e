import { spawn } from 'node:child_process';
import { parts } from './parts.ts';

export interface PsqlResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface PsqlTarget {
  host: string;
  port: number;
  user: string;
  database: string;
  password: string;
  /** More libpq variables, PGSSLMODE say. */
  environment?: Record<string, string>;
}

/** Runs psql with these arguments (and input) and waits; nothing of the tester's own settings gets in. */
export function psql(target: PsqlTarget, args: string[], input = ''): Promise<PsqlResult> {
  const child = spawn(parts.psql.path ?? 'psql', ['-X', '-v', 'ON_ERROR_STOP=1', '-At', ...args], {
    env: {
      PATH: process.env['PATH'] ?? '',
      PGHOST: target.host,
      PGPORT: String(target.port),
      PGUSER: target.user,
      PGDATABASE: target.database,
      PGPASSWORD: target.password,
      ...target.environment,
    },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined).end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

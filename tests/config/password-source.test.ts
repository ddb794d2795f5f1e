import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfiguration, parseConfiguration } from '../../main/config/load.ts';
import { storedNames } from '../../main/config/password-source.ts';
import type { LatchkeyError } from '../../main/contract/errors.ts';
import { ownFile } from '../support/layers.ts';

interface Options {
  upstream?: string;
  local?: boolean;
}

function text(password: string, { upstream = 'database: sales', local = false }: Options = {}): string {
  const provider = local
    ? '{name: emergency, type: local, enabled: true}'
    : '{name: fabrikam, type: azure-directory, applicationId: 11111111-2222-4333-8444-555555555555, authority: "https://login.microsoftonline.com/fabrikam.com"}';
  return `
providers: [${provider}]
connections:
  - name: sales
    protocol: postgresql
    port: 15432
    upstream: {${upstream}}
    rules:
      - {group: aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee, role: readonly, password: ${password}}
`;
}

function parsed(password: string) {
  return parseConfiguration(text(password), 'x').connections[0]?.rules[0];
}

function faults(password: string, options?: Options): string {
  try {
    parseConfiguration(text(password, options), 'x');
  } catch (error) {
    expect(error).toMatchObject({ code: 'config-invalid' });
    return (error as LatchkeyError).message;
  }
  throw new Error('the configuration was accepted');
}

const vault = (rest: string): string => `{vault: {address: "https://vault.example:8200", ${rest}}}`;
const path = 'path: database/creds/readonly';
const appRole = 'auth: {appRole: {roleId: latchkey, secretId: {stored: vault-secret}}}';

describe('a source of credentials', () => {
  it.each([
    ['{stored: reader}', { stored: 'reader' }],
    ['{entra: postgresql}', { entra: 'postgresql' }],
    ['{entra: "https://db.example/.default"}', { entra: 'https://db.example/.default' }],
    ['{entra: "api://sales-db/.default"}', { entra: 'api://sales-db/.default' }],
    ['{command: [get-password, sales]}', { command: ['get-password', 'sales'], timeout: '10s' }],
    ['{command: [/opt/get], timeout: 60s}', { command: ['/opt/get'], timeout: '60s' }],
    ["{command: ['C:\\tools\\get.exe']}", { command: ['C:\\tools\\get.exe'], timeout: '10s' }],
    [
      vault(`${path}, auth: {stored: vault-token}, namespace: teams/data`),
      { vault: { auth: { stored: 'vault-token' }, namespace: 'teams/data' } },
    ],
    [
      vault(`path: teams/db/static-creds/app.ro, ${appRole}`),
      { vault: { auth: { appRole: { roleId: 'latchkey', mount: 'approle' } } } },
    ],
    [
      `{vault: {address: "http://127.0.0.1:8200", ${path}, auth: {stored: t}}}`,
      { vault: { address: 'http://127.0.0.1:8200' } },
    ],
  ])('%s', (password, expected) => {
    expect(parsed(password)?.password).toMatchObject(expected);
  });

  it.each([
    [
      'a misspelt source',
      '{stord: reader}',
      {},
      /must have one of: stored, entra, user, command, timeout, vault/,
    ],
    ['a password in the file', 'hunter2', {}, /must have one of: stored/],
    ['two sources', '{stored: reader, entra: postgresql}', {}, /password\.(entra|stored) is not a known key/],
    ['a key of another source', '{stored: reader, timeout: 5s}', {}, /password\.timeout is not a known key/],
    ['an unknown resource', '{entra: oracle}', {}, /password\.entra \("oracle"\): must be postgresql/],
    ['a scope of nothing', '{entra: "api://sales-db"}', {}, /password\.entra .*must be/],
    ['a scope in the clear', '{entra: "http://db.example/.default"}', {}, /password\.entra .*must be/],
    ['another kind of database', '{entra: sqlserver}', {}, /"sqlserver" is not for a connection with/],
    [
      'an access token without TLS',
      '{entra: postgresql}',
      { upstream: 'database: sales, tls: {mode: off}' },
      /password\.entra needs upstream\.tls\.mode "verify"/,
    ],
    ['an access token of nobody', '{entra: postgresql}', { local: true }, /needs a provider of type/],
    ['a relative program', '{command: [./get]}', {}, /password\.command .*full path of a program/],
    ['no program', '{command: []}', {}, /password\.command/],
    ['a command line', '{command: get-password sales}', {}, /password\.command must be a list/],
    ['a long time-out', '{command: [get], timeout: 5m}', {}, /password\.timeout .*between 1s and 1m/],
    [
      'a server in the clear',
      `{vault: {address: "http://vault.example", ${path}, auth: {stored: t}}}`,
      {},
      /vault\.address must be an https address/,
    ],
    [
      'a password in the address',
      `{vault: {address: "https://u:p@vault.example", ${path}, auth: {stored: t}}}`,
      {},
      /vault\.address must have no user/,
    ],
    ['another engine', vault('path: secret/data/db, auth: {stored: t}'), {}, /vault\.path .*<mount>\/creds/],
    ['a path upwards', vault('path: a/../creds/x, auth: {stored: t}'), {}, /vault\.path/],
    ['no way to sign in', vault(path), {}, /vault\.auth must have one of: stored, appRole/],
    [
      'a misspelt key of AppRole',
      vault(`${path}, auth: {appRole: {roleID: x, secretId: {stored: y}}}`),
      {},
      /auth\.appRole\.roleID is not a known key; did you mean "roleId"/,
    ],
    [
      'a secret in the file',
      vault(`${path}, auth: {appRole: {roleId: x, secretId: hunter2}}`),
      {},
      /auth\.appRole\.secretId must be a group of keys/,
    ],
    ['a misspelt key of vault', vault(`${path}, auth: {stored: t}, nmespace: x`), {}, /mean "namespace"/],
  ])('is refused: %s', (_name, password, options, expected) => {
    expect(faults(password, options)).toMatch(expected);
  });

  it('names the secrets that have to be stored', () => {
    const names = [
      '{stored: a}',
      '{entra: postgresql}',
      '{command: [get]}',
      vault(`${path}, auth: {stored: b}`),
      vault(`${path}, ${appRole}`),
    ].map((password) => storedNames(parsed(password) ?? {}));
    expect(names).toEqual([['a'], [], [], ['b'], ['vault-secret']]);
    expect(storedNames({})).toEqual([]);
  });

  it('has its certificate authority named from the folder of the configuration', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-config-'));
    const file = join(folder, 'latchkey.yaml');
    await writeFile(file, text(vault(`${path}, auth: {stored: t}, caFile: ca.pem`)));
    const { configuration: config } = await loadConfiguration(ownFile(file));
    expect(config.connections[0]?.rules[0]?.password).toMatchObject({
      vault: { caFile: join(folder, 'ca.pem') },
    });
  });
});

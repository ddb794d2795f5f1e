import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { get as httpsGet } from 'node:https';
import { networkInterfaces, tmpdir } from 'node:os';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startLocalTenant } from '../../../main/demo/tenant/local-tenant.ts';
import { fabrikam } from '../../../main/demo/tenant/organisation.ts';

const program = join(import.meta.dirname, '../../../main/demo/tenant/index.ts');
const running: ChildProcess[] = [];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenant-test-'));
});

afterEach(async () => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

interface Run {
  child: ChildProcess;
  output: { stdout: string; stderr: string };
  exit: Promise<number | null>;
  /** Resolves once a whole line has been printed. */
  line: Promise<string>;
}

function run(...options: string[]): Run {
  const child = spawn(process.execPath, [program, ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  const output = { stdout: '', stderr: '' };
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  const line = new Promise<string>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output.stdout += chunk.toString();
      if (output.stdout.includes('\n')) resolve(output.stdout);
    });
  });
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  return { child, output, exit, line };
}

describe('npm run tenant', () => {
  test('prints one line of JSON that is enough to reach everything, and ends on SIGTERM', async () => {
    const { child, output, exit, line } = run();
    const addresses = JSON.parse(await line) as Record<string, string> & { users: string[] };
    expect(Object.keys(addresses)).toEqual([
      'authority',
      'graph',
      'caFile',
      'control',
      'verificationUri',
      'clientId',
      'tenantId',
      'users',
    ]);
    expect(addresses.users).toContain('ada@fabrikam.example');
    expect(addresses['tenantId']).toBe(fabrikam.tenantId);
    const caFile = addresses['caFile'] ?? '';
    expect((await stat(caFile)).mode & 0o777).toBe(0o600);
    const dispatcher = new Agent({ connect: { ca: await readFile(caFile, 'utf8') } });
    for (const url of [
      `${addresses['authority'] ?? ''}/v2.0/.well-known/openid-configuration`,
      addresses['verificationUri'] ?? '',
      addresses['control'] ?? '',
    ]) {
      const { statusCode, body } = await request(url, { dispatcher });
      await body.dump();
      expect(statusCode).toBe(200);
    }
    await dispatcher.close();
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(output.stdout.match(/\n/g)).toHaveLength(1);
    expect(output.stderr).toBe('');
    await expect(stat(caFile)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('serves a directory from a file, on given ports, with its CA file in a given folder', async () => {
    const file = join(folder, 'directory.json');
    const directory = {
      tenants: [
        {
          displayName: 'Woodgrove',
          domains: ['woodgrove.example'],
          users: [{ userPrincipalName: 'uma@woodgrove.example', displayName: 'Uma' }],
          applications: [{ displayName: 'App' }],
        },
      ],
    };
    await writeFile(file, JSON.stringify(directory));
    const { line, child, exit } = run('--directory', file, '--port', '18443', '--certificate-folder', folder);
    const addresses = JSON.parse(await line) as Record<string, unknown>;
    expect(addresses['users']).toEqual(['uma@woodgrove.example']);
    expect(addresses['authority']).toMatch(/^https:\/\/localhost:18443\//);
    expect(addresses['caFile']).toMatch(new RegExp(`^${folder}/`));
    const second = run('--port', '18443');
    expect(await second.exit).toBe(1);
    expect(second.output.stderr).toMatch(/Port 18443 on 127\.0\.0\.1 is taken/);
    child.kill('SIGINT');
    expect(await exit).toBe(0);
    expect((await stat(folder)).isDirectory()).toBe(true);
  });

  test('--help explains the options', async () => {
    const { exit, output } = run('--help');
    expect(await exit).toBe(0);
    expect(output.stdout).toMatch(/--directory <file>/);
  });

  test.each([
    [['--port', 'many'], /--port needs a port number/],
    [['--nonsense'], /nonsense/],
    [['--directory', '/does/not/exist.json'], /exist\.json/],
  ])('%j fails with a sentence', async (options, message) => {
    const { exit, output } = run(...options);
    expect(await exit).toBe(1);
    expect(output.stdout).toBe('');
    expect(output.stderr).toMatch(message);
    expect(output.stderr).not.toMatch(/\n\s+at /);
  });

  test('a directory that is not valid is named by its path', async () => {
    const file = join(folder, 'directory.json');
    const user = { userPrincipalName: 'no-domain', displayName: 'X' };
    await writeFile(
      file,
      JSON.stringify({ tenants: [{ displayName: 'T', domains: ['t.example'], users: [user] }] }),
    );
    const { exit, output } = run('--directory', file);
    expect(await exit).toBe(1);
    expect(output.stderr).toMatch(/tenants\[0\]\.users\[0\]\.userPrincipalName/);
  });
});

describe('addresses', () => {
  test('only loopback addresses answer', async () => {
    const tenant = await startLocalTenant();
    const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    const outside = addresses.filter(({ internal, family }) => !internal && family === 'IPv4');
    const port = Number(new URL(tenant.authority).port);
    const reaches = (host: string) =>
      new Promise<boolean>((resolve) => {
        const socket = connect({ host, port, timeout: 2000 });
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
        socket.once('timeout', () => resolve(false));
        socket.once('connect', () => socket.destroy());
      });
    expect(await reaches('127.0.0.1')).toBe(true);
    for (const { address } of outside) expect(await reaches(address)).toBe(false);
    await tenant.close();
  });

  test('the certificate is good for localhost, 127.0.0.1 and ::1 and for nothing else', async () => {
    const tenant = await startLocalTenant();
    const { port } = new URL(tenant.authority);
    const path = `/${tenant.tenantId}/v2.0/.well-known/openid-configuration`;
    const ask = async (host: string, servername?: string): Promise<number | string> => {
      const dispatcher = new Agent({
        connect: { ca: tenant.caPem, ...(servername === undefined ? {} : { servername }) },
      });
      try {
        const { statusCode, body } = await request(`https://${host}:${port}${path}`, { dispatcher });
        await body.dump();
        return statusCode;
      } catch (error) {
        return String((error as NodeJS.ErrnoException).code);
      } finally {
        await dispatcher.close();
      }
    };
    expect([await ask('localhost'), await ask('127.0.0.1'), await ask('[::1]')]).toEqual([200, 200, 200]);
    expect(await ask('127.0.0.1', 'login.microsoftonline.com')).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    await tenant.close();
  });

  test('another Host name is misdirected', async () => {
    const tenant = await startLocalTenant();
    const headers = { host: 'login.microsoftonline.com' };
    const options = { ca: tenant.caPem, servername: 'localhost', agent: false, headers };
    const status = await new Promise((resolve, reject) => {
      httpsGet(tenant.verificationUri, options, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).on('error', reject);
    });
    expect(status).toBe(421);
    await tenant.close();
  });

  test('close frees the ports and removes the CA file, even with a half-open handshake', async () => {
    const tenant = await startLocalTenant();
    const { port } = new URL(tenant.authority);
    const socket = connect(Number(port), '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.on('error', () => {});
    const start = performance.now();
    await tenant.close();
    expect(performance.now() - start).toBeLessThan(2000);
    await expect(stat(tenant.caFile)).rejects.toMatchObject({ code: 'ENOENT' });
    const again = await startLocalTenant({ port: Number(port) });
    expect(again.authority).toContain(`:${port}/`);
    await again.close();
  });
});

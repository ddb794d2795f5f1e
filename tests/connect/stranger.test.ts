import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { clientStart } from '../../main/cli/exec-environment.ts';
import { settingsFor } from '../../main/connect/tools.ts';
import type { IssuedToken } from '../../main/contract/shapes.ts';
import { createTestAuthority } from '../support/certificates.ts';
import { describeWith, parts } from '../support/parts.ts';
import { handle, place, writeFiles } from './places.ts';
import { clients, runClient, runJava, runNode, runPython } from './run-client.ts';
import { readers } from './readers.ts';

const cleartextRequest = Buffer.from('R\0\0\0\x08\0\0\0\x03', 'latin1');

/**
 * Somebody who has the port instead of the gateway and asks for the password itself, with TLS of their own or without.
 * What PostgreSQL's clients send to whoever listens decides whether a token is safe.
 */
describeWith([parts.psql, readers.python, clients.java, clients.pgJdbc], 'a stranger at the port', () => {
  let folder: string;
  let authorityFile: string;
  let heard = '';
  let certificate: { certPem: string; keyPem: string };
  let offersTls = false;
  const sockets = new Set<Socket>();
  const stranger = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    const talk = (stream: Socket): void => {
      stream.on('error', () => undefined);
      stream.on('data', (chunk: Buffer) => {
        heard += chunk.toString('latin1');
        if (chunk[0] === 0x70) stream.destroy();
        if (chunk.length > 4 && chunk.readInt32BE(4) === 0x30000) stream.write(cleartextRequest);
      });
    };
    socket.once('data', (chunk: Buffer) => {
      const asksForTls = chunk.length === 8 && chunk.readInt32BE(4) === 80_877_103;
      if (!asksForTls) {
        talk(socket);
        socket.emit('data', chunk);
        return;
      }
      socket.write(offersTls ? 'S' : 'N');
      if (!offersTls) return talk(socket);
      talk(new TLSSocket(socket, { isServer: true, cert: certificate.certPem, key: certificate.keyPem }));
    });
  });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lk-stranger-'));
    authorityFile = join(folder, 'ca.pem');
    writeFileSync(authorityFile, (await createTestAuthority()).caPem);
    const other = await createTestAuthority();
    certificate = await other.issue({ dns: ['localhost'], ip: ['127.0.0.1'] });
    await new Promise<void>((resolve) => {
      stranger.listen(0, '127.0.0.1', resolve);
    });
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    stranger.close();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(() => {
    expect(heard).not.toContain(handle);
    heard = '';
  });

  const at = () =>
    place('postgresql', {
      port: (stranger.address() as AddressInfo).port,
      authorityFile,
      command: [join(folder, 'token')],
    });
  const refusesStranger = { code: 2, out: '', err: expect.stringMatching(/SSL|certificate/) as string };
  const ways = [
    ['without TLS', false],
    ['with TLS of its own', true],
  ] as const;

  it('would get the token from a client that does not verify', async () => {
    const { authorityFile: _unknown, ...unverified } = at();
    const { args = [] } = settingsFor('psql', unverified).open ?? {};
    const env = { PGPASSWORD: handle.replace('lkh_', 'other_') };
    await runClient(parts.psql, ['-c', 'select 1', ...args], { home: folder, env });
    expect(heard).toContain(env.PGPASSWORD);
  });

  it.each(ways)('%s: gets nothing from psql as `connect` opens it', async (_name, tls) => {
    offersTls = tls;
    const { args = [], variables } = settingsFor('psql', at()).open ?? {};
    const env = { PGPASSWORD: handle, ...variables };
    const ran = await runClient(parts.psql, ['-c', 'select 1', ...args], { home: folder, env });
    expect(ran).toEqual(refusesStranger);
  });

  it.each(ways)('%s: gets nothing by the service and the saved password', async (_name, tls) => {
    offersTls = tls;
    writeFiles(settingsFor('psql', at()), folder, handle);
    const ran = await runClient(parts.psql, ['-c', 'select 1', 'service=sales'], { home: folder });
    expect(ran).toEqual(refusesStranger);
  });

  it.each(ways)('%s: gets nothing from a client that `exec` starts', async (_name, tls) => {
    offersTls = tls;
    const { port, host, username, database } = at();
    const token = {
      protocol: 'postgresql',
      connection: 'sales',
      host,
      port,
      username,
      database,
      token: handle,
    };
    const { environment } = await clientStart(token as IssuedToken, ['psql'], {
      runFolder: folder,
      authorityFile,
      environment: {},
    });
    const env = environment as Record<string, string>;
    const ran = await runClient(parts.psql, ['-c', 'select 1'], { home: folder, env });
    expect(ran).toEqual(refusesStranger);
    const node =
      "import pg from 'pg';\nconst c = new pg.Client();\nawait c.connect().then(() => console.log('in'), (e) => console.log(e.code ?? e.message));\nprocess.exit();\n";
    expect(await runNode(folder, '', node, env)).toMatch(/SSL|CERT/);
  });

  it.each(ways)('%s: gets nothing from JDBC, Python and Node.js', async (_name, tls) => {
    offersTls = tls;
    writeFileSync(join(folder, 'token'), `#!/bin/sh\necho '${handle}'\n`, { mode: 0o700 });
    const url = settingsFor('jdbc', at()).texts[0]?.text ?? '';
    const login = { user: 'bruno', password: handle };
    await expect(runJava(folder, clients.pgJdbc, url, login, 'select 1')).rejects.toThrow();
    const python = settingsFor('python', at()).texts[0]?.text ?? '';
    await expect(runPython(folder, python, 'select 1')).rejects.toThrow();
    const node = settingsFor('node', at()).texts[0]?.text ?? '';
    await expect(runNode(folder, node, 'await pool.connect();\n')).rejects.toThrow();
  });
});

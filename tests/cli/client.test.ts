import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { connectClient } from '../../main/cli/client.ts';
import { freePort } from '../support/free-port.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'latchkey-client-'));
  await mkdir(join(home, 'run'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const describeAs = (port: number) =>
  writeFile(
    join(home, 'run', 'api.json'),
    JSON.stringify({ pid: process.pid, version: '0', url: `http://127.0.0.1:${port}`, bearer: 'b' }),
  );

it('a broker without descriptors, which hangs up, is not told as one that does not run', async () => {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  await describeAs((server.address() as AddressInfo).port);
  await expect((await connectClient(home)).state()).rejects.toMatchObject({
    code: 'broker-unanswering',
    message: `The Latchkey of ${home} has hung up without an answer.`,
    remedy: expect.stringContaining('LimitNOFILE') as string,
  });
  server.close();
});

it('a description that cannot be read is told as such; none, or nobody there, is "not running"', async () => {
  await expect(connectClient(home)).rejects.toMatchObject({ code: 'broker-not-running' });
  await mkdir(join(home, 'run', 'api.json'));
  await expect(connectClient(home)).rejects.toMatchObject({ code: 'broker-unanswering' });
  await rm(join(home, 'run', 'api.json'), { recursive: true });
  await describeAs(await freePort());
  await expect((await connectClient(home)).state()).rejects.toMatchObject({ code: 'broker-not-running' });
});

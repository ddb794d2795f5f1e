import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  loadSocketDiagnosis,
  decodeAnswer,
  encodeQuestion,
} from '../../../main/gateway/peers/socket-diagnosis.ts';
import { unanswered } from '../../../main/gateway/upstream-watch.ts';
import { findSockets, readSocketTable, tableAddress } from '../../../main/gateway/peers/socket-table.ts';

async function connected(host: string, to = host) {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port: localPort } = server.address() as AddressInfo;
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const client = connect({ host: to, port: localPort });
  const [[socket]] = await Promise.all([accepted, once(client, 'connect')]);
  return {
    client,
    ends: { address: host, port: client.localPort ?? 0, host, localPort },
    [Symbol.dispose]() {
      for (const one of [client, socket]) one.destroy();
      server.close();
    },
  };
}

describe.runIf(process.platform === 'linux')('a socket that the kernel is asked for', () => {
  it.each([
    ['127.0.0.1', 'tcp', '127.0.0.1'],
    ['::1', 'tcp6', '::1'],
    ['127.0.0.1', 'tcp6', '::ffff:127.0.0.1'],
  ] as const)('at %s is the one in the table %s, for a client of %s', async (host, table, to) => {
    using connection = await connected(host, to);
    const { ends } = connection;
    const told = (await loadSocketDiagnosis())?.(ends);
    let text = '';
    await readSocketTable(table, (lines) => {
      text += lines;
      return true;
    });
    const [client = '', server = ''] = [
      tableAddress(table, ends.address, ends.port),
      tableAddress(table, ends.host, ends.localPort),
    ];
    const { timer, tries, ...entry } = told ?? {};
    expect(entry).toEqual(findSockets(text, client, server)[0]);
    expect([timer, tries]).toEqual([expect.any(Number), 0]);
    expect(told).toMatchObject({ state: '01', uid: process.getuid?.() });
  });

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['0.0.0.0', '127.0.0.1'],
    ['::', '127.0.0.1'],
    ['::', '::1'],
    ['::1', '::1'],
  ])('is the listener at %s for who connects to %s and to no other', async (at, host) => {
    const server = createServer().listen(0, at);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const diagnose = await loadSocketDiagnosis();
    const other = host === '::1' ? '127.0.0.1' : '::1';
    const [told, elsewhere] = [host, other].map((address) =>
      diagnose?.({ address, port, host: address, localPort: 0 }),
    );
    server.close();
    expect(told).toMatchObject({ state: '0A', uid: process.getuid?.() });
    expect(elsewhere?.inode).toBe(at === '::' ? told?.inode : undefined);
    expect(diagnose?.({ address: host, port, host, localPort: 0 })).toBeUndefined();
  });

  it('is undefined where there is none, and where its addresses belong to no loopback', async () => {
    using connection = await connected('127.0.0.1');
    const { ends } = connection;
    const diagnose = await loadSocketDiagnosis();
    expect(diagnose?.({ ...ends, address: '127.0.0.9' })).toBeUndefined();
    expect(diagnose?.({ ...ends, address: '::1', host: '::1' })).toBeUndefined();
    for (const address of ['::1', 'localhost', '127.0.0.300', '127.0.1', ''])
      expect(diagnose?.({ ...ends, address }), address).toBeUndefined();
  });

  it('says that a peer which has no room is asked for it', async () => {
    using connection = await connected('127.0.0.1');
    const { ends, client } = connection;
    const diagnose = await loadSocketDiagnosis();
    expect(diagnose?.(ends)).toMatchObject({ state: '01', tries: 0 });
    // Nobody reads at the other end.
    client.write(Buffer.alloc(16 * 1024 * 1024));
    await expect.poll(() => diagnose?.(ends)?.timer).toBe(4);
    expect(await unanswered([client])).toEqual(new Set());
  });

  it('leaves no descriptor open', async () => {
    using connection = await connected('127.0.0.1');
    const diagnose = await loadSocketDiagnosis();
    const before = await readdir('/proc/self/fd');
    for (let count = 0; count < 100; count += 1) diagnose?.(connection.ends);
    expect((await readdir('/proc/self/fd')).length).toBeLessThanOrEqual(before.length + 5);
  });
});

describe('an answer of the kernel', () => {
  const question = encodeQuestion({ address: '127.0.0.1', port: 50_000, host: '127.0.0.1', localPort: 5432 });

  it('counts only for the ports that were asked for', () => {
    const answer = Buffer.alloc(88);
    answer.writeUInt16LE(20, 4);
    answer[17] = 1;
    answer.writeUInt16BE(50_000, 20);
    answer.writeUInt16BE(5432, 22);
    answer.writeUInt32LE(1000, 80);
    answer.writeUInt32LE(4711, 84);
    answer[18] = 1;
    answer[19] = 3;
    const expected = { state: '01', uid: 1000, inode: '4711', timer: 1, tries: 3 };
    expect(decodeAnswer(answer, question ?? answer)).toEqual(expected);
    answer.writeUInt16BE(5433, 22);
    expect(decodeAnswer(answer, question ?? answer)).toBeUndefined();
  });

  it('is read whatever it holds', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        decodeAnswer(Buffer.from(bytes), question ?? Buffer.alloc(72));
      }),
    );
  });
});

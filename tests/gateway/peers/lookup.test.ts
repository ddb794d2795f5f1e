import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createPeerLookup } from '../../../main/gateway/peers/lookup.ts';
import type { Peer } from '../../../main/gateway/ports.ts';
import { loadSocketDiagnosis } from '../../../main/gateway/peers/socket-diagnosis.ts';
import { findSockets, tableAddress } from '../../../main/gateway/peers/socket-table.ts';

const root = process.getuid?.() === 0;

const ways = [
  { way: 'by the kernel, which is asked', load: loadSocketDiagnosis },
  { way: 'by the tables', load: () => Promise.resolve(undefined) },
];

describe.runIf(process.platform === 'linux').each(ways)('whose the other end is, $way', ({ load }) => {
  const closers: (() => unknown)[] = [];
  afterEach(() => {
    for (const close of closers.splice(0)) close();
  });

  /** A server that hands out what it knows of its next peer. */
  async function serve(host: string) {
    const server = createServer().listen(0, host);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    closers.push(() => server.close());
    const next = async (): Promise<{ peer: Peer; socket: Socket }> => {
      const [socket] = (await once(server, 'connection')) as [Socket];
      closers.push(() => socket.destroy());
      const peer: Peer = { transport: 'tcp', localPort: port };
      if (socket.remoteAddress !== undefined) peer.address = socket.remoteAddress;
      if (socket.remotePort !== undefined) peer.port = socket.remotePort;
      return { peer, socket };
    };
    return { port, next };
  }

  test.each(['127.0.0.1', '::1'])('ourselves, over %s', async (host) => {
    const { port, next } = await serve(host);
    const accepted = next();
    const client = connect({ host, port });
    closers.push(() => client.destroy());
    expect(await createPeerLookup(load).uid((await accepted).peer, host)).toBe(process.getuid?.());
  });

  test('a client with a socket for both families, as Java has them', async () => {
    const { port, next } = await serve('127.0.0.1');
    const accepted = next();
    const client = connect({ host: '::ffff:127.0.0.1', port, family: 6 });
    closers.push(() => client.destroy());
    expect(await createPeerLookup(load).uid((await accepted).peer, '127.0.0.1')).toBe(process.getuid?.());
  });

  test.runIf(root)('another user', async () => {
    const uid = Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }));
    const { port, next } = await serve('127.0.0.1');
    const accepted = next();
    const script = `require('node:net').connect(${port}, '127.0.0.1')`;
    const child = spawn(process.execPath, ['-e', script], { uid });
    closers.push(() => child.kill());
    expect(await createPeerLookup(load).uid((await accepted).peer, '127.0.0.1')).toBe(uid);
  });

  test('a client that has gone, a unix socket and an address from elsewhere are unknown', async () => {
    const { port, next } = await serve('127.0.0.1');
    const accepted = next();
    const client = connect({ host: '127.0.0.1', port });
    const { peer, socket } = await accepted;
    const lookup = createPeerLookup(load);
    // We close first, so that the entry of the gone connection is the client's no longer.
    client.destroy();
    await once(socket.resume(), 'close');
    expect(await lookup.uid(peer, '127.0.0.1')).toBeUndefined();
    expect(await lookup.uid({ transport: 'unix' }, '127.0.0.1')).toBeUndefined();
    expect(await lookup.uid({ ...peer, address: 'example.org' }, '127.0.0.1')).toBeUndefined();
    expect(await lookup.uid({ ...peer, address: '10.0.0.300' }, '127.0.0.1')).toBeUndefined();
  });

  test('200 clients at once are all found', async () => {
    const { port, next } = await serve('127.0.0.1');
    const lookup = createPeerLookup(load);
    const found: Promise<number | undefined>[] = [];
    for (let count = 0; count < 200; count += 1) {
      const accepted = next();
      const client = connect({ host: '127.0.0.1', port });
      closers.push(() => client.destroy());
      found.push(lookup.uid((await accepted).peer, '127.0.0.1'));
    }
    expect(new Set(await Promise.all(found))).toEqual(new Set([process.getuid?.()]));
  });
});

describe('the table', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   106        0 21447 1 0 100 0 0 10 0',
    '   1: 0100007F:C001 0100007F:1538 06 00000000:00000000 03:00001234 00000000     0        0 0 3 0',
    '  12: 0100007F:C001 0100007F:1538 01 00000000:00000000 00:00000000 00000000  1000        0 30001 1 0 20 4 30 10 -1',
  ].join('\n');

  test('entries are found by their two addresses, with state and owner', () => {
    expect(findSockets(table, '0100007F:C001', '0100007F:1538')).toEqual([
      { state: '06', uid: 0, inode: '0' },
      { state: '01', uid: 1000, inode: '30001' },
    ]);
    expect(findSockets(table, '0100007F:1538', '')).toEqual([{ state: '0A', uid: 106, inode: '21447' }]);
    expect(findSockets(table, '0100007F:1539', '')).toEqual([]);
    expect(findSockets('', '0100007F:1538', '')).toEqual([]);
  });

  test('addresses are written as the kernel does', () => {
    expect(tableAddress('tcp6', '::1', 5432)?.endsWith(':1538')).toBe(true);
    expect(tableAddress('tcp', '::1', 5432)).toBeUndefined();
    expect(tableAddress('tcp', 'localhost', 5432)).toBeUndefined();
    expect(tableAddress('tcp6', '127.0.0.1', 80)).toMatch(
      /^0{16}(FFFF0000|0000FFFF)(0100007F|7F000001):0050$/,
    );
  });
});

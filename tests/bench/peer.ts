// How long it takes to learn who is at the other end of a loopback connection (Linux): a process that is new, one that
// was seen before, and 50 at once. Run: node tests/bench/peer.ts [rounds]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { createPeerLookup } from '../../main/gateway/peers/lookup.ts';
import type { Peer } from '../../main/gateway/ports.ts';

const rounds = Number(process.argv[2] ?? 30);
const host = '127.0.0.1';
const server = createServer().listen(0, host);
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
const client = `
  const { connect } = require('node:net');
  const next = () => connect(${port}, '${host}').on('error', () => {});
  process.stdin.on('data', (text) => { for (let n = Number(text); n > 0; n--) next(); });
  next();`;

async function arrivals(count: number, make: () => void): Promise<Socket[]> {
  const sockets: Socket[] = [];
  const all = Promise.withResolvers<void>();
  const arrived = (socket: Socket): void => {
    sockets.push(socket);
    if (sockets.length === count) all.resolve();
  };
  server.on('connection', arrived);
  make();
  await all.promise;
  server.off('connection', arrived);
  return sockets;
}
const peerOf = ({ remoteAddress = '', remotePort = 0 }: Socket): Peer => ({
  transport: 'tcp',
  address: remoteAddress,
  port: remotePort,
  localPort: port,
});
const median = (times: number[]): string =>
  (times.toSorted((left, right) => left - right)[Math.floor(times.length / 2)] ?? Number.NaN).toFixed(1);

const times: Record<string, number[]> = {};
let unknown = 0;
async function measure(
  name: string,
  sockets: Socket[],
  lookup: ReturnType<typeof createPeerLookup>,
  pid?: number,
) {
  const started = performance.now();
  const found = await Promise.all(sockets.map((socket) => lookup.identify(peerOf(socket), host)));
  (times[name] ??= []).push(performance.now() - started);
  unknown += found.filter(({ process }) => process === undefined).length;
  const wrong = found.filter(({ process }) => process !== undefined && process.pid !== pid).length;
  if (wrong > 0) throw new Error(`${name}: ${wrong} of ${found.length} are wrong`);
}

const shared = createPeerLookup();
for (let round = 0; round < rounds; round += 1) {
  const child = spawn(process.execPath, ['-e', client], { stdio: ['pipe', 'ignore', 'inherit'] });
  const ask = (count: number) => arrivals(count, () => child.stdin.write(String(count)));
  const first = await arrivals(1, () => undefined);
  await measure('new process', first, shared, child.pid);
  await measure('new process, and nobody was seen before', await ask(1), createPeerLookup(), child.pid);
  await measure('same process again', await ask(1), shared, child.pid);
  await measure('50 at once, known process', await ask(50), shared, child.pid);
  await measure('50 at once, new process', await ask(50), createPeerLookup(), child.pid);
  const [own] = await arrivals(1, () => void connect(port, host).on('error', () => undefined));
  if (own !== undefined) await measure('the last of all processes', [own], createPeerLookup(), process.pid);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const [again] = await arrivals(1, () => void connect(port, host).on('error', () => undefined));
  const started = performance.now();
  if (again !== undefined) await shared.uid(peerOf(again), host);
  (times['uid alone'] ??= []).push(performance.now() - started);
}
const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length;
console.log(`${processes} processes, ${rounds} rounds, ${unknown} unknown, median ms:`);
for (const [name, all] of Object.entries(times)) console.log(`  ${name.padEnd(42)} ${median(all)}`);
server.close();
process.exit();

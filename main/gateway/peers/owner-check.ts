import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import type { Problem } from '../../contract/errors.ts';
import { ownerRefusal, ownerUnknown } from './owner.ts';
import { createPeerLookup } from './lookup.ts';
import { loadSocketDiagnosis } from './socket-diagnosis.ts';

/**
 * Looks a connection of our own up, as the gateways look up those of clients. Where the system's tables answer, there is no need
 * to load what asks the kernel.
 * @returns why every login over TCP is refused now; undefined where all is well.
 */
export async function checkOwner(): Promise<Problem | undefined> {
  const problem = await lookUpOurselves(() => Promise.resolve(undefined));
  return problem && lookUpOurselves(loadSocketDiagnosis);
}

async function lookUpOurselves(loadDiagnosis: typeof loadSocketDiagnosis): Promise<Problem | undefined> {
  const host = '127.0.0.1';
  const server = createServer();
  const peers = createPeerLookup(loadDiagnosis);
  const sockets: Socket[] = [];
  try {
    server.listen(0, host);
    await once(server, 'listening');
    const { port: localPort } = server.address() as AddressInfo;
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const client = connect({ host, port: localPort });
    sockets.push(client);
    const [[socket]] = await Promise.all([accepted, once(client, 'connect')]);
    sockets.push(socket);
    const { localPort: port } = client;
    const peer = { transport: 'tcp', address: host, ...(port && { port }), localPort } as const;
    const found = await peers.identify(peer, host, socket);
    const refusal = ownerRefusal(peer, found, { uid: process.getuid?.(), elevatedTools: 'refuse' });
    return refusal && ownerUnknown(found.unknown ?? 'not-found', 'a client');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return ownerUnknown(code === 'EMFILE' || code === 'ENFILE' ? 'no-descriptors' : 'no-answer', 'a client');
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
    peers.close();
  }
}

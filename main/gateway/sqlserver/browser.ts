import { type Socket, createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { LatchkeyError } from '../../contract/errors.ts';

/**
 * The SQL Server Browser service knows the ports of a computer's named instances: [MC-SQLR] 2.2.3 "CLNT_UCAST_INST" and
 * 2.2.5 "SVR_RESP", over UDP, without any proof of who answers. So it is asked for a port of the configured host and for
 * nothing else; who listens there has to prove itself by TLS as ever.
 * https://learn.microsoft.com/en-us/openspecs/windows_protocols/mc-sqlr/
 */
const browserPort = 1434;
const requestType = 0x04;
const responseType = 0x05;
const headerLength = 3;
/** RESP_DATA of one instance: 2.2.5. */
const maxData = 1024;
/** UDP gets lost: it is asked again. */
const askAgainMs = 700;
const longestMs = 4000;

/**
 * The TCP port of an instance.
 * @param timeoutMs at most; the service answers at once or is not there.
 * @throws LatchkeyError `upstream-unreachable`, `upstream-protocol`; the signal's reason where it aborts first.
 */
export async function findInstancePort(
  host: string,
  instance: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<number> {
  const addresses = await lookup(host, { all: true }).catch((cause: unknown) => {
    throw new LatchkeyError(
      'upstream-unreachable',
      `The name of the database server "${host}" is not known to the network.`,
      {
        cause,
        remedy: 'Check that the server runs and that this computer reaches its network (VPN).',
      },
    );
  });
  signal.throwIfAborted();
  const sockets = new Map<4 | 6, Socket>();
  const request = encodeInstanceRequest(instance);
  return new Promise<number>((resolve, reject) => {
    const finish = (outcome: () => void): void => {
      clearInterval(again);
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      for (const socket of sockets.values()) socket.close();
      outcome();
    };
    const ask = (): void => {
      // A send that fails is one that nobody answers.
      for (const { address, family } of addresses)
        sockets.get(family === 6 ? 6 : 4)?.send(request, browserPort, address, () => undefined);
    };
    const onAbort = (): void => finish(() => reject(signal.reason));
    const again = setInterval(ask, askAgainMs);
    const timer = setTimeout(
      () => finish(() => reject(silent(host, instance))),
      Math.min(timeoutMs, longestMs),
    );
    signal.addEventListener('abort', onAbort);
    for (const family of new Set(addresses.map(({ family: each }) => (each === 6 ? 6 : 4) as 4 | 6))) {
      const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
      sockets.set(family, socket);
      socket.on('error', () => undefined);
      socket.on('message', (message, { address, port }) => {
        // Whoever else sends something here was not asked.
        if (port !== browserPort || !addresses.some((each) => each.address === address)) return;
        const found = parseInstanceResponse(message, instance);
        if (found === undefined) return;
        if (found.port === undefined) finish(() => reject(withoutTcp(host, instance)));
        else finish(() => resolve(found.port as number));
      });
    }
    ask();
  });
}

/** 2.2.3: the name, ended by a zero byte. */
export function encodeInstanceRequest(instance: string): Buffer {
  return Buffer.concat([Buffer.from([requestType]), Buffer.from(instance, 'latin1'), Buffer.from([0])]);
}

/**
 * What the service says of this instance; `port` is undefined where it does not listen on TCP. undefined for anything
 * that is no answer about it: bytes of anybody may come here.
 */
export function parseInstanceResponse(
  message: Buffer,
  instance: string,
): { port: number | undefined } | undefined {
  if (message.length < headerLength || message[0] !== responseType) return undefined;
  const length = message.readUInt16LE(1);
  if (length !== message.length - headerLength || length > maxData) return undefined;
  const data = message.toString('latin1', headerLength);
  if (!data.endsWith(';;')) return undefined;
  const parts = data.slice(0, -2).split(';');
  if (parts.length % 2 !== 0) return undefined;
  const values = new Map<string, string>();
  for (let at = 0; at < parts.length; at += 2) {
    const key = (parts[at] ?? '').toLowerCase();
    if (values.has(key)) return undefined;
    values.set(key, parts[at + 1] ?? '');
  }
  const [first, second] = values.keys();
  if (first !== 'servername' || second !== 'instancename') return undefined;
  if (values.get('instancename')?.toLowerCase() !== instance.toLowerCase()) return undefined;
  const port = values.get('tcp');
  if (port === undefined) return { port: undefined };
  if (!/^[1-9]\d{0,4}$/.test(port) || Number(port) > 65_535) return undefined;
  return { port: Number(port) };
}

function silent(host: string, instance: string): LatchkeyError {
  return new LatchkeyError(
    'upstream-unreachable',
    `The SQL Server Browser service at ${host} does not tell the port of the instance "${instance}".`,
    {
      remedy:
        'Check the name of the instance, that the service "SQL Server Browser" runs there, and that UDP port 1434 is open; or set upstream.port instead of upstream.instance.',
    },
  );
}

function withoutTcp(host: string, instance: string): LatchkeyError {
  return new LatchkeyError(
    'upstream-unreachable',
    `The instance "${instance}" at ${host} does not listen on TCP.`,
    { remedy: 'Ask its administrator to turn TCP/IP on in the SQL Server Configuration Manager.' },
  );
}

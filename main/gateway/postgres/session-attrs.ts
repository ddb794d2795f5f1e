import type { Socket } from 'node:net';
import { LatchkeyError } from '../../contract/errors.ts';
import { upstreamName } from '../dial.ts';
import type { TargetSessionAttrs, UpstreamAddress } from '../ports.ts';
import { ProtocolError } from '../refused.ts';
import type { UpstreamTalk } from './upstream-talk.ts';

/** What a server is, for those who look for one of several: "target_session_attrs" of libpq's documentation. */
export interface ServerKind {
  standby: boolean;
  readOnly: boolean;
}

/**
 * From what the server has said at login (version 14 and later), or else by asking it.
 * @param status its ParameterStatus values
 */
export async function serverKind(
  talk: UpstreamTalk,
  status: ReadonlyMap<string, string>,
): Promise<ServerKind> {
  const standby = status.get('in_hot_standby') ?? (await ask(talk, 'select pg_catalog.pg_is_in_recovery()'));
  const readOnly =
    status.get('default_transaction_read_only') ?? (await ask(talk, 'show transaction_read_only'));
  const isOn = (value: string): boolean => value === 'on' || value === 't';
  return { standby: isOn(standby), readOnly: isOn(standby) || isOn(readOnly) };
}

/** @returns why this server will not do; undefined where it will. */
export function unsuitable(
  wanted: Exclude<TargetSessionAttrs, 'any' | 'prefer-standby'>,
  { standby, readOnly }: ServerKind,
  address: UpstreamAddress,
): LatchkeyError | undefined {
  const suits = { 'read-write': !readOnly, 'read-only': readOnly, primary: !standby, standby }[wanted];
  if (suits) return undefined;
  const is = standby ? 'is a standby' : readOnly ? 'is read-only' : 'is a primary that can be written to';
  return new LatchkeyError(
    'upstream-unreachable',
    `The database server at ${upstreamName(address)} ${is}, and upstream.targetSessionAttrs wants "${wanted}".`,
    { remedy: 'Let upstream.hosts name all servers of the cluster, or try again when the failover is done.' },
  );
}

/** One value by a simple query: "Simple Query" of the protocol's message flow. */
export async function ask({ socket, next }: UpstreamTalk, sql: string): Promise<string> {
  socket.write(query(sql));
  let value = '';
  for (;;) {
    const { type, body } = await next();
    if (type === 'Z') return value;
    if (type === 'D') value = body.toString('utf8', 6);
    else if (!['T', 'C', 'S', 'N'].includes(type)) throw new ProtocolError('it does not answer a query');
  }
}

function query(sql: string): Buffer {
  const head = Buffer.alloc(5);
  head.write('Q', 'latin1');
  head.writeInt32BE(4 + Buffer.byteLength(sql) + 1, 1);
  return Buffer.concat([head, Buffer.from(`${sql}\0`)]);
}

/** Name and value of each ParameterStatus. */
export function parameterStatus(bodies: readonly Buffer[]): Map<string, string> {
  return new Map(
    bodies.map((body) => {
      const [name = '', value = ''] = body.toString('utf8').split('\0');
      return [name, value];
    }),
  );
}

/** Leaves a server that will not do: "Termination". */
export function leave(socket: Socket): void {
  socket.write(Buffer.from([0x58, 0, 0, 0, 4]));
  socket.destroySoon();
}

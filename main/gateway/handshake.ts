import type { Socket } from 'node:net';
import type { PendingConnection } from './admission.ts';
import { type ByteReader, createByteReader } from './byte-reader.ts';
import { type Connection, socketConnection } from './connection.ts';
import type { GatewayLimits } from './limits.ts';
import type { Peer } from './ports.ts';
import { HungUp, refused, sqlStates } from './refused.ts';

/** One accepted connection up to its first query, and what can end it early. */
export interface Handshake {
  /** The way to the client; changes once where the client turns to TLS. */
  readonly client: Connection;
  readonly reader: ByteReader;
  peer: Peer;
  pending: PendingConnection;
  /** Aborts with a Refused or HungUp as its reason; reads of `reader` fail with it then. */
  signal: AbortSignal;
  abort(reason: unknown): void;
  /** From here on the client is talked to over this connection, which lies over the one of before (TLS). */
  continueOver(connection: Connection): void;
  /** The client has said who it is and what it wants. */
  started(): void;
  /** It could not say anything until now: its time begins anew. */
  waited(): void;
  /** Called by `started`. */
  onStarted: (() => void) | undefined;
  /** The login is over, either way: nothing aborts it any more. */
  over(): void;
}

/** Aborts when the client goes away, or takes too long over its first messages or over everything together. */
export function createHandshake(
  socket: Socket,
  peer: Peer,
  pending: PendingConnection,
  limits: GatewayLimits,
): Handshake {
  let client = socketConnection(socket);
  let reader = createByteReader(client);
  const controller = new AbortController();
  const abort = (reason: unknown): void => {
    controller.abort(reason);
    reader.end(controller.signal.reason);
  };
  const gone = (): void => abort(new HungUp());
  let startupTimer = setTimeout(gone, limits.startupMs - pending.age());
  const loginTimer = setTimeout(() => abort(tooSlow()), limits.loginMs - pending.age());
  socket.once('end', gone).once('close', gone);
  const handshake: Handshake = {
    get client() {
      return client;
    },
    get reader() {
      return reader;
    },
    peer,
    pending,
    signal: controller.signal,
    abort,
    continueOver(connection) {
      client.socket.off('end', gone).off('close', gone);
      client = connection;
      reader = createByteReader(connection);
      if (controller.signal.aborted) reader.end(controller.signal.reason);
      connection.socket.once('end', gone).once('close', gone);
    },
    onStarted: undefined,
    waited() {
      clearTimeout(startupTimer);
      if (!controller.signal.aborted) startupTimer = setTimeout(gone, limits.startupMs);
    },
    started() {
      clearTimeout(startupTimer);
      pending.introduced();
      handshake.onStarted?.();
    },
    over() {
      clearTimeout(startupTimer);
      clearTimeout(loginTimer);
      client.socket.off('end', gone).off('close', gone);
    },
  };
  return handshake;
}

function tooSlow() {
  return refused(sqlStates.unauthorized, {
    code: 'request-invalid',
    message: 'The login took too long.',
    remedy: 'Connect again.',
  });
}

import { once } from 'node:events';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { type LoadedRow, parseBulkLoad } from './tds-server-bulk.ts';
import { type SeenLogin, preloginAnswer, readLogin7, readPrelogin } from './tds-server-login.ts';
import { parseCall, withoutHeaders } from './tds-server-rpc.ts';
import { type SqlSession, type Step, runBatch, runCall, transact } from './tds-server-sql.ts';
import * as tokens from './tds-server-tokens.ts';
import { type Request, type Wire, createWire } from './tds-server-wire.ts';

/**
 * A stand-in for SQL Server, which cannot be had here: it takes logins as [MS-TDS] describes them and answers a handful of
 * statements. It shares no code with the gateway, and real drivers are tried against it alone first.
 */
export interface TdsServerOptions {
  /** SQL logins and their passwords. */
  logins?: Record<string, string>;
  /** Entra access tokens that open it. */
  accessTokens?: string[];
  databases?: string[];
  /** The server's, which names of databases are compared by; without one they are compared exactly. */
  collation?: string;
  /** Demands TLS inside TDS. */
  tls?: { cert: string; key: string; ca?: string; requestCert?: boolean; rejectUnauthorized?: boolean };
  /** Demands TLS before anything else, and version 8.0 of TDS inside ("Force Strict Encryption"). */
  strict?: boolean;
  /** What it answers to FEDAUTHREQUIRED, and the nonce it wants signed along. */
  fedAuthRequired?: 0 | 1;
  nonce?: Buffer;
  /** Tokens in front of all others of the login response. */
  front?(login: SeenLogin): Buffer;
  /** Sends the login on without a LOGINACK, as gateways of Azure may. */
  routesUnseen?: boolean;
  /** Sends the login on instead of serving it. */
  route?(login: SeenLogin): { server: string; port: number; database?: string } | undefined;
  /** Further tokens for the login response. */
  extra?(login: SeenLogin): Buffer;
  host?: string;
  /** Its name: whoever asks in PRELOGIN for another one is told so. */
  instance?: string;
}

export interface TdsServer {
  port: number;
  logins: SeenLogin[];
  statements: string[];
  /** Rows of bulk loads. */
  loaded: LoadedRow[];
  attentions: number;
  /** Of clients that sent packets in pieces through TLS. */
  brokenRecords: number;
  /** TLS records of clients with more than a packet in them. */
  sharedRecords: number;
  /** Sessions that are open. */
  sessions(): number;
  /** On connections that are open, as they went over the network. */
  bytesSent(): number;
  /** Ends every connection as a crash would. */
  kill(): void;
  close(): Promise<void>;
}

export async function startTdsServer(options: TdsServerOptions = {}): Promise<TdsServer> {
  const sockets = new Set<Socket>();
  let spids = 50;
  const state: TdsServer = {
    port: 0,
    logins: [],
    statements: [],
    loaded: [],
    attentions: 0,
    brokenRecords: 0,
    sharedRecords: 0,
    sessions: () => sockets.size,
    bytesSent: () => [...sockets].reduce((sum, { bytesWritten }) => sum + bytesWritten, 0),
    kill() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    spids += 1;
    const wire = createWire(socket, spids, {
      broken: () => (state.brokenRecords += 1),
      shared: () => (state.sharedRecords += 1),
    });
    serve(wire, options, state).then(
      () => wire.socket.end(),
      () => wire.socket.destroy(),
    );
  });
  server.listen(0, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  state.port = (server.address() as AddressInfo).port;
  return state;
}

async function serve(wire: Wire, options: TdsServerOptions, state: TdsServer): Promise<void> {
  let tlsName: string | false | null = null;
  let protocol: string | false | null = null;
  if (options.tls !== undefined && options.strict === true) {
    const tls = await wire.startStrictTls(options.tls);
    tlsName = tls.servername ?? false;
    protocol = tls.alpnProtocol;
  }
  let request = await wire.next();
  let prelogin: Map<number, Buffer> | undefined;
  if (request?.type === 0x12) {
    prelogin = readPrelogin(request.payload);
    const wish = prelogin.get(1)?.[0] ?? 2;
    await wire.send(preloginAnswer(answerFor(prelogin, options)));
    if (options.tls !== undefined && options.strict !== true) {
      if (wish === 2) return;
      tlsName = (await wire.startTls(options.tls)).servername ?? false;
    }
    request = await wire.next();
  }
  if (request?.type !== 0x10) return;
  const login: SeenLogin = {
    ...readLogin7(request.payload),
    encrypted: options.tls !== undefined,
    tlsName,
    protocol,
    prelogin,
  };
  state.logins.push(login);
  const session = await answerLogin(wire, login, options);
  if (session === undefined) return;
  // What has been received before a client's FIN is still done; a reset takes it away.
  for (
    request = await wire.next();
    request !== undefined && !wire.socket.destroyed;
    request = await wire.next()
  )
    await answer(wire, request, session, state);
}

function isOther(asked: Buffer | undefined, instance: string | undefined): boolean {
  const name = asked?.toString('latin1').replace(/\0.*$/s, '') ?? '';
  return instance !== undefined && name !== '' && name.toLowerCase() !== instance.toLowerCase();
}

function answerFor(asked: Map<number, Buffer>, options: TdsServerOptions): Record<number, Buffer> {
  return {
    0: Buffer.from([16, 0, 0x10, 0x29, 0, 0]),
    1: Buffer.from([options.tls === undefined || options.strict === true ? 2 : 1]),
    2: Buffer.from([isOther(asked.get(2), options.instance) ? 1 : 0]),
    3: Buffer.alloc(0),
    4: Buffer.from([0]),
    ...(asked.has(6) ? { 6: Buffer.from([options.fedAuthRequired ?? 0]) } : {}),
    ...(options.nonce === undefined ? {} : { 7: options.nonce }),
  };
}

async function answerLogin(
  wire: Wire,
  login: SeenLogin,
  options: TdsServerOptions,
): Promise<SqlSession | undefined> {
  const { version } = login;
  const fail = async (number: number, severity: number, text: string): Promise<undefined> => {
    await wire.send(Buffer.concat([tokens.error(version, number, severity, text), tokens.done(version, 2)]));
  };
  if (options.strict === true && version !== 0x08000000)
    return fail(17_832, 20, 'The login packet used to open the connection is structurally invalid.');
  const { logins = {}, accessTokens = [], databases = ['sales', 'master'] } = options;
  const good =
    login.token === undefined
      ? login.user !== '' && logins[login.user] === login.password
      : accessTokens.includes(login.token);
  if (!good) return fail(18_456, 14, `Login failed for user '${login.user}'.`);
  const asked = login.database === '' ? 'master' : login.database;
  const folds = options.collation?.includes('_CI') === true;
  const database =
    databases.find((name) => name === asked) ??
    (folds ? databases.find((name) => name.toLowerCase() === asked.toLowerCase()) : undefined);
  if (database === undefined)
    return fail(4060, 11, `Cannot open database "${asked}" requested by the login.`);

  const route = options.route?.(login);
  if (route !== undefined) {
    const ack = options.routesUnseen === true ? [] : [tokens.loginAck(version)];
    const parts = [...ack, tokens.routing(route.server, route.port, route.database)];
    await wire.send(Buffer.concat([...parts, tokens.done(version, 0)]));
    return undefined;
  }
  // 0 leaves it to the server. Inside TLS as well it grants what is asked for, and then takes no packet in two records.
  const packetSize = Math.min(Math.max(login.packetSize || 4096, 512), 32_767);
  const acknowledged = [...login.features]
    .filter(([id]) => id === 1 || id === 2 || id === 0x0a)
    .map(([id]): [number, Buffer] => [id, id === 0x0a ? Buffer.from([1]) : Buffer.alloc(0)]);
  await wire.send(
    Buffer.concat([
      options.front?.(login) ?? Buffer.alloc(0),
      tokens.textChange(1, database, 'master'),
      tokens.notice(0xab, version, 5701, 10, `Changed database context to '${database}'.`),
      tokens.bytesChange(7, tokens.collation, Buffer.alloc(0)),
      tokens.textChange(2, 'us_english', ''),
      tokens.textChange(13, 'partner.example', ''),
      tokens.loginAck(version),
      tokens.textChange(4, String(packetSize), '4096'),
      options.extra?.(login) ?? Buffer.alloc(0),
      acknowledged.length === 0 ? Buffer.alloc(0) : tokens.featureAck(acknowledged),
      tokens.done(version, 0),
    ]),
  );
  wire.setPacketSize(packetSize);
  const user = login.token === undefined ? login.user : `token:${login.token.slice(0, 8)}`;
  const { collation = 'SQL_Latin1_General_CP1_CI_AS' } = options;
  return { version, user, database, collation, spid: wire.spid, transaction: undefined, prepared: new Map() };
}

async function answer(wire: Wire, request: Request, session: SqlSession, state: TdsServer): Promise<void> {
  const { version } = session;
  let attended = false;
  let wake = (): void => undefined;
  wire.onAttention(() => {
    attended = true;
    state.attentions += 1;
    wake();
  });
  if ((request.status & 0x08) !== 0) {
    session.transaction = undefined;
    await wire.send(tokens.bytesChange(18, Buffer.alloc(0), Buffer.alloc(0)), false);
  }
  for (const step of stepsOf(request, session, state)) {
    if (attended || wire.socket.destroyed) break;
    if (!('waitMs' in step)) await wire.send(step, false);
    else
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, step.waitMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
        wire.socket.once('close', wake);
      });
    // Lets an attention in between the rows of a large result.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  // The answer ends where it stands, and the acknowledgement is a message of its own.
  await wire.send(attended ? tokens.done(version, 2) : Buffer.alloc(0));
  if (attended) await wire.send(tokens.done(version, 0x20));
  // One that comes when everything has been sent is answered as well.
  wire.onAttention(() => {
    state.attentions += 1;
    void wire.send(tokens.done(version, 0x20));
  });
}

function* stepsOf(request: Request, session: SqlSession, state: TdsServer): Generator<Step> {
  const { version } = session;
  // What a client has given up in the middle: 2.2.3.1.2, IGNORE.
  if ((request.status & 0x02) !== 0) return yield tokens.done(version, 2);
  switch (request.type) {
    case 1: {
      const sql = withoutHeaders(request.payload, version).toString('utf16le');
      state.statements.push(sql);
      yield* runBatch(sql, session);
      break;
    }
    case 3: {
      const call = parseCall(request.payload, version);
      const text = call.parameters.find(({ value }) => typeof value === 'string')?.value;
      state.statements.push(`procedure ${call.procedure}: ${String(text ?? call.parameters[0]?.value)}`);
      yield* runCall(call, session);
      break;
    }
    case 7: {
      const rows = parseBulkLoad(request.payload, version);
      state.loaded.push(...rows);
      yield tokens.done(version, 0x10, rows.length);
      break;
    }
    case 14: {
      const kind = withoutHeaders(request.payload, version).readUInt16LE(0);
      yield transact(kind === 5 ? 'begin' : kind === 7 ? 'commit' : 'rollback', session);
      yield tokens.done(version, 0);
      break;
    }
    default:
      yield tokens.error(version, 50_000, 16, `the stand-in does not know packets of type ${request.type}`);
      yield tokens.done(version, 2);
  }
}

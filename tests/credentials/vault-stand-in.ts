import { randomBytes, randomUUID } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/**
 * The part of Vault's HTTP API that database secrets need, with its own rules: leases end with the token that they were
 * made with, a token ends at its greatest age, a renewal cannot reach beyond that of the lease. Written after
 * developer.hashicorp.com/vault/api-docs (secret/databases, system/leases, auth/approle, auth/token). The texts of
 * errors are in the shape of the server's. Where no database stands behind it, `users()` is what there would be in one.
 */
export interface VaultStandIn {
  address: string;
  /** How leases and tokens are made from now on; seconds. */
  terms: {
    leaseSeconds: number;
    leaseMaxSeconds: number;
    leaseRenewable: boolean;
    tokenSeconds: number;
    tokenMaxSeconds: number;
    tokenRenewable: boolean;
  };
  roleId: string;
  secretId: string;
  /** Makes a token as an operator would. */
  addToken(options?: { seconds?: number; renewable?: boolean; policies?: RegExp }): string;
  /** Paths that tokens of AppRole may read. */
  policy: RegExp;
  /** Whether that policy has sys/leases/revoke too, which the default policy has not. */
  mayRevoke: boolean;
  namespace: string | undefined;
  sealed: boolean;
  /** What goes wrong with requests of this path, so many times. */
  faults: { path: RegExp; times: number; answer: number | 'hang' | 'reset' | 'nonsense' | 'no-user' }[];
  /** Each answer to a read waits so long. */
  delayMs: number;
  /** Names of the database users that exist now. */
  users(): string[];
  tokens(): string[];
  /** Every secret that it has handed out or was started with. */
  secrets: Set<string>;
  requests: { method: string; path: string; url: string; token: boolean }[];
  /** Requests of a path, such as `sys/leases/renew`. */
  count(path: string): number;
  /** Reads of credentials that were answered at the same time, at most. */
  peak: number;
  /** Reads that are being answered now. */
  reading(): number;
  revokeTokens(): void;
  revokeLeases(): void;
  close(): Promise<void>;
}

interface Token {
  expiresAt: number;
  maxExpiresAt: number;
  renewable: boolean;
  policies: RegExp;
}

interface Lease {
  token: string;
  user: string;
  expiresAt: number;
  maxExpiresAt: number;
  renewable: boolean;
}

/** A database in which the users are really made and dropped. */
export interface VaultDatabase {
  create(user: string, password: string): Promise<unknown>;
  drop(user: string): Promise<unknown>;
}

export async function startVault(
  options: { tls?: { certPem: string; keyPem: string }; database?: VaultDatabase } = {},
): Promise<VaultStandIn> {
  const tokens = new Map<string, Token>();
  const leases = new Map<string, Lease>();
  const staticPassword = secret('static');
  let reading = 0;

  function secret(prefix: string): string {
    return `${prefix}.${randomBytes(18).toString('base64url')}`;
  }

  function expire(): void {
    const now = Date.now();
    for (const [text, token] of tokens) if (token.expiresAt <= now) tokens.delete(text);
    for (const [id, lease] of leases) if (lease.expiresAt <= now || !tokens.has(lease.token)) endLease(id);
  }

  function endLease(id: string): void {
    const lease = leases.get(id);
    if (!leases.delete(id) || lease === undefined) return;
    // As the server does: in the background, whoever asked for it has his answer by then.
    void options.database?.drop(lease.user);
  }

  const after = (seconds: number): number => (seconds === 0 ? Infinity : Date.now() + seconds * 1000);
  const secondsTo = (time: number): number =>
    time === Infinity ? 0 : Math.max(0, Math.round((time - Date.now()) / 1000));

  function makeToken(seconds: number, maxSeconds: number, renewable: boolean, policies: RegExp): string {
    const text = secret('hvs');
    vault.secrets.add(text);
    const maxExpiresAt = after(maxSeconds);
    tokens.set(text, {
      expiresAt: Math.min(after(seconds), maxExpiresAt),
      maxExpiresAt,
      renewable,
      policies,
    });
    return text;
  }

  function authOf(text: string): Record<string, unknown> {
    const token = tokens.get(text);
    return {
      auth: {
        client_token: text,
        accessor: randomUUID(),
        policies: ['default', 'latchkey'],
        lease_duration: secondsTo(token?.expiresAt ?? 0),
        renewable: token?.renewable ?? false,
      },
    };
  }

  type Answer = [status: number, body?: unknown];
  const errors = (status: number, ...texts: string[]): Answer => [status, { errors: texts }];
  const denied = errors(403, 'permission denied');

  function signIn(body: Record<string, unknown>): Answer {
    if (body['role_id'] !== vault.roleId || body['secret_id'] !== vault.secretId)
      return errors(400, 'invalid role or secret ID');
    const { tokenSeconds, tokenMaxSeconds, tokenRenewable } = vault.terms;
    return [200, authOf(makeToken(tokenSeconds, tokenMaxSeconds, tokenRenewable, vault.policy))];
  }

  async function readCredential(path: string, token: string): Promise<Answer> {
    const { policies } = tokens.get(token) ?? {};
    if (!policies?.test(path)) return denied;
    const role = path.split('/').at(-1) ?? '';
    if (role === 'unknown') return errors(404, `unknown role: ${role}`);
    if (path.includes('/static-creds/')) {
      const data = { username: 'static_user', password: staticPassword, ttl: 100, rotation_period: 3600 };
      return [200, { request_id: randomUUID(), lease_id: '', renewable: false, lease_duration: 0, data }];
    }
    const user = `v-${role}-${randomBytes(6).toString('hex')}`;
    const password = secret('db');
    vault.secrets.add(password);
    const { leaseSeconds, leaseMaxSeconds, leaseRenewable: renewable } = vault.terms;
    await options.database?.create(user, password);
    const id = `${path}/${randomBytes(12).toString('hex')}`;
    leases.set(id, {
      token,
      user,
      expiresAt: after(leaseSeconds),
      maxExpiresAt: after(leaseMaxSeconds),
      renewable,
    });
    return [
      200,
      {
        request_id: randomUUID(),
        lease_id: id,
        renewable,
        lease_duration: leaseSeconds,
        data: { username: user, password },
      },
    ];
  }

  function renewLease(id: string, increment: number): Answer {
    const lease = leases.get(id);
    if (lease === undefined) return errors(400, 'lease not found');
    if (!lease.renewable) return errors(400, 'lease is not renewable');
    lease.expiresAt = Math.min(after(increment || vault.terms.leaseSeconds), lease.maxExpiresAt);
    return [200, { lease_id: id, renewable: true, lease_duration: secondsTo(lease.expiresAt) }];
  }

  function renewToken(text: string): Answer {
    const token = tokens.get(text);
    if (token === undefined) return denied;
    if (!token.renewable) return errors(400, 'lease is not renewable');
    token.expiresAt = Math.min(after(vault.terms.tokenSeconds), token.maxExpiresAt);
    return [200, authOf(text)];
  }

  function answer(
    method: string,
    path: string,
    token: string,
    body: Record<string, unknown>,
  ): Answer | Promise<Answer> {
    if (vault.sealed) return errors(503, 'Vault is sealed');
    expire();
    const isUpdate = method === 'POST' || method === 'PUT';
    if (isUpdate && path === 'auth/approle/login') return signIn(body);
    const known = tokens.get(token);
    if (known === undefined) return errors(403, 'permission denied', 'invalid token');
    if (method === 'GET' && path === 'auth/token/lookup-self')
      return [200, { data: { ttl: secondsTo(known.expiresAt), renewable: known.renewable } }];
    if (method === 'GET' && /\/(static-)?creds\//.test(path)) return readCredential(path, token);
    if (!isUpdate) return errors(405, 'unsupported operation');
    switch (path) {
      case 'auth/token/renew-self':
        return renewToken(token);
      case 'auth/token/revoke-self':
        tokens.delete(token);
        expire();
        return [204];
      case 'sys/leases/renew':
        return renewLease(String(body['lease_id']), Number(body['increment'] ?? 0));
      case 'sys/leases/revoke':
        if (!vault.mayRevoke) return denied;
        endLease(String(body['lease_id']));
        return [204];
      default:
        return errors(404);
    }
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url = '' } = request;
    const path = url.replace(/^\/v1\//, '');
    const token = String(request.headers['x-vault-token'] ?? '');
    vault.requests.push({ method, path, url, token: token !== '' });
    const isRead = /creds\//.test(path);
    if (isRead) vault.peak = Math.max(vault.peak, (reading += 1));
    try {
      if (isRead && vault.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, vault.delayMs));
      const fault = vault.faults.find((each) => each.times > 0 && each.path.test(path));
      if (fault !== undefined) fault.times -= 1;
      if (fault?.answer === 'hang') return;
      if (fault?.answer === 'reset') {
        request.socket.destroy();
        return;
      }
      let result = misplaced(request)
        ? errors(404, 'no handler for route')
        : typeof fault?.answer === 'number'
          ? errors(fault.answer, 'internal error: password authentication failed for db.canary')
          : await answer(method, path, token, parse(chunks));
      if (fault?.answer === 'no-user') result = [200, { ...(result[1] as object), data: { username: '' } }];
      const [status, body] = result;
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(fault?.answer === 'nonsense' ? '<html>' : body === undefined ? '' : JSON.stringify(body));
    } finally {
      if (isRead) reading -= 1;
    }
  }

  function misplaced({ headers }: IncomingMessage): boolean {
    return vault.namespace !== undefined && headers['x-vault-namespace'] !== vault.namespace;
  }

  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    void serve(request, response).catch(() => response.destroy());
  };
  const server =
    options.tls === undefined
      ? createHttpServer(listener)
      : createHttpsServer({ cert: options.tls.certPem, key: options.tls.keyPem }, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const vault: VaultStandIn = {
    address: options.tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`,
    terms: {
      leaseSeconds: 3600,
      leaseMaxSeconds: 24 * 3600,
      leaseRenewable: true,
      tokenSeconds: 3600,
      tokenMaxSeconds: 24 * 3600,
      tokenRenewable: true,
    },
    roleId: 'latchkey',
    secretId: secret('secret-id'),
    addToken: ({ seconds = 0, renewable = false, policies = /./ } = {}) =>
      makeToken(seconds, 0, renewable, policies),
    policy: /^database\/(static-)?creds\/(?!forbidden)/,
    mayRevoke: true,
    namespace: undefined,
    sealed: false,
    faults: [],
    delayMs: 0,
    users() {
      expire();
      return [...leases.values()].map(({ user }) => user);
    },
    tokens() {
      expire();
      return [...tokens.keys()];
    },
    secrets: new Set([staticPassword, 'db.canary']),
    requests: [],
    count: (path) => vault.requests.filter((request) => request.path === path).length,
    peak: 0,
    reading: () => reading,
    revokeTokens: () => tokens.clear(),
    revokeLeases: () => [...leases.keys()].forEach(endLease),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  vault.secrets.add(vault.secretId);
  return vault;
}

function parse(chunks: Buffer[]): Record<string, unknown> {
  return chunks.length === 0
    ? {}
    : (JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>);
}

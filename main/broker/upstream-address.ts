import { readFile } from 'node:fs/promises';
import { defined } from '../base/defined.ts';
import { toSeconds } from '../config/duration.ts';
import type { LateFault } from '../config/load.ts';
import type { ConnectionSettings } from '../config/schema.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { ProtocolName } from '../contract/protocols.ts';
import { hostAndPort } from '../config/check-host.ts';
import { fingerprintDigits } from '../config/check-upstream.ts';
import { programEnvironment } from '../credentials/program-environment.ts';
import { accountId } from '../gateway/peers/accounts.ts';
import type { UpstreamAddress, Via } from '../gateway/ports.ts';

const upstreamPorts: Record<ProtocolName, number> = { postgresql: 5432, mysql: 3306, sqlserver: 1433 };

/** A connection names what this computer does not have. */
export class UpstreamFault extends LatchkeyError {
  readonly fault: LateFault;

  /** @param message for whoever asks about this one connection */
  constructor(fault: LateFault, message: string, options: { remedy: string; cause?: unknown }) {
    super(fault.code, message, options);
    this.fault = fault;
  }
}

/**
 * The database of a connection as the gateway wants it.
 * @throws UpstreamFault `config-unreadable` for a certificate file, `config-invalid` for an owner that this computer
 *   does not know
 */
export async function upstreamAddress({
  name,
  protocol,
  upstream,
}: ConnectionSettings): Promise<UpstreamAddress> {
  const { caFile, serverName, fingerprint, clientCertificate } = upstream.tls;
  const owners = await ownerIds(name, upstream.owner);
  return {
    ...hostsOf(upstream, upstream.port ?? upstreamPorts[protocol]),
    ...(upstream.targetSessionAttrs === 'any' ? {} : { targetSessionAttrs: upstream.targetSessionAttrs }),
    ...defined({
      instance: upstream.instance,
      socketPath: upstream.socket,
      owners,
      via: upstream.via && wayTo(upstream.via, toSeconds(upstream.connectTimeout)),
    }),
    tls: {
      mode: upstream.socket === undefined ? upstream.tls.mode : 'off',
      ...defined({
        serverName,
        ca: caFile && (await readCertificate(caFile, name, 'caFile')),
        fingerprint: fingerprint && fingerprintDigits(fingerprint),
        clientCertificate:
          clientCertificate && (await readCertificate(clientCertificate, name, 'clientCertificate')),
      }),
    },
    allowedMethods: upstream.allowedMethods,
    connectTimeoutMs: toSeconds(upstream.connectTimeout) * 1000,
    lostAfterMs: toSeconds(upstream.lostAfter) * 1000,
  };
}

function hostsOf(
  { host, hosts = [host] }: ConnectionSettings['upstream'],
  port: number,
): Pick<UpstreamAddress, 'host' | 'port' | 'alternatives'> {
  const [first, ...alternatives] = hosts.map((text) => ({ port, ...hostAndPort(text) }));
  return { host, port, ...first, ...(alternatives.length === 0 ? {} : { alternatives }) };
}

/** @param seconds for ssh's own connection, whose failure then has a reason */
function wayTo(via: NonNullable<ConnectionSettings['upstream']['via']>, seconds: number): Via {
  if ('socks' in via) {
    const { host, port = 1080 } = hostAndPort(via.socks);
    return { kind: 'socks', host, port };
  }
  const agent = process.env['SSH_AUTH_SOCK'];
  const environment = { ...programEnvironment(), ...defined({ SSH_AUTH_SOCK: agent }) };
  if ('command' in via) return { kind: 'command', command: via.command, environment };
  const options = ['-o', 'BatchMode=yes', '-o', `ConnectTimeout=${seconds}`];
  const command = ['ssh', ...options, '-W', '[%h]:%p', '--', via.ssh];
  return { kind: 'command', command, environment };
}

async function ownerIds(
  connection: string,
  owner: ConnectionSettings['upstream']['owner'],
): Promise<UpstreamAddress['owners']> {
  if (owner === undefined) return undefined;
  const named = Array.isArray(owner) ? owner : [owner];
  if (named.includes('any')) return 'any';
  // Windows knows no ids, and does not check.
  if (process.platform === 'win32') return [];
  return Promise.all(
    named.map(async (one) => {
      const id = typeof one === 'number' || /^\d+$/.test(one) ? Number(one) : await accountId(one);
      if (id !== undefined) return id;
      throw new UpstreamFault(
        {
          path: ['upstream', 'owner'],
          code: 'config-invalid',
          message: `("${one}") is no user of this computer`,
        },
        `This computer has no user "${one}", whom connection "${connection}" names as owner of its server.`,
        { remedy: 'Correct upstream.owner in the configuration.' },
      );
    }),
  );
}

async function readCertificate(
  file: string,
  connection: string,
  key: 'caFile' | 'clientCertificate',
): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new UpstreamFault(
      { path: ['upstream', 'tls', key], code: 'config-unreadable', message: `(${file}) cannot be read` },
      `The certificate file ${file} of connection "${connection}" cannot be read.`,
      {
        remedy: `Correct upstream.tls.${key} in the configuration, or make the file readable.`,
        cause,
      },
    );
  }
}

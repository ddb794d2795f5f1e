import type { z } from 'zod';
import { hostAndPort, hostFault } from './check-host.ts';
import type { Fault } from './fault.ts';
import type { configuration } from './schema.ts';

type Draft = z.output<typeof configuration>;
type Upstream = Draft['connections'][number]['upstream'];

/** Where databases are: what the keys of `upstream` mean together. */
export function upstreamFaults({ connections }: Draft): Fault[] {
  return connections.flatMap(({ upstream }, index) =>
    [...ownerFaults(upstream), ...tlsFaults(upstream), ...viaFaults(upstream)].map(({ path, message }) => ({
      path: ['connections', index, 'upstream', ...path],
      message,
    })),
  );
}

function ownerFaults({ owner, socket, tls }: Upstream): Fault[] {
  return owner === undefined || socket !== undefined || tls.mode === 'off'
    ? []
    : [
        {
          path: ['owner'],
          message:
            'is for upstreams without TLS; with TLS the certificate says who the server is: leave it out',
        },
      ];
}

/** 64 digits in lower case, of a fingerprint that has passed the checks. */
export function fingerprintDigits(fingerprint: string): string {
  return fingerprint
    .replace(/^sha256:/i, '')
    .replaceAll(':', '')
    .toLowerCase();
}

function tlsFaults({ socket, tls }: Upstream): Fault[] {
  const { mode, fingerprint, clientCertificate, clientKey, caFile, serverName } = tls;
  const faults: Fault[] = [];
  const add = (key: string, message: string): void => void faults.push({ path: ['tls', key], message });
  const digits = fingerprint === undefined ? 64 : fingerprintDigits(fingerprint).length;
  if (digits !== 64)
    add(
      'fingerprint',
      `has ${digits} hexadecimal digits; a SHA-256 has 64 (openssl x509 -noout -fingerprint -sha256)`,
    );
  if (fingerprint !== undefined && (caFile !== undefined || serverName !== undefined))
    add('fingerprint', 'says alone which certificate it is: leave caFile and serverName out');
  if (mode === 'by-password' && (fingerprint ?? caFile ?? serverName) !== undefined)
    add(
      'mode',
      'takes the password for the proof: leave fingerprint, caFile and serverName out, or let it be "verify"',
    );
  if (clientCertificate === undefined && clientKey !== undefined)
    add('clientKey', 'needs upstream.tls.clientCertificate, whose key it is');
  if (clientCertificate !== undefined && clientKey === undefined)
    add('clientCertificate', 'needs upstream.tls.clientKey: {stored: <name>}');
  if (mode !== 'off' && socket === undefined) return faults;
  for (const [key, value] of Object.entries({ fingerprint, clientCertificate, clientKey }))
    if (value !== undefined) add(key, 'has no meaning without TLS: leave it out, or let mode be "verify"');
  return faults;
}

function viaFaults({ via, socket, instance, owner, tls }: Upstream): Fault[] {
  if (via === undefined) return [];
  const faults: Fault[] = [];
  const add = (key: string, message: string): void =>
    void faults.push({ path: ['via', ...(key === '' ? [] : [key])], message });
  if (socket !== undefined || instance !== undefined)
    add('', 'leads to a host and port; leave socket and instance out');
  if (owner !== undefined) add('', 'is a program or proxy of your own choice; leave owner out');
  if (!('socks' in via)) return faults;
  const { host, port } = hostAndPort(via.socks);
  const fault = hostFault(host);
  if (fault !== undefined) add('socks', fault);
  else if (port === undefined) add('socks', 'needs a port: "127.0.0.1:1080"');
  if (tls.mode === 'off') add('socks', 'needs TLS to the server: the proxy could read the login');
  return faults;
}

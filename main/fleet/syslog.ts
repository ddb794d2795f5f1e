import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { getCACertificates, connect as connectTls, TLSSocket } from 'node:tls';
import { readFile } from 'node:fs/promises';
import type { FollowedRecord } from '../audit/follow.ts';
import type { SyslogSettings } from '../config/sinks.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { systemCode, systemReason } from '../store/system-reason.ts';
import { severityOf } from './severity.ts';
import type { Transport } from './exporter.ts';

export interface SyslogOptions {
  settings: SyslogSettings;
  /** This computer's name. */
  host: string;
  version: string;
  /** The key of the client certificate. */
  stored(name: string): Promise<string | undefined>;
}

const timeoutMs = 30_000;
const shortestLookMs = 500;
/** RFC 5424 section 6.2.1: "log audit". */
const facility = 13;
const severities = { warning: 4, notice: 5, info: 6 } as const;

/**
 * Syslog has no answer that says a message has come. So each group is a connection of its own: after the last message this
 * side ends, and the server ends its side once it has read to that end. One that ends earlier, or breaks, may have lost
 * some, and gets all of them once more.
 *
 * With TLS 1.3 a client has written before it can hear that it was turned away (no certificate, say), and the end of a server
 * that turns it away looks the same. So this side ends some round trips later: whoever hangs up meanwhile has taken nothing,
 * and whoever hangs up later with something unread breaks the connection (RST) rather than ends it.
 */
export function createSyslog(options: SyslogOptions): Transport {
  return {
    async deliver(records, signal) {
      const bytes = Buffer.concat(records.map((record) => frame(record, options)));
      const either = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      try {
        const began = performance.now();
        await send(await open(options), bytes, began, either);
      } catch (error) {
        throw error instanceof LatchkeyError ? error : explained(error, options.settings);
      }
      return { rejected: 0 };
    },
  };
}

/**
 * One message in the octet counting of RFC 5425 section 4.3. The text is the record's line as it stands in the file, so
 * that whoever has all of them can check the chain.
 */
export function frame(
  { record, line }: FollowedRecord,
  { host, version }: Pick<SyslogOptions, 'host' | 'version'>,
): Buffer {
  const priority = facility * 8 + severities[severityOf(record)];
  const name = host.replaceAll(/[^\x21-\x7e]/g, '').slice(0, 255) || '-';
  // Both elements are of RFC 5424 itself; a number of its own in them begins again after 2147483647.
  const sequence = ((record.seq - 1) % 2_147_483_647) + 1;
  const data = `[origin software="latchkey" swVersion="${version}"][meta sequenceId="${sequence}"]`;
  const message = Buffer.from(
    `<${priority}>1 ${record.time} ${name} latchkey - ${record.event.slice(0, 32)} ${data} ${line}`,
  );
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}

async function open({ settings, stored }: SyslogOptions): Promise<Socket> {
  const { host, port, tls, serverName = host } = settings;
  if (tls === 'off') return connectTcp({ host, port });
  const key = settings.clientKey && (await stored(settings.clientKey.stored));
  if (settings.clientKey !== undefined && key === undefined)
    throw new LatchkeyError(
      'export-failed',
      `The key "${settings.clientKey.stored}" of the client certificate is not stored.`,
      {
        remedy: `Store it with: latchkey secret set ${settings.clientKey.stored} < key.pem`,
      },
    );
  const cert = settings.clientCertificate && (await pem(settings.clientCertificate));
  return connectTls({
    host,
    port,
    // RFC 6066 section 3: an address is no server name.
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
    ca:
      settings.caFile === undefined
        ? [...getCACertificates('default'), ...getCACertificates('system')]
        : await pem(settings.caFile),
    ...(cert === undefined ? {} : { cert, key }),
  });
}

async function pem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const { because, remedy } = systemReason(cause);
    throw new LatchkeyError('export-failed', `${path} cannot be read because ${because}.`, { remedy, cause });
  }
}

function send(socket: Socket, bytes: Buffer, began: number, signal: AbortSignal): Promise<void> {
  const giveUp = (): void => void socket.destroy(new Error('no answer in time'));
  signal.addEventListener('abort', giveUp, { once: true });
  if (signal.aborted) giveUp();
  let look: NodeJS.Timeout | undefined;
  let isEnded = false;
  return new Promise<void>((resolve, reject) => {
    socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => {
      const lookMs = Math.max(shortestLookMs, 2 * (performance.now() - began));
      socket.write(bytes, () => {
        look = setTimeout(() => socket.end(), lookMs);
      });
    });
    socket.once('finish', () => {
      isEnded = true;
    });
    socket.once('end', () => {
      if (isEnded) resolve();
      else reject(new Error('it hung up'));
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('it hung up')));
    // What it says is nothing that syslog knows.
    socket.resume();
  }).finally(() => {
    clearTimeout(look);
    signal.removeEventListener('abort', giveUp);
    socket.destroy();
  });
}

function explained(cause: unknown, { host, port, tls }: SyslogSettings): LatchkeyError {
  const server = `The log server ${host}:${port}`;
  const code = systemCode(cause);
  const why = code ?? (cause instanceof Error ? cause.message : 'unknown');
  const isDistrust = /CERT|SIGNATURE|ISSUER|SELF_SIGNED|ALTNAME/.test(code ?? '');
  if (isDistrust)
    return new LatchkeyError('export-failed', `${server} does not prove who it is (${why}).`, {
      remedy:
        'Look at its certificate; "caFile" names an authority of your own, "serverName" the name in the certificate.',
      cause,
    });
  return new LatchkeyError('export-failed', `${server} does not take records (${why}).`, {
    remedy: `Look whether it runs and takes syslog ${tls === 'off' ? 'over TCP' : 'over TLS'} at this port; records wait meanwhile.`,
    cause,
  });
}

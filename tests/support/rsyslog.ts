import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { program } from './parts.ts';
import { takesConnections } from './port-answers.ts';
import { serverFolder, serverProcess } from './server-process.ts';
import type { IssuedCertificate } from './certificates.ts';

export const rsyslogPart = program('rsyslogd', 'install the packages rsyslog and rsyslog-gnutls', [
  '/usr/sbin',
]);

/** A message as rsyslog has understood it. */
export interface SyslogMessage {
  msg: string;
  hostname: string;
  'app-name': string;
  msgid: string;
  pri: string;
  timereported: string;
  'structured-data': string;
}

export interface Rsyslog {
  /** `clients` asks for a certificate. */
  ports: { tls: number; clients: number; plain: number };
  messages(): SyslogMessage[];
  start(): Promise<void>;
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** A real rsyslog at loopback ports: TLS, TLS with client certificates, and plain TCP. */
export async function startRsyslog(caPem: string, server: IssuedCertificate): Promise<Rsyslog> {
  const { folder, put } = serverFolder('latchkey-rsyslog-', {});
  const ports = { tls: await freePort(), clients: await freePort(), plain: await freePort() };
  const out = join(folder, 'messages.jsonl');
  const settings = put(
    'rsyslog.conf',
    `global(workDirectory="${folder}" maxMessageSize="256k"
  defaultNetstreamDriverCAFile="${put('ca.pem', caPem)}"
  defaultNetstreamDriverCertFile="${put('server.pem', server.certPem)}"
  defaultNetstreamDriverKeyFile="${put('server.key', server.keyPem)}")
module(load="imtcp")
template(name="all" type="string" string="%jsonmesg%\\n")
ruleset(name="keep") { action(type="omfile" file="${out}" template="all") }
input(type="imtcp" address="127.0.0.1" port="${ports.tls}" ruleset="keep"
  streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")
input(type="imtcp" address="127.0.0.1" port="${ports.clients}" ruleset="keep"
  streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
input(type="imtcp" address="127.0.0.1" port="${ports.plain}" ruleset="keep")
`,
  );
  const running = serverProcess([rsyslogPart.path ?? 'rsyslogd', '-n', '-iNONE', '-f', settings], {
    account: {},
    folder,
    lastSignal: 'SIGKILL',
    async answers() {
      for (const port of Object.values(ports))
        if (!(await takesConnections(port))) throw new Error(`nobody at ${port}`);
    },
  });
  await running.start();
  return {
    ports,
    messages() {
      let text = '';
      try {
        text = readFileSync(out, 'utf8');
      } catch {
        return [];
      }
      return text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as SyslogMessage);
    },
    start: running.start,
    stop: () => running.stop('SIGTERM'),
    close: () => running.close('SIGTERM'),
  };
}

import { z } from 'zod';
import { isLoopbackHost } from '../contract/loopback.ts';
import type { Fault } from './fault.ts';
import { caFile, duration, name } from './values.ts';

/** Where the audit leaves to: log servers of an organisation. */

const ofEachSink = {
  name: name.describe(
    'Names the sink in screens, commands and the audit; how far it has come is kept under it.',
  ),
  required: z
    .boolean()
    .default(false)
    .describe('Nobody is let in once records have not reached the sink for as long as "outage" says.'),
  outage: duration(60, 7 * 24 * 3600)
    .default('15m')
    .describe('How long a required sink may be out of reach before logins are refused.'),
};

const syslog = z
  .strictObject({
    ...ofEachSink,
    type: z.literal('syslog'),
    host: z.string().min(1).max(253),
    port: z.number().int().min(1).max(65535).default(6514),
    tls: z
      .enum(['verify', 'off'])
      .default('verify')
      .describe('"off" is accepted for loopback addresses only.'),
    caFile,
    serverName: z
      .string()
      .min(1)
      .max(253)
      .optional()
      .describe('Name in the certificate, where it is not the host.'),
    clientCertificate: z
      .string()
      .min(1)
      .optional()
      .describe('PEM file with the certificate to show, where the server asks for one.'),
    clientKey: z
      .strictObject({ stored: name })
      .optional()
      .describe('Its key. Store it with: latchkey secret set <name> < key.pem'),
  })
  .describe('RFC 5424 over TLS (RFC 5425), such as rsyslog, syslog-ng or a SIEM takes it.');

const otlp = z
  .strictObject({
    ...ofEachSink,
    type: z.literal('otlp'),
    url: z
      .url({ protocol: /^https?$/ })
      .max(2000)
      .describe(
        'Address for logs, as a whole: https://otel.fabrikam.example/v1/logs. "http" is for loopback only.',
      ),
    caFile,
    credential: z
      .strictObject({
        header: z
          .string()
          .toLowerCase()
          .regex(/^[a-z0-9-]{1,100}$/, 'must be the name of a header, such as authorization or api-key')
          .default('authorization'),
        stored: name,
      })
      .optional()
      .describe(
        'A header with a secret, where the server asks for one. Store its whole value ("Bearer …") with: latchkey secret set <name>',
      ),
  })
  .describe('OpenTelemetry logs over HTTP (OTLP, JSON), such as a collector takes them.');

export const auditSettings = z.strictObject({
  sinks: z
    .array(z.discriminatedUnion('type', [syslog, otlp]))
    .max(8)
    .default([])
    .describe('Servers that get each record of the audit, beside the file here.'),
});

export type SinkSettings = z.output<typeof auditSettings>['sinks'][number];
export type OtlpSettings = Extract<SinkSettings, { type: 'otlp' }>;
export type SyslogSettings = Extract<SinkSettings, { type: 'syslog' }>;

export function sinkFaults(sinks: readonly SinkSettings[]): Fault[] {
  return sinks.flatMap((sink, index): Fault[] => {
    const at = (key: string): Fault['path'] => ['audit', 'sinks', index, key];
    const isSecond = sinks.findIndex((other) => other.name === sink.name) < index;
    return [
      ...(isSecond
        ? [{ path: at('name'), message: `"${sink.name}" is used twice; give each its own name` }]
        : []),
      ...(sink.type === 'syslog' ? syslogFaults(sink, at) : otlpFaults(sink, at)),
    ];
  });
}

function syslogFaults(sink: SyslogSettings, at: (key: string) => Fault['path']): Fault[] {
  const { host, tls, clientCertificate, clientKey } = sink;
  const faults: Fault[] = [];
  if (tls === 'off' && !isLoopbackHost(host))
    faults.push({
      path: at('tls'),
      message: `"off" would send the audit to ${host} readable; it is accepted for loopback addresses only`,
    });
  if ((clientCertificate === undefined) !== (clientKey === undefined))
    faults.push({
      path: at(clientKey === undefined ? 'clientCertificate' : 'clientKey'),
      message: '"clientCertificate" and "clientKey" belong together',
    });
  return faults;
}

function otlpFaults({ url, caFile }: OtlpSettings, at: (key: string) => Fault['path']): Fault[] {
  const { protocol, hostname, username, password } = new URL(url);
  const faults: Fault[] = [];
  if (protocol === 'http:' && !isLoopbackHost(hostname))
    faults.push({ path: at('url'), message: 'must be an https address' });
  if (username !== '' || password !== '')
    faults.push({ path: at('url'), message: 'must hold no password; "credential" names a stored one' });
  if (protocol === 'http:' && caFile !== undefined)
    faults.push({ path: at('caFile'), message: 'is for https addresses only' });
  return faults;
}

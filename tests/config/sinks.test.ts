import { expect, it } from 'vitest';
import { auditSettings, sinkFaults } from '../../main/config/sinks.ts';

const faultsOf = (...sinks: object[]): string[] =>
  sinkFaults(auditSettings.parse({ sinks }).sinks).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );

const syslog = { name: 'siem', type: 'syslog', host: 'logs.example' };
const otlp = { name: 'otel', type: 'otlp', url: 'https://otel.example/v1/logs' };

it('takes a server that proves who it is, and plain text on this computer only', () => {
  expect(faultsOf(syslog, otlp)).toEqual([]);
  expect(faultsOf({ ...syslog, host: '127.0.0.1', tls: 'off' })).toEqual([]);
  expect(faultsOf({ ...otlp, url: 'http://localhost:4318/v1/logs' })).toEqual([]);
  expect(faultsOf({ ...syslog, tls: 'off' })).toEqual([
    'audit.sinks.0.tls: "off" would send the audit to logs.example readable; it is accepted for loopback addresses only',
  ]);
  expect(faultsOf({ ...otlp, url: 'http://otel.example/v1/logs' })).toEqual([
    'audit.sinks.0.url: must be an https address',
  ]);
});

it('takes no secret, half a client certificate or a name twice', () => {
  expect(faultsOf({ ...otlp, url: 'https://ada:secret@otel.example/' })).toEqual([
    'audit.sinks.0.url: must hold no password; "credential" names a stored one',
  ]);
  expect(faultsOf({ ...syslog, clientCertificate: 'a.pem' })).toEqual([
    'audit.sinks.0.clientCertificate: "clientCertificate" and "clientKey" belong together',
  ]);
  expect(faultsOf(syslog, { ...otlp, name: 'siem' })).toEqual([
    'audit.sinks.1.name: "siem" is used twice; give each its own name',
  ]);
});

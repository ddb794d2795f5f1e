import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openAudit, type Audit } from '../../main/audit/audit.ts';
import { createFollower, type FollowedRecord } from '../../main/audit/follow.ts';
import { auditSettings, type SyslogSettings } from '../../main/config/sinks.ts';
import { createSyslog } from '../../main/fleet/syslog.ts';
import { numbered } from '../audit/audit-folder.ts';
import { createTestAuthority } from '../support/certificates.ts';
import { describeWith } from '../support/parts.ts';
import { rsyslogPart, startRsyslog, type Rsyslog } from '../support/rsyslog.ts';

describeWith([rsyslogPart], 'syslog to a real rsyslog', () => {
  let folder: string;
  let rsyslog: Rsyslog;
  let audit: Audit;
  let caFile: string;
  let key: string;
  let certificate: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lk-syslog-'));
    const authority = await createTestAuthority();
    const server = await authority.issue({ dns: ['localhost', 'logs.fabrikam.example'], ip: ['127.0.0.1'] });
    const client = await authority.issue({ dns: ['ada-laptop'] });
    const put = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    caFile = put('ca.pem', authority.caPem);
    certificate = put('client.pem', client.certPem);
    key = client.keyPem;
    rsyslog = await startRsyslog(authority.caPem, server);
    audit = await openAudit({ folder: join(folder, 'audit') });
  });
  afterAll(async () => {
    await audit?.close();
    await rsyslog?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const settings = (more: object): SyslogSettings => {
    const [one] = auditSettings.parse({
      sinks: [{ name: 'siem', type: 'syslog', host: '127.0.0.1', port: rsyslog.ports.tls, caFile, ...more }],
    }).sinks;
    if (one?.type !== 'syslog') throw new Error('no syslog');
    return one;
  };

  async function deliver(records: readonly FollowedRecord[], more: object = {}): Promise<void> {
    const stored = async (name: string) => (name === 'siem-key' ? key : undefined);
    const syslog = createSyslog({ settings: settings(more), host: 'ada-laptop', version: '9.8.7', stored });
    await syslog.deliver(records, new AbortController().signal);
  }

  /** Records of an audit of its own way: each call's are new. */
  async function record(...reasons: string[]): Promise<FollowedRecord[]> {
    const after = audit.end();
    for (const reason of reasons) await audit.append({ event: 'request-refused', reason });
    return (await createFollower(join(folder, 'audit')).next(after, audit.end())).records;
  }

  const received = (records: readonly FollowedRecord[]) => {
    const lines = new Set(records.map(({ line }) => line));
    return rsyslog.messages().filter(({ msg }) => lines.has(msg.trimStart()));
  };

  it('arrives over TLS as RFC 5424 has it, and the message is the line of the file', async () => {
    const records = await record('Grüße, "quoted" ]\u202e and\nmore lines', 'x'.repeat(900));
    await deliver(records);
    await expect.poll(() => received(records).length).toBe(2);
    const [first] = received(records);
    expect(first).toMatchObject({
      hostname: 'ada-laptop',
      'app-name': 'latchkey',
      msgid: 'request-refused',
      pri: String(13 * 8 + 5),
      'structured-data': `[origin software="latchkey" swVersion="9.8.7"][meta sequenceId="${records[0]?.record.seq}"]`,
    });
    expect(Date.parse(first?.timereported ?? '')).toBe(Date.parse(records[0]?.record.time ?? ''));
  });

  it('five hundred records in one group arrive whole, in their order', async () => {
    const after = audit.end();
    await Promise.all(Array.from({ length: 500 }, (_, n) => audit.append(numbered(n))));
    const { records } = await createFollower(join(folder, 'audit')).next(after, audit.end());
    await deliver(records);
    await expect.poll(() => received(records).length).toBe(records.length);
    expect(received(records).map(({ msg }) => msg.trimStart())).toEqual(records.map(({ line }) => line));
  });

  it('over plain TCP, which the configuration takes for loopback only', async () => {
    const records = await record('plain');
    await deliver(records, { tls: 'off', port: rsyslog.ports.plain });
    await expect.poll(() => received(records).length).toBe(1);
  });

  it('with a client certificate, and not without one where the server asks for it', async () => {
    const records = await record('who are you?');
    const port = rsyslog.ports.clients;
    await expect(deliver(records, { port })).rejects.toMatchObject({ code: 'export-failed' });
    expect(received(records)).toEqual([]);
    const own = { port, clientCertificate: certificate, clientKey: { stored: 'siem-key' } };
    await deliver(records, own);
    await expect.poll(() => received(records).length).toBe(1);
    await expect(deliver(records, { ...own, clientKey: { stored: 'gone' } })).rejects.toMatchObject({
      remedy: 'Store it with: latchkey secret set gone < key.pem',
    });
  });

  it('never to a server that does not prove its name or its authority', async () => {
    const records = await record('secret');
    await expect(deliver(records, { serverName: 'other.example' })).rejects.toMatchObject({
      code: 'export-failed',
      message: expect.stringContaining('does not prove who it is (ERR_TLS_CERT_ALTNAME_INVALID)') as string,
    });
    await expect(deliver(records, { caFile: undefined })).rejects.toMatchObject({
      message: expect.stringContaining('does not prove who it is') as string,
    });
    await expect(deliver(records, { caFile: join(folder, 'none.pem') })).rejects.toMatchObject({
      message: expect.stringContaining('none.pem cannot be read') as string,
    });
    await deliver(records, { serverName: 'logs.fabrikam.example' });
    await expect.poll(() => received(records).length).toBe(1);
  });
});

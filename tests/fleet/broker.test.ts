import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { createTestAuthority } from '../support/certificates.ts';
import {
  connect,
  createLatchkey,
  refusalOf,
  soon,
  startWorld,
  storeFirst,
  type Latchkey,
} from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { rsyslogPart, startRsyslog, type Rsyslog } from '../support/rsyslog.ts';
import { useAll } from '../support/use-all.ts';
import { startCollector } from './otlp-collector.ts';

describeWith([parts.postgres, rsyslogPart], 'the audit of a broker at a log server', () => {
  let folder: string;
  let rsyslog: Rsyslog;
  let latchkey: Latchkey;
  let settings: object;
  let siem: object;
  let collector: Awaited<ReturnType<typeof startCollector>>;

  const world = useAll(startWorld);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lk-'));
    const authority = await createTestAuthority();
    rsyslog = await startRsyslog(authority.caPem, await authority.issue({ dns: ['logs.fabrikam.example'] }));
    collector = await startCollector(await authority.issue({ dns: ['localhost'] }));
    const caFile = join(folder, 'logs.pem');
    await writeFile(caFile, authority.caPem);
    siem = {
      name: 'siem',
      type: 'syslog',
      host: '127.0.0.1',
      port: rsyslog.ports.tls,
      serverName: 'logs.fabrikam.example',
      caFile,
    };
    latchkey = await createLatchkey(world, {
      folder,
      configure(configuration) {
        settings = configuration;
        const credential = { header: 'api-key', stored: 'otlp-key' };
        const otel = { name: 'otel', type: 'otlp', url: collector.url, caFile, credential };
        Object.assign(configuration, { audit: { sinks: [siem, otel] } });
      },
    });
  });
  afterAll(async () => {
    await latchkey?.close();
    await rsyslog?.close();
    await collector?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const arrived = () => rsyslog.messages().map(({ msg }) => msg);
  const recorded = async () =>
    (await readFile(join(latchkey.home, 'audit', 'audit-000001.jsonl'), 'utf8')).split('\n').slice(0, -1);

  async function use(...sinks: object[]): Promise<void> {
    await writeFile(latchkey.config, stringify({ ...settings, audit: { sinks } }));
    expect((await latchkey.run('config', 'reload')).code).toBe(0);
  }

  /** Other settings are taken up at once, where the next try would be some time off. */
  const tryNow = (sink: object) => ({ ...sink, outage: '20m' });

  it('has who did what, and from which computer', async () => {
    await latchkey.signIn('ada@fabrikam.example');
    await (await connect(await latchkey.token('sales'))).end();
    const login = () => rsyslog.messages().find(({ msgid }) => msgid === 'login-allowed');
    await expect.poll(login, soon).toBeDefined();
    expect(login()?.hostname).toBe(hostname());
    expect(JSON.parse(login()?.msg ?? '')).toMatchObject({
      connection: 'sales',
      actor: { kind: 'person', username: 'ada@fabrikam.example' },
    });
    await latchkey.until(({ sinks }) => sinks?.[0]?.behind === 0, 40_000);
    expect(collector.requests).toEqual([]);
    await storeFirst(latchkey, 'otlp-key', 's3cret');
    const events = () =>
      collector.requests.flatMap(({ records }) => records.map(({ record }) => record.eventName));
    await expect.poll(events, { ...soon, timeout: 40_000 }).toContain('latchkey.login-allowed');
    expect(collector.requests[0]?.headers).toMatchObject({ 'api-key': 's3cret' });
    expect(collector.requests[0]?.records[0]?.resource).toMatchObject({ 'host.name': hostname() });
    // Whatever comes late, such as the end of the session, waits for some seconds.
    const status = async () => (await latchkey.run('status')).out;
    await expect.poll(status, soon).toContain('\nAudit to siem (syslog): has all records\n');
  });

  it('is behind while the server is away, which keeps nobody out, and has everything afterwards', async () => {
    const token = await latchkey.token('sales');
    await rsyslog.stop();
    await (await connect(token)).end();
    await use(siem);
    const { sinks } = await latchkey.until(({ sinks: [first] = [] }) => first?.failing !== undefined, 30_000);
    expect(sinks?.[0]).toMatchObject({
      required: false,
      failing: { problem: { code: 'export-failed' } },
    });
    expect((await latchkey.run('doctor', '--json')).out).toContain('"audit to siem","result":"warning"');
    await rsyslog.start();
    await use(tryNow(siem));
    const lines = await recorded();
    await expect.poll(arrived, soon).toEqual(expect.arrayContaining(lines));
  });

  it('where it is required lets nobody in once it has been away for too long', async () => {
    const token = await latchkey.token('sales');
    await rsyslog.stop();
    const since = new Date(Date.now() - 3600_000).toISOString();
    await mkdir(join(latchkey.home, 'export'), { recursive: true });
    await writeFile(
      join(latchkey.home, 'export', 'gate.json'),
      JSON.stringify({ version: 1, seq: 0, hash: '0'.repeat(64), failingSince: since }),
    );
    const gate = {
      ...siem,
      name: 'gate',
      port: rsyslog.ports.plain,
      tls: 'off',
      required: true,
      outage: '10m',
    };
    await use(siem, gate);
    await latchkey.until(
      ({ sinks = [] }) => sinks[1]?.failing?.problem.message.includes('does not take') === true,
      40_000,
    );
    const refused = await refusalOf(connect(token));
    expect(refused).toEqual({
      sqlState: '28000',
      message: `The audit has not reached the log server "gate" since ${since}, and without it nobody is let in.`,
      hint: expect.stringMatching(/^The log server .* does not take records/) as string,
    });
    expect(await latchkey.run('token', 'sales')).toMatchObject({
      code: 1,
      err: expect.stringContaining('without it nobody is let in') as string,
    });
    expect(await latchkey.audit('login-refused')).toMatchObject([{ code: 'export-failed' }]);
    expect((await latchkey.run('status')).out).toMatch(/Audit to gate .*LOGINS ARE REFUSED from .* on\./);
    await rsyslog.start();
    await use(tryNow(gate));
    const login = () =>
      connect(token).then(
        (client) => client.end().then(() => 'let in'),
        (error: Error) => error.message,
      );
    await expect.poll(login, soon).toBe('let in');
  });

  it('has the last word of a broker that is stopped, at the latest after the next start', async () => {
    await use(siem);
    await latchkey.until(({ sinks }) => sinks?.length === 1 && sinks[0]?.behind === 0, 40_000);
    await latchkey.serve.stop();
    const last = (await recorded()).at(-1) ?? '';
    expect(JSON.parse(last)).toMatchObject({ event: 'broker-stopped' });
    await latchkey.serve.start();
    await expect.poll(arrived, soon).toContain(last);
  });
});

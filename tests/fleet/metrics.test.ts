import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { connect, createLatchkey, refusalOf, soon, startWorld, type Latchkey } from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { prometheusClient } from './prometheus-client.ts';
import { useAll } from '../support/use-all.ts';

interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

describeWith([parts.postgres, prometheusClient], 'metrics and health of a broker', () => {
  let latchkey: Latchkey;
  let squatter: Server | undefined;
  let port: number;

  const world = useAll(startWorld);
  beforeAll(async () => {
    port = await freePort();
    const squats = createServer();
    squatter = squats;
    latchkey = await createLatchkey(world, {
      async configure(configuration) {
        Object.assign(configuration, { metrics: { port } });
        squats.listen(configuration.connections[1]?.port, '127.0.0.1');
        await once(squats, 'listening');
      },
    });
  });
  afterAll(async () => {
    await latchkey?.close();
    squatter?.close();
  });

  /** Node's fetch sets Host and Origin itself. */
  function get(path: string, headers: Record<string, string> = {}, of = port) {
    return new Promise<{ status: number | undefined; type: string | undefined; text: string }>(
      (resolve, reject) => {
        const asked = httpRequest({ host: '127.0.0.1', port: of, path, headers, agent: false }, (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (part: string) => (text += part));
          answer.on('end', () =>
            resolve({ status: answer.statusCode, type: answer.headers['content-type'], text }),
          );
        });
        asked.on('error', reject).end();
      },
    );
  }

  /** As the parser of Prometheus' own client reads them. */
  function samplesIn(text: string): Sample[] {
    const script = `import sys, json
from prometheus_client.parser import text_string_to_metric_families as families
print(json.dumps([dict(name=s.name, labels=s.labels, value=s.value) for f in families(sys.stdin.read()) for s in f.samples]))`;
    const found = execFileSync(prometheusClient.path ?? 'python3', ['-c', script], {
      input: text,
      encoding: 'utf8',
    });
    return JSON.parse(found) as Sample[];
  }

  const sum = (samples: Sample[], name: string, labels: Record<string, string> = {}): number =>
    samples
      .filter((one) => one.name === name)
      .filter((one) => Object.entries(labels).every(([key, value]) => one.labels[key] === value))
      .reduce((total, { value }) => total + value, 0);

  it('says whether logins can be let in', async () => {
    expect(await get('/livez')).toMatchObject({ status: 200, text: 'ok\n' });
    expect(await get('/readyz')).toMatchObject({
      status: 503,
      text: '[+] audit\n[+] audit-sinks\n[-] listeners\n[+] seal\n',
    });
    const closed = new Promise((resolve) => squatter?.close(resolve));
    await closed;
    const retry = async () =>
      (await latchkey.client()).post('/v1/listeners/retry', {}).then(() => 'open', String);
    await expect.poll(retry, soon).toBe('open');
    expect(await get('/readyz')).toMatchObject({ status: 200 });
  });

  it('counts what happens, by protocol, outcome and code, and names nobody', async () => {
    const before = samplesIn((await get('/metrics')).text);
    await latchkey.signIn('ada@fabrikam.example');
    const token = await latchkey.token('sales');
    const client = await connect(token);
    await refusalOf(connect(token, { password: 'lk_wrong' }));
    const { status, type, text } = await get('/metrics');
    expect({ status, type }).toEqual({ status: 200, type: 'text/plain; version=0.0.4; charset=utf-8' });
    const samples = samplesIn(text);
    expect(sum(before, 'latchkey_logins_total')).toBe(0);
    expect(sum(samples, 'latchkey_logins_total', { protocol: 'postgresql', outcome: 'allowed' })).toBe(1);
    expect(sum(samples, 'latchkey_logins_total', { protocol: 'postgresql', outcome: 'refused' })).toBe(1);
    expect(sum(samples, 'latchkey_refusals_total', { event: 'login-refused', code: 'token-wrong' })).toBe(1);
    expect(sum(samples, 'latchkey_sign_ins_total', { outcome: 'succeeded', how: 'device-code' })).toBe(1);
    expect(sum(samples, 'latchkey_database_sessions', { protocol: 'postgresql' })).toBe(1);
    expect(sum(samples, 'latchkey_listeners', { state: 'listening' })).toBe(2);
    expect(sum(samples, 'latchkey_accounts')).toBe(1);
    expect(sum(samples, 'latchkey_audit_writable')).toBe(1);
    expect(samples.some(({ name }) => name === 'latchkey_sign_in_age_seconds')).toBe(true);
    expect(sum(samples, 'latchkey_event_loop_delay_seconds', { quantile: '1' })).toBeGreaterThan(0);
    expect(text).not.toMatch(/ada|fabrikam|marsh|sales|lk_/i);
    await client.end();
  });

  it('answers no web page and no other name, and gives nothing else away', async () => {
    expect(await get('/metrics', { origin: 'https://evil.example' })).toMatchObject({
      status: 403,
      text: '',
    });
    expect(await get('/metrics', { host: `evil.example:${port}` })).toMatchObject({ status: 421, text: '' });
    expect(await get('/v1/state')).toMatchObject({ status: 404, text: '' });
  });

  it('are on the API too, for who has its bearer', async () => {
    const text = await readFile(join(latchkey.home, 'run', 'api.json'), 'utf8');
    const api = JSON.parse(text) as { url: string; bearer: string };
    const of = Number(new URL(api.url).port);
    expect((await get('/metrics', {}, of)).status).toBe(401);
    const authorization = `Bearer ${api.bearer}`;
    expect((await get('/metrics', { authorization }, of)).text).toContain('latchkey_build_info{version="');
    expect((await get('/livez', { authorization }, of)).text).toBe('ok\n');
  });
});

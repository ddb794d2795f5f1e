import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openAudit, type Audit } from '../../main/audit/audit.ts';
import { createFollower, type FollowedRecord } from '../../main/audit/follow.ts';
import { createFetch } from '../../main/base/http.ts';
import { auditSettings, type OtlpSettings } from '../../main/config/sinks.ts';
import { createOtlp } from '../../main/fleet/otlp.ts';
import { createTestAuthority } from '../support/certificates.ts';
import { startCollector } from './otlp-collector.ts';

let folder: string;
let collector: Awaited<ReturnType<typeof startCollector>>;
let trusting: ReturnType<typeof createFetch>;
let audit: Audit;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lk-otlp-'));
  const authority = await createTestAuthority();
  collector = await startCollector(await authority.issue({ dns: ['localhost'] }));
  trusting = createFetch({ caPem: authority.caPem });
  audit = await openAudit({ folder });
});
afterAll(async () => {
  await audit.close();
  await trusting.close();
  await collector.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  collector.requests.length = 0;
  collector.answers.length = 0;
});

const settings = (more: object): OtlpSettings => {
  const [one] = auditSettings.parse({
    sinks: [{ name: 'otel', type: 'otlp', url: collector.url, ...more }],
  }).sinks;
  if (one?.type !== 'otlp') throw new Error('no otlp');
  return one;
};

function deliver(records: readonly FollowedRecord[], more: object = {}, fetch = trusting.fetch) {
  const stored = async (name: string) => (name === 'otlp-key' ? 'Bearer s3cret' : undefined);
  const otlp = createOtlp({ settings: settings(more), host: 'ada-laptop', version: '9.8.7', stored, fetch });
  return otlp.deliver(records, new AbortController().signal);
}

async function records(count: number): Promise<FollowedRecord[]> {
  const after = audit.end();
  const actor = {
    kind: 'person',
    provider: 'fabrikam',
    tenantId: 't-1',
    objectId: 'o-1',
    username: 'ada@fabrikam.example',
  } as const;
  for (let n = 0; n < count; n += 1)
    await audit.append({ event: 'token-refused', connection: 'sales', code: 'not-allowed', actor });
  return (await createFollower(folder).next(after, audit.end())).records;
}

it('sends what the published form of OTLP allows, with who, what and from where', async () => {
  const [one] = await records(1);
  expect(await deliver(one === undefined ? [] : [one])).toEqual({ rejected: 0 });
  const [request] = collector.requests;
  expect(request).toMatchObject({ path: '/v1/logs', headers: { 'content-type': 'application/json' } });
  expect(request?.headers).not.toHaveProperty('authorization');
  expect(request?.records).toEqual([
    {
      resource: { 'service.name': 'latchkey', 'service.version': '9.8.7', 'host.name': 'ada-laptop' },
      attributes: {
        'log.record.uid': one?.record.hash,
        'latchkey.seq': String(one?.record.seq),
        'latchkey.actor.kind': 'person',
        'user.name': 'ada@fabrikam.example',
        'user.id': 'o-1',
        'latchkey.actor.tenant_id': 't-1',
        'latchkey.actor.provider': 'fabrikam',
        'latchkey.connection': 'sales',
        'latchkey.code': 'not-allowed',
      },
      record: expect.objectContaining({
        timeUnixNano: `${Date.parse(one?.record.time ?? '')}000000`,
        severityNumber: 10,
        severityText: 'NOTICE',
        eventName: 'latchkey.token-refused',
        body: { stringValue: one?.line },
      }) as unknown,
    },
  ]);
});

it('shows the stored secret in the header that is named, and nothing without it', async () => {
  const some = await records(1);
  await deliver(some, { credential: { stored: 'otlp-key' } });
  await deliver(some, { credential: { header: 'Api-Key', stored: 'otlp-key' } });
  expect(collector.requests.map(({ headers }) => [headers.authorization, headers['api-key']])).toEqual([
    ['Bearer s3cret', undefined],
    [undefined, 'Bearer s3cret'],
  ]);
  await expect(deliver(some, { credential: { stored: 'gone' } })).rejects.toMatchObject({
    code: 'export-failed',
    remedy: 'Store it with: latchkey secret set gone',
  });
  expect(collector.requests).toHaveLength(2);
});

it('tells what the server has refused for good, which the protocol forbids to repeat', async () => {
  const some = await records(3);
  collector.answers.push({
    status: 200,
    body: '{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"no"}}',
  });
  expect(await deliver(some)).toEqual({ rejected: 2 });
  collector.answers.push({ status: 200, body: 'not JSON' });
  expect(await deliver(some)).toEqual({ rejected: 0 });
});

it('comes back when the server says so, and stops at whatever a person has to mend', async () => {
  const some = await records(1);
  collector.answers.push({ status: 429, headers: { 'retry-after': '7' } });
  await expect(deliver(some)).rejects.toMatchObject({ code: 'export-failed', ms: 7000 });
  collector.answers.push({ status: 503 });
  await expect(deliver(some)).rejects.toMatchObject({ message: expect.stringMatching(/HTTP 503/) as string });
  collector.answers.push({ status: 401 });
  await expect(deliver(some)).rejects.toMatchObject({
    remedy: 'Look at the stored secret of the header "authorization".',
  });
  collector.answers.push({ status: 404 });
  await expect(deliver(some)).rejects.toMatchObject({
    remedy: expect.stringContaining('/v1/logs') as string,
  });
  expect(await deliver(some)).toEqual({ rejected: 0 });
});

it('what is too large goes in parts, and what is too large alone is refused for good', async () => {
  const some = await records(4);
  const tooLarge = { status: 413 };
  collector.answers.push(tooLarge, { status: 200 }, tooLarge, tooLarge, { status: 200 });
  expect(await deliver(some)).toEqual({ rejected: 1 });
  expect(collector.requests.map(({ records: of }) => of.length)).toEqual([4, 2, 2, 1, 1]);
});

it('never to a server that does not prove who it is', async () => {
  const some = await records(1);
  const stranger = createFetch({ caPem: (await createTestAuthority()).caPem });
  await expect(deliver(some, {}, stranger.fetch)).rejects.toMatchObject({ code: 'export-failed' });
  await stranger.close();
  expect(collector.requests).toEqual([]);
});

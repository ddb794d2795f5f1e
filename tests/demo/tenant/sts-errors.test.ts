import { describe, expect, test } from 'vitest';
import { stsErrors } from '../../../main/demo/tenant/sts-errors.ts';
import { openTenant } from './tenant-client.ts';

const { tenant, client } = await openTenant({ now: () => Date.UTC(2026, 0, 9, 2, 2, 12) });

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Every code that a person must be told how to fix, with the OAuth error beside it. */
const mustHave: [number, string][] = [
  [70016, 'authorization_pending'],
  [70018, 'bad_verification_code'],
  [70020, 'expired_token'],
  [7000218, 'invalid_client'],
  [700016, 'unauthorized_client'],
  [90002, 'invalid_tenant'],
  [65001, 'invalid_grant'],
  [50105, 'invalid_grant'],
  [53003, 'invalid_grant'],
  [53000, 'invalid_grant'],
  [530036, 'invalid_grant'],
  [50076, 'invalid_grant'],
  [50057, 'invalid_grant'],
  [50173, 'invalid_grant'],
  [700081, 'invalid_grant'],
  [700082, 'invalid_grant'],
  [7000215, 'invalid_client'],
  [50020, 'invalid_grant'],
];

describe('error bodies', () => {
  test.each(mustHave)('AADSTS%i is %s', (code, error) => {
    expect(Object.entries(stsErrors).find(([number]) => Number(number) === code)?.[1].error).toBe(error);
  });

  test.each(Object.keys(stsErrors).map(Number))(
    'AADSTS%i has every field of the live service',
    async (code) => {
      tenant.addFault({ endpoint: 'token', type: 'error', code, times: 1 });
      const correlationId = '6a1e4f0e-1111-4222-8333-444455556666';
      const { status, body } = await client.post(
        `${tenant.authority}/oauth2/v2.0/token`,
        { grant_type: 'device_code' },
        { 'client-request-id': correlationId },
      );
      const kind = stsErrors[code as keyof typeof stsErrors];
      expect(status).toBe('status' in kind ? kind.status : 400);
      expect(body).toMatchObject({
        error: kind.error,
        error_codes: [code],
        timestamp: '2026-01-09 02:02:12Z',
        trace_id: expect.stringMatching(guid) as string,
        correlation_id: correlationId,
        error_uri: `${new URL(tenant.authority).origin}/error?code=${code}`,
      });
      expect(body['suberror']).toBe('suberror' in kind ? kind.suberror : undefined);
      const lines = String(body['error_description']).split('\r\n');
      expect(lines[0]).toMatch(new RegExp(`^AADSTS${code}: .+`));
      expect(lines.slice(1)).toEqual([
        `Trace ID: ${String(body['trace_id'])}`,
        `Correlation ID: ${correlationId}`,
        'Timestamp: 2026-01-09 02:02:12Z',
      ]);
    },
  );

  test('claims and suberror of a forced error are passed on', async () => {
    const claims = { access_token: { capolids: { essential: true, values: ['x'] } } };
    tenant.addFault({ endpoint: 'token', type: 'error', code: 50076, claims, suberror: 'extra', times: 1 });
    const { body } = await client.poll('any');
    expect(body).toMatchObject({ suberror: 'extra', claims: JSON.stringify(claims) });
  });

  test('the error_uri leads to a page that names the code', async () => {
    const { status, body } = await client.get(`${new URL(tenant.authority).origin}/error?code=53003`);
    expect(status).toBe(200);
    expect(body['text']).toContain('AADSTS53003');
  });
});

import { expect, test } from 'vitest';
import { createFetch } from '../../main/base/http.ts';
import { findTenant } from '../../main/broker/find-tenant.ts';
import { startLocalTenant } from '../../main/demo/tenant/local-tenant.ts';
import { useAll } from '../support/use-all.ts';

const tenant = useAll(() => startLocalTenant());
const http = useAll(async () => createFetch({ caFile: tenant.caFile }));

const asked: (string | undefined)[] = [];
const ports = {
  fetchWith(caFile: string | undefined) {
    asked.push(caFile);
    return http.fetch;
  },
  log: () => undefined,
};
const question = (change: { authority?: string; applicationId?: string } = {}) => ({
  authority: tenant.authority.replace(tenant.tenantId, 'fabrikam.example'),
  cloud: 'local' as const,
  resource: tenant.graph,
  caFile: tenant.caFile,
  ...change,
});

test('a domain leads to the id of its tenant', async () => {
  expect(await findTenant(question(), ports)).toEqual({
    tenantId: tenant.tenantId,
    authority: tenant.authority,
    cloud: 'local',
  });
  expect(asked.at(-1)).toBe(tenant.caFile);
});

test('a domain of nobody, and an application of another tenant, are told apart', async () => {
  const nobody = tenant.authority.replace(tenant.tenantId, 'nobody.example');
  await expect(findTenant(question({ authority: nobody }), ports)).rejects.toMatchObject({
    code: 'tenant-unknown',
  });
  const applicationId = '00000000-0000-4000-8000-000000000000';
  await expect(findTenant(question({ applicationId }), ports)).rejects.toMatchObject({
    code: 'application-unknown',
  });
});

test('an application that is there is found, and nobody is signed in by that', async () => {
  expect(await findTenant(question({ applicationId: tenant.clientId }), ports)).toMatchObject({
    tenantId: tenant.tenantId,
  });
});

test('an address that no tenant can have is refused before anybody is asked', async () => {
  const before = asked.length;
  await expect(findTenant({ authority: 'https://login.example.com/x' }, ports)).rejects.toMatchObject({
    code: 'request-invalid',
  });
  await expect(findTenant({ authority: 'common' }, ports)).rejects.toMatchObject({ code: 'request-invalid' });
  expect(asked.length).toBe(before);
});

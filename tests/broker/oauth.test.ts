import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startLocalTenant, type LocalTenant } from '../../main/demo/tenant/local-tenant.ts';
import { sampleOrganisation } from '../../main/demo/tenant/organisation.ts';
import { connect, createLatchkey, type Latchkey } from '../support/latchkey.ts';
import { oauthParts, oauthScope, startOauthPostgres } from '../support/oauth-postgres.ts';
import { describeWith } from '../support/parts.ts';
import type { PostgresServer } from '../support/postgres.ts';

const ada = 'ada@fabrikam.example';

describeWith(oauthParts, 'a server that has moved to OAuth', () => {
  let tenant: LocalTenant;
  let postgres: PostgresServer;
  let latchkey: Latchkey;
  let folder: string;

  beforeAll(async () => {
    const directory = sampleOrganisation();
    const [fabrikam] = directory.tenants;
    const [application] = fabrikam?.applications ?? [];
    if (fabrikam === undefined || application === undefined) throw new Error('no application');
    fabrikam.resources = [
      { displayName: 'Sales database', identifiers: ['api://sales-db'], scopes: ['access'] },
    ];
    application.consentedScopes = [...(application.consentedScopes ?? []), 'api://sales-db/access'];
    [tenant, postgres, folder] = await Promise.all([
      startLocalTenant({ directory }),
      startOauthPostgres(),
      mkdtemp(join(tmpdir(), 'lk-oauth-')),
    ]);
    tenant.configure({ intervalSeconds: 1 });
    const caFile = join(folder, 'ca.pem');
    await writeFile(caFile, postgres.caPem ?? '');
    const passwords = { 'sales-readonly': '', 'sales-owner': '', 'payroll-clerk': '' };
    latchkey = await createLatchkey(
      { tenant, postgres, passwords, close: () => Promise.resolve() },
      {
        configure(configuration) {
          const [sales] = configuration.connections;
          const rule = sales?.rules[1];
          if (sales === undefined || rule === undefined) throw new Error('no rule for analysts');
          sales.upstream = {
            ...sales.upstream,
            host: 'localhost',
            database: 'postgres',
            tls: { mode: 'verify', caFile },
          };
          const password = { entra: oauthScope } as unknown as typeof rule.password;
          sales.rules = [{ ...rule, role: 'everybody', password }];
          configuration.connections = [sales];
        },
        started: false,
      },
    );
    await latchkey.serve.start();
    await latchkey.signIn(ada);
  });
  afterAll(async () => {
    await latchkey.close();
    await Promise.all([tenant.close(), postgres.close()]);
    await rm(folder, { recursive: true });
  });

  it('gets a token of the person for its own scope, and the client knows none of it', async () => {
    const client = await connect(await latchkey.token('sales'));
    const { rows } = await client.query<{ who: string }>('select system_user as who');
    await client.end();
    const [method, token = ''] = rows[0]?.who.split(':') ?? [];
    expect(method).toBe('oauth');
    expect(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())).toMatchObject({
      aud: 'api://sales-db',
      scp: 'access',
      preferred_username: ada,
    });
    expect(latchkey.serve.log()).not.toContain(token.slice(0, 40));
  });
});

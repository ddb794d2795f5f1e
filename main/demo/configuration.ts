import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { stringify } from 'yaml';
import type { DemoDatabase } from './database.ts';
import type { LocalTenant } from './tenant/local-tenant.ts';
import { fabrikam } from './tenant/organisation.ts';

const firstPort = 15_432;
const lastPort = 15_532;

/** Writes the configuration of the demo: one provider, two connections, three rules. */
export async function writeDemoConfiguration(
  file: string,
  tenant: LocalTenant,
  database: DemoDatabase | undefined,
): Promise<void> {
  const salesPort = await freePort(firstPort);
  const payrollPort = await freePort(salesPort + 1);
  // Without a server the connections lead to a port at which nobody listens.
  const { host, port, uid } = database ?? { host: '127.0.0.1', port: 1 };
  const upstream = (name: string) => ({
    host,
    port,
    database: name,
    // As root the demo's server runs as somebody else, who is no account of a database.
    ...(uid === undefined ? {} : { owner: uid }),
    tls: { mode: 'off' },
  });
  const configuration = {
    providers: [
      {
        name: 'fabrikam',
        type: 'azure-directory',
        cloud: 'local',
        authority: tenant.authority,
        applicationId: tenant.clientId,
        resource: tenant.graph,
        caFile: tenant.caFile,
      },
    ],
    session: { refreshGroups: '15s' },
    connections: [
      {
        name: 'sales',
        title: 'Sales warehouse',
        protocol: 'postgresql',
        port: salesPort,
        upstream: upstream('sales'),
        rules: [
          {
            group: fabrikam.groups.databaseAdministrators,
            description: 'Database Administrators',
            role: 'sales_owner',
            password: { stored: 'sales-owner' },
            tokenLifetime: '5m',
          },
          {
            group: fabrikam.groups.dataAnalysts,
            description: 'Data Analysts',
            role: 'sales_readonly',
            password: { stored: 'sales-readonly' },
          },
        ],
      },
      {
        name: 'payroll',
        title: 'Payroll',
        protocol: 'postgresql',
        port: payrollPort,
        upstream: upstream('payroll'),
        rules: [
          {
            group: fabrikam.groups.finance,
            description: 'Finance',
            role: 'payroll_clerk',
            password: { stored: 'payroll-clerk' },
          },
        ],
      },
    ],
  };
  await writeFile(file, stringify(configuration));
}

/** The demo may be started twice, so its ports are looked for; a real configuration fixes them. */
async function freePort(from: number): Promise<number> {
  for (let port = from; port <= lastPort; port++) {
    const probe = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    const bound = (probe.address() as AddressInfo).port;
    await new Promise((resolve) => probe.close(resolve));
    return bound;
  }
  throw new Error(`no port between ${from} and ${lastPort} is free`);
}

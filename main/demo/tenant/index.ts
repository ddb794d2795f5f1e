import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { Directory } from './directory-schema.ts';
import { startLocalTenant, type LocalTenantOptions } from './local-tenant.ts';

const help = `Usage: npm run tenant -- [options]

Starts a stand-in for Entra ID and Microsoft Graph on this machine and prints one line of JSON
with its addresses. It runs until it is interrupted.

  --directory <file>           tenants, users, groups and applications as JSON (default: a sample organisation)
  --port <number>              port of the authority (default: a free one)
  --graph-port <number>        port of Graph (default: a free one)
  --control-port <number>      port of the control API (default: a free one)
  --certificate-folder <path>  where to put the CA file (default: a private temporary folder)
  --help                       this text
`;

async function main(): Promise<void> {
  const options = await readOptions();
  if (options === undefined) {
    process.stdout.write(help);
    return;
  }
  const tenant = await startLocalTenant(options);
  const { authority, graph, caFile, control, verificationUri, clientId, tenantId, users } = tenant;
  const line = { authority, graph, caFile, control, verificationUri, clientId, tenantId, users };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  const stop = (): void => {
    void tenant.close().then(() => process.exit(0));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

async function readOptions(): Promise<LocalTenantOptions | undefined> {
  const { values } = parseArgs({
    options: {
      directory: { type: 'string' },
      port: { type: 'string' },
      'graph-port': { type: 'string' },
      'control-port': { type: 'string' },
      'certificate-folder': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  return {
    directory: values.directory === undefined ? undefined : await readDirectory(values.directory),
    port: portOf('--port', values.port),
    graphPort: portOf('--graph-port', values['graph-port']),
    controlPort: portOf('--control-port', values['control-port']),
    certificateFolder: values['certificate-folder'],
  };
}

async function readDirectory(file: string): Promise<Directory> {
  const text = await readFile(file, 'utf8');
  try {
    return JSON.parse(text) as Directory;
  } catch (cause) {
    throw new Error(`${file} is not JSON.`, { cause });
  }
}

function portOf(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const port = Number(value);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new Error(`${option} needs a port number from 0 to 65535, not "${value}".`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthorityRouter, createStsErrorWriter } from './authority/authority-router.ts';
import { createBrowserSessions } from './authority/browser-sessions.ts';
import { createAuthorizationCodes } from './authority/authorization-codes.ts';
import { createServerCertificate } from './certificate.ts';
import { createClock } from './clock.ts';
import { createControlHandler } from './control/control-api.ts';
import { directoryOperations } from './control/control-directory.ts';
import { serviceOperations } from './control/control-service.ts';
import { signInOperations } from './control/control-sign-ins.ts';
import { createDeviceCodes } from './authority/device-codes.ts';
import { createDirectory } from './directory.ts';
import type { Directory } from './directory-schema.ts';
import { createClientAssertions } from './authority/client-assertion.ts';
import { createFaults } from './faults.ts';
import { createGraph } from './graph/graph.ts';
import { createGraphErrorWriter, createGraphRouter } from './graph/graph-router.ts';
import { createIssueOrder } from './authority/issue-order.ts';
import { startListener, type Listener } from './listener.ts';
import { toMethods, type Methods } from './control/operation.ts';
import { sampleOrganisation } from './organisation.ts';
import { createRefreshTokens } from './authority/refresh-tokens.ts';
import { createRequestHandler } from './request-handler.ts';
import { createRequestLog } from './request-log.ts';
import { createConsents, graphResource } from './authority/scopes.ts';
import { settingsSchema } from './settings.ts';
import { createSignInEndpoints } from './authority/sign-in-endpoints.ts';
import { createSigningKeys } from './authority/signing-keys.ts';
import { createSignIns } from './authority/open-sign-ins.ts';
import type { Sts } from './authority/sts.ts';
import { createTokenIssuer, signInName } from './authority/token-issuer.ts';

export interface LocalTenantOptions {
  /** Tenants, users, groups and applications; the sample organisation by default. */
  directory?: Directory | undefined;
  /** Port of the authority. 0 and undefined take a free one, as for the other two. */
  port?: number | undefined;
  graphPort?: number | undefined;
  controlPort?: number | undefined;
  /** Where the CA file is written; a private temporary folder by default. */
  certificateFolder?: string | undefined;
  /** Milliseconds since 1970. */
  now?: (() => number) | undefined;
}

/** Addresses of a running tenant. */
export interface LocalTenantAddresses {
  /** The default tenant's authority, `https://localhost:<port>/<tenant id>`. */
  authority: string;
  /** Every tenant's authority, in the order of the directory. */
  authorities: {
    tenantId: string;
    displayName: string;
    domains: string[];
    authority: string;
    clientIds: string[];
  }[];
  /** Graph's origin, `https://localhost:<port>`, without `/v1.0`. */
  graph: string;
  /** Where a person enters a user code. */
  verificationUri: string;
  /** The certificate authority to trust, PEM, and the file that holds it (mode 0600, removed on close). */
  caPem: string;
  caFile: string;
  /** The control API's origin, `http://127.0.0.1:<port>`. */
  control: string;
  /** The first application of the default tenant. */
  clientId: string;
  tenantId: string;
  /** Sign-in names of the default tenant. */
  users: string[];
}

type SignInControl = Methods<ReturnType<typeof signInOperations>>;
type DirectoryControl = Methods<ReturnType<typeof directoryOperations>>;
type ServiceControl = Methods<ReturnType<typeof serviceOperations>>;

/** A running tenant: its addresses, the operations of the control API as methods, and `close`. */
export interface LocalTenant extends LocalTenantAddresses, SignInControl, DirectoryControl, ServiceControl {
  close(): Promise<void>;
}

/**
 * Starts a stand-in for Entra ID and Microsoft Graph on loopback addresses: the authority and Graph over TLS with a
 * self-made certificate authority, the control API over plain http.
 *
 * @throws TenantError when the directory is not valid; Error when a port is taken.
 */
export async function startLocalTenant(options: LocalTenantOptions = {}): Promise<LocalTenant> {
  const clock = createClock(options.now ?? Date.now);
  const directory = createDirectory(options.directory ?? sampleOrganisation(), clock);
  const [certificate, keys] = await Promise.all([createServerCertificate(), createSigningKeys()]);
  const tls = { key: certificate.keyPem, cert: certificate.certPem };
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const each of closing.splice(0).toReversed()) await each();
  };
  try {
    const open = async (port: number | undefined, isSecure: boolean): Promise<Listener> => {
      const listener = await startListener({ port: port ?? 0, ...(isSecure ? { tls } : {}) });
      closing.push(listener.close);
      return listener;
    };
    const authorityListener = await open(options.port, true);
    const graphListener = await open(options.graphPort, true);
    const controlListener = await open(options.controlPort, false);
    const origin = `https://localhost:${authorityListener.port}`;
    const graphOrigin = `https://localhost:${graphListener.port}`;
    const ca = await writeCaFile(certificate.caPem, options.certificateFolder);
    closing.push(ca.remove);

    const settings = settingsSchema.parse({});
    const order = createIssueOrder();
    const faults = createFaults();
    const log = createRequestLog();
    const issuerOf = ({ id }: { id: string }): string => `${origin}/${id}/v2.0`;
    const sts: Sts = {
      origin,
      verificationUri: `${origin}/device`,
      graph: graphResource(graphOrigin),
      clock,
      settings,
      directory,
      keys,
      consents: createConsents(),
      issuer: createTokenIssuer(keys, clock, settings, directory, order, issuerOf),
      deviceCodes: createDeviceCodes(clock, settings),
      authorizationCodes: createAuthorizationCodes(clock, settings),
      refreshTokens: createRefreshTokens(clock, settings, order),
      signIns: createSignIns(),
      browserSessions: createBrowserSessions(),
      clientAssertions: createClientAssertions(),
    };
    const graph = createGraph({ ...sts, authorityOrigin: origin, order }, graphOrigin);
    const handling = { clock, faults, log };
    authorityListener.serve(
      createRequestHandler({
        ...handling,
        origin,
        route: createAuthorityRouter(sts, createSignInEndpoints(sts)),
        writer: (request) => createStsErrorWriter(sts, request),
        reset: authorityListener.reset,
      }),
    );
    graphListener.serve(
      createRequestHandler({
        ...handling,
        origin: graphOrigin,
        route: createGraphRouter(graph, clock, faults, graphOrigin),
        writer: (request) => createGraphErrorWriter(clock, request),
        reset: graphListener.reset,
      }),
    );

    const addresses = describeTenants(sts, graphOrigin);
    const signInControl = signInOperations(sts);
    const directoryControl = directoryOperations(sts);
    const serviceControl = serviceOperations(sts, faults, log);
    const control = `http://127.0.0.1:${controlListener.port}`;
    const operations = { ...signInControl, ...directoryControl, ...serviceControl };
    controlListener.serve(createControlHandler(operations, controlListener.port));
    return {
      ...addresses,
      caPem: certificate.caPem,
      caFile: ca.path,
      control,
      ...toMethods(signInControl),
      ...toMethods(directoryControl),
      ...toMethods(serviceControl),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function describeTenants(
  sts: Sts,
  graph: string,
): Omit<LocalTenantAddresses, 'caPem' | 'caFile' | 'control'> {
  const authorities = sts.directory.tenants.map((tenant) => ({
    tenantId: tenant.id,
    displayName: tenant.displayName,
    domains: tenant.domains,
    authority: `${sts.origin}/${tenant.id}`,
    clientIds: [...tenant.applications.keys()],
  }));
  const tenantId = authorities[0]?.tenantId ?? '';
  const users = [...(sts.directory.tenant(tenantId)?.users.values() ?? [])];
  return {
    authority: `${sts.origin}/${tenantId}`,
    authorities,
    graph,
    verificationUri: sts.verificationUri,
    clientId: authorities[0]?.clientIds[0] ?? '',
    tenantId,
    users: users.map((user) => signInName(sts.directory, user)),
  };
}

async function writeCaFile(
  caPem: string,
  folder: string | undefined,
): Promise<{ path: string; remove(): Promise<void> }> {
  const target = folder ?? (await mkdtemp(join(tmpdir(), 'local-tenant-')));
  await mkdir(target, { recursive: true, mode: 0o700 });
  const path = join(target, `local-tenant-ca-${process.pid}-${Date.now()}.pem`);
  await writeFile(path, caPem, { mode: 0o600, flag: 'wx' });
  return { path, remove: () => rm(folder === undefined ? target : path, { recursive: true, force: true }) };
}

import { createHash, webcrypto, X509Certificate } from 'node:crypto';
import { decodeProtectedHeader, importPKCS8, importX509, jwtVerify, SignJWT } from 'jose';
import { beforeAll, describe, expect } from 'vitest';
import { secretExpiryCheck } from '../../main/entra/directory-checks.ts';
import { createApplicationDirectory } from '../../main/entra/graph/application-directory.ts';
import { clientProof, readClientCertificate } from '../../main/entra/client-credential.ts';
import { createTestAuthority } from '../support/certificates.ts';
import { it, tokenRequests, type Setup } from './tenant-fixture.ts';

const applicationId = '1b4e28ba-2fa1-4d3c-8f00-d3b7a1c0e5f2';
const day = 24 * 3600_000;
let certPem: string;
let keyPem: string;

/** A certificate with which an application signs itself in, and its key; good for `days`. */
async function createClientCertificate(days: number): Promise<{ certPem: string; keyPem: string }> {
  // Provides what @peculiar/x509 needs to load.
  await createTestAuthority();
  const x509 = await import('@peculiar/x509');
  const algorithm = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=latchkey',
    keys: keys as CryptoKeyPair,
    serialNumber: '01',
    notBefore: new Date(Date.now() - 20 * day),
    notAfter: new Date(Date.now() + days * day),
    signingAlgorithm: algorithm,
  });
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return {
    certPem: certificate.toString('pem'),
    keyPem: `-----BEGIN PRIVATE KEY-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`,
  };
}

beforeAll(async () => {
  ({ certPem, keyPem } = await createClientCertificate(12.5));
});

/** Holds an assertion against the certificate, as Entra ID does. */
async function verified(assertion: string, audience: string) {
  const { alg = '', ...header } = decodeProtectedHeader(assertion);
  const { payload } = await jwtVerify(assertion, await importX509(certPem, alg), {
    audience,
    // Seconds, as Entra ID allows for minutes: MSAL rounds up.
    clockTolerance: 5,
  });
  const thumbprint = Buffer.from(readClientCertificate(certPem + keyPem)?.thumbprintSha256 ?? '', 'hex');
  expect(header).toMatchObject({ 'x5t#S256': thumbprint.toString('base64url') });
  return payload;
}

describe('a certificate in place of the application secret', () => {
  /** Look-ups with a certificate that the tenant knows, or with another one. */
  async function start(setup: Setup, certificates: string[]) {
    const tenant = await setup.startTenant();
    tenant.updateApplication({ clientId: tenant.clientId, change: { certificates, secrets: [] } });
    const fetch = setup.trustingFetch(tenant);
    const people = createApplicationDirectory({
      settings: {
        name: 'work',
        cloud: 'local',
        authority: tenant.authority,
        tenant: tenant.tenantId,
        applicationId: tenant.clientId,
        graph: tenant.graph,
      },
      fetch,
      secret: async () => `${keyPem}\n${certPem}`,
    });
    setup.onClose(people.close);
    const tokenEndpoint = `${tenant.authority}/oauth2/v2.0/token`;
    /** A token request as RFC 7523 has it: the number of the refusal, or the kind of token. */
    async function redeem(proof: Record<string, string>): Promise<unknown> {
      const answer = await fetch(tokenEndpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({
          client_id: tenant.clientId,
          grant_type: 'client_credentials',
          scope: `${tenant.graph}/.default`,
          ...proof,
        }).toString(),
      });
      const body = (await answer.json()) as { error_codes?: number[]; token_type?: string };
      return body.error_codes?.[0] ?? body.token_type;
    }
    const proofAt = (now: number, more: { applicationId?: string; tokenEndpoint?: string } = {}) =>
      clientProof(`${certPem}\n${keyPem}`, { applicationId: tenant.clientId, tokenEndpoint, now, ...more });
    return { tenant, people, redeem, proofAt };
  }

  it('reads the groups of people, and nothing of the key is sent', async ({ setup }) => {
    const { tenant, people } = await start(setup, [certPem]);
    expect((await people.groupsOf('ada@fabrikam.example')).groups).not.toHaveLength(0);
    const [request] = tokenRequests(tenant, 'client_credentials');
    expect(request?.fields).toEqual(expect.arrayContaining(['client_assertion', 'client_assertion_type']));
    expect(request?.fields).not.toContain('client_secret');
  });

  it('that the tenant does not have, or that has expired there, is refused with what to do', async ({
    setup,
  }) => {
    const other = await createClientCertificate(12);
    const { tenant, people } = await start(setup, [other.certPem]);
    const refusal = {
      code: 'directory-refused',
      message: expect.stringContaining('does not have the certificate') as string,
      remedy: expect.stringContaining('Upload certificate') as string,
      entra: expect.objectContaining({ aadsts: 700027 }) as object,
    };
    await expect(people.user('ada@fabrikam.example')).rejects.toMatchObject(refusal);
    tenant.updateApplication({ clientId: tenant.clientId, change: { certificates: [certPem] } });
    await expect(people.user('ada@fabrikam.example')).resolves.toBeDefined();
  });

  it('proves the application once, now, and to this authority', async ({ setup }) => {
    const { tenant, redeem, proofAt } = await start(setup, [certPem]);
    const now = Date.now();
    const proof = proofAt(now);
    expect(await redeem(proof)).toBe('Bearer');
    expect(await redeem(proof)).toBe(50013);
    expect(await redeem(proofAt(now - 3600_000))).toBe(700024);
    expect(await redeem(proofAt(now + 3600_000))).toBe(700024);
    expect(await redeem(proofAt(now, { tokenEndpoint: 'https://elsewhere.example/token' }))).toBe(700023);
    expect(await redeem(proofAt(now, { applicationId }))).toBe(700021);
    const { client_assertion: assertion = '', ...rest } = proofAt(now);
    const [head, , signature] = assertion.split('.');
    const forged = Buffer.from('{"aud":"x","iss":"x","sub":"x","jti":"x","exp":9999999999}');
    expect(
      await redeem({ ...rest, client_assertion: `${head}.${forged.toString('base64url')}.${signature}` }),
    ).toBe(700027);
    expect(await redeem({ ...rest, client_assertion: 'no JWT' })).toBe(50027);
    expect(await redeem({ client_assertion: assertion })).toBe(900144);
    // RS256 with the older thumbprint, as other clients sign.
    const key = await importPKCS8(keyPem, 'RS256');
    const signed = await new SignJWT({})
      .setProtectedHeader({
        alg: 'RS256',
        x5t: createHash('sha1').update(new X509Certificate(certPem).raw).digest('base64url'),
      })
      .setAudience(`${tenant.authority}/v2.0`)
      .setIssuer(tenant.clientId)
      .setSubject(tenant.clientId)
      .setJti('1')
      .setExpirationTime('5 minutes')
      .sign(key);
    expect(await redeem({ ...rest, client_assertion: signed })).toBe('Bearer');
    tenant.shiftClock({ seconds: 13 * 24 * 3600 });
    expect(await redeem(proofAt(now + 13 * day))).toBe(700027);
  });

  it('is what the doctor tries, and its end is watched without asking anybody', async () => {
    const tokenEndpoint = 'https://login.example/token';
    const text = `${certPem}\n${keyPem}`;
    const { client_assertion: assertion = '' } = clientProof(text, {
      applicationId,
      tokenEndpoint,
      now: Date.now(),
    });
    expect(await verified(assertion, tokenEndpoint)).toMatchObject({ iss: applicationId });
    const nobody = { origin: '', token: '', fetch, signal: AbortSignal.abort() };
    expect(
      await secretExpiryCheck('end', nobody, { provider: 'work', applicationId, secret: text }, Date.now()),
    ).toMatchObject({
      result: 'warning',
      message: expect.stringMatching(/^The certificate runs out in 12 days/) as string,
    });
  });

  it('is refused, without quoting it, where key and certificate do not belong together', async () => {
    const { certPem: other } = await (await createTestAuthority()).issue({ dns: ['x.example'] });
    for (const text of [other + keyPem, keyPem, certPem, '-----BEGIN ENCRYPTED PRIVATE KEY-----\nabc'])
      expect(() => readClientCertificate(text)).toThrow(
        expect.objectContaining({
          code: 'request-invalid',
          message: expect.not.stringContaining('MII') as string,
        }),
      );
    expect(readClientCertificate('a plain secret')).toBeUndefined();
  });
});

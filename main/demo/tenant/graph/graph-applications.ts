import { X509Certificate } from 'node:crypto';
import { context, requireAny, type Call } from './graph-call.ts';
import { notFound } from './graph-errors.ts';

/** `applications(appId='…')`: when its secrets and certificates run out. */
export function readApplication(call: Call, clientId: string): object {
  const { caller } = call;
  requireAny(caller, ['Application.Read.All']);
  const application = caller.tenant.applications.get(clientId.toLowerCase());
  if (application === undefined) throw notFound(clientId);
  const { secrets, secretsEnd, certificates } = application;
  return {
    ...context(call, 'applications(passwordCredentials,keyCredentials)/$entity'),
    passwordCredentials: secrets.map((secret) => ({
      hint: secret.slice(0, 3),
      endDateTime: secretsEnd ?? '2299-12-31T00:00:00Z',
    })),
    keyCredentials: certificates.map((pem) => {
      const { validToDate, fingerprint } = new X509Certificate(pem);
      return {
        type: 'AsymmetricX509Cert',
        customKeyIdentifier: Buffer.from(fingerprint.replaceAll(':', ''), 'hex').toString('base64'),
        endDateTime: validToDate.toISOString(),
      };
    }),
  };
}

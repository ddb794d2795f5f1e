import { formOf, jsonReply, type Incoming, type Reply } from '../http.ts';
import { parseScopes } from './scopes.ts';
import { declaresCae, isStsError, refuse, resolveApplication, resolveTenant, type Sts } from './sts.ts';

/** Device authorization request and response, RFC 8628 sections 3.1 and 3.2, with Entra ID's `message`. */
export function deviceCodeEndpoint(sts: Sts, request: Incoming, segment: string): Reply {
  const tenant = resolveTenant(sts, segment);
  if (isStsError(tenant)) return refuse(sts, request, tenant);
  const form = formOf(request);
  const clientId = form.get('client_id');
  const scope = form.get('scope');
  if (clientId === null) return refuse(sts, request, { code: 900144, detail: 'client_id' });
  if (scope === null) return refuse(sts, request, { code: 900144, detail: 'scope' });
  const application = resolveApplication(sts, tenant, clientId);
  if (isStsError(application)) return refuse(sts, request, application);
  const scopes = parseScopes(scope, tenant ?? sts.directory.tenants[0] ?? neverEmpty(), sts.graph);
  if (isStsError(scopes)) return refuse(sts, request, scopes);

  const isCaeClient = declaresCae(form.get('claims'));
  const mustAsk = form.get('prompt') === 'login';
  const code = sts.deviceCodes.create({ application, tenant, scope, isCaeClient, mustAsk });
  const uri = sts.settings.verificationUri ?? sts.verificationUri;
  const message = sts.settings.deviceCodeMessage.replace('{uri}', () => uri).replace('{code}', code.userCode);
  return jsonReply(200, {
    user_code: code.userCode,
    device_code: code.deviceCode,
    verification_uri: uri,
    expires_in: sts.settings.deviceCodeSeconds,
    interval: code.intervalSeconds,
    message,
  });
}

function neverEmpty(): never {
  throw new Error('A directory has at least one tenant.');
}

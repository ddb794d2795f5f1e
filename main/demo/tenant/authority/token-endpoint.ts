import type { Application } from '../directory-schema.ts';
import type { Account, Tenant } from '../directory.ts';
import { decideAccess, type UserFlow } from './access-decision.ts';
import { assertionType } from './client-assertion.ts';
import { decoded, formOf, headerOf, jsonReply, type Incoming, type Reply } from '../http.ts';
import { parseScopes } from './scopes.ts';
import { chooseAccount } from './sign-ins.ts';
import type { StsError } from '../sts-errors.ts';
import {
  declaresCae,
  isStsError,
  refuse,
  resolveApplication,
  resolveTenant,
  type Effects,
  type Sts,
} from './sts.ts';

interface TokenRequest {
  sts: Sts;
  tenant: Tenant | undefined;
  application: Application;
  form: URLSearchParams;
  effects: Effects;
}

type TokenAnswer = Record<string, unknown> | StsError;

const deviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code';

/** The token endpoint (RFC 6749 section 3.2) with the grants of a user and of an application. */
export async function tokenEndpoint(
  sts: Sts,
  request: Incoming,
  segment: string,
  effects: Effects,
): Promise<Reply> {
  if (request.method !== 'POST') return refuse(sts, request, { code: 900561 });
  const tenant = resolveTenant(sts, segment);
  if (isStsError(tenant)) return refuse(sts, request, tenant);
  const form = formOf(request);
  applyBasicCredentials(form, headerOf(request, 'authorization'));
  const grantType = form.get('grant_type');
  const clientId = form.get('client_id');
  if (grantType === null) return refuse(sts, request, { code: 900144, detail: 'grant_type' });
  if (clientId === null) return refuse(sts, request, { code: 900144, detail: 'client_id' });
  const application = resolveApplication(sts, tenant, clientId);
  if (isStsError(application)) return refuse(sts, request, application);
  const refusal = clientRefusal(sts, application, form, [
    tenant?.id ?? '',
    ...(tenant?.domains ?? []),
    segment,
  ]);
  if (refusal !== undefined) return refuse(sts, request, refusal);

  const answer = await answerGrant(grantType, { sts, tenant, application, form, effects });
  return isStsError(answer) ? refuse(sts, request, answer) : jsonReply(200, answer);
}

/** Why the client's own proof is wrong, where it brings one. @param segments names of the tenant in addresses */
function clientRefusal(
  { clientAssertions, clock, origin }: Sts,
  application: Application,
  form: URLSearchParams,
  segments: readonly string[],
): StsError | undefined {
  const secret = form.get('client_secret');
  const assertion = form.get('client_assertion');
  const { secrets, secretsEnd } = application;
  if (secret !== null && !secrets.includes(secret)) return { code: 7000215 };
  if (secret !== null && secretsEnd !== undefined && Date.parse(secretsEnd) < clock.now())
    return { code: 7000222 };
  if (assertion === null) return undefined;
  if (form.get('client_assertion_type') !== assertionType)
    return { code: 900144, detail: 'client_assertion_type' };
  const audiences = segments.flatMap((name) => [
    `${origin}/${name}/oauth2/v2.0/token`,
    `${origin}/${name}/v2.0`,
  ]);
  return clientAssertions.refusal(assertion, application, audiences, clock.now());
}

/** Checked by then. */
function bringsCredential(form: URLSearchParams): boolean {
  return form.has('client_secret') || form.has('client_assertion');
}

function answerGrant(grantType: string, request: TokenRequest): Promise<TokenAnswer> | TokenAnswer {
  switch (grantType) {
    // The short name is what Entra ID accepts besides the one of RFC 8628, and what its own libraries send.
    case 'device_code':
    case deviceCodeGrant:
      return redeemDeviceCode(request);
    case 'refresh_token':
      return refresh(request);
    case 'authorization_code':
      return redeemAuthorizationCode(request);
    case 'client_credentials':
      return issueToApplication(request);
    default:
      return { code: 70003, detail: grantType };
  }
}

function redeemDeviceCode(request: TokenRequest): Promise<TokenAnswer> | TokenAnswer {
  const { sts, tenant, application, form } = request;
  const value = form.get('device_code');
  if (value === null) return { code: 900144, detail: 'device_code' };
  const code = sts.deviceCodes.byDeviceCode(value);
  if (code === undefined || code.application !== application || code.tenant !== tenant)
    return { code: 70018 };
  const { state } = code;
  if (state.kind === 'redeemed') return { code: 54005 };
  if (state.kind === 'declined') return { code: 65004 };
  if (sts.deviceCodes.isExpired(code)) return { code: 70020 };
  if (state.kind === 'refused') return state.error;
  if (state.kind === 'pending') {
    const now = sts.clock.now();
    const isTooFast = code.lastPollAt !== undefined && now - code.lastPollAt < code.intervalSeconds * 1000;
    code.lastPollAt = now;
    if (!sts.settings.enforceInterval || !isTooFast) return { code: 70016 };
    code.intervalSeconds += 5;
    return { code: 90055 };
  }
  if (lacksCredential(application, form)) return { code: 7000218 };
  return issueToUser(request, {
    account: state.account,
    mfaDone: state.mfaDone,
    provedAt: state.askedAt,
    scope: code.scope,
    flow: 'device_code',
    isCaeClient: code.isCaeClient || declaresCae(form.get('claims')),
    onGranted: () => {
      code.state = { kind: 'redeemed' };
    },
  });
}

function redeemAuthorizationCode(request: TokenRequest): Promise<TokenAnswer> | TokenAnswer {
  const { sts, application, form, tenant } = request;
  const value = form.get('code');
  const redirectUri = form.get('redirect_uri');
  if (value === null) return { code: 900144, detail: 'code' };
  if (redirectUri === null) return { code: 900144, detail: 'redirect_uri' };
  const isWeb = application.webRedirectUris.includes(redirectUri);
  if (isWeb && !bringsCredential(form)) return { code: 7000218 };
  const verifier = form.get('code_verifier') ?? undefined;
  const code = sts.authorizationCodes.redeem(value, application.clientId, redirectUri, verifier);
  if (isStsError(code)) return code;
  if (tenant !== undefined && code.account.tenant !== tenant) return { code: 70000, detail: 'code' };
  return issueToUser(request, {
    account: code.account,
    mfaDone: code.mfaDone,
    provedAt: code.askedAt,
    scope: form.get('scope') ?? code.scope,
    flow: 'authorization_code',
    isCaeClient: declaresCae(form.get('claims')),
    nonce: code.nonce,
    askedAt: code.tellsAuthTime ? code.askedAt : undefined,
  });
}

function refresh(request: TokenRequest): Promise<TokenAnswer> | TokenAnswer {
  const { sts, application, form, tenant, effects } = request;
  const value = form.get('refresh_token');
  if (value === null) return { code: 900144, detail: 'refresh_token' };
  const token = sts.refreshTokens.find(value, application.clientId);
  if (isStsError(token)) return token;
  const account = accountAt(sts, tenant, effects.asUser ?? token.account);
  if (isStsError(account)) return account;
  return issueToUser(request, {
    account,
    mfaDone: token.mfaDone,
    provedAt: token.askedAt,
    scope: form.get('scope') ?? 'openid offline_access',
    flow: 'refresh_token',
    isCaeClient: declaresCae(form.get('claims')),
  });
}

/** A refresh token serves every tenant that its owner belongs to, as a member or as a guest. */
function accountAt(sts: Sts, tenant: Tenant | undefined, wanted: Account | string): Account | StsError {
  if (typeof wanted === 'string') return chooseAccount(sts, tenant, wanted);
  if (tenant === undefined || wanted.tenant === tenant) return wanted;
  return chooseAccount(sts, tenant, wanted.user.home?.userId ?? wanted.user.id);
}

async function issueToApplication({
  sts,
  tenant,
  application,
  form,
  effects,
}: TokenRequest): Promise<TokenAnswer> {
  if (tenant === undefined) return { code: 50194, detail: application.clientId };
  if (!bringsCredential(form)) return { code: 7000218 };
  const scope = form.get('scope') ?? '';
  const scopes = parseScopes(scope, tenant, sts.graph);
  if (isStsError(scopes)) return scopes;
  if (!scopes.isDefault) return { code: 1002012, detail: scope };
  return sts.issuer.forApplication(tenant, application, scopes.audience, effects.skewSeconds);
}

interface UserGrant {
  account: Account;
  mfaDone: boolean;
  scope: string;
  flow: UserFlow;
  isCaeClient: boolean;
  nonce?: string | undefined;
  /** When the person was asked. */
  provedAt: number;
  /** The same where the id_token is to tell it. */
  askedAt?: number | undefined;
  onGranted?: () => void;
}

async function issueToUser(request: TokenRequest, grant: UserGrant): Promise<TokenAnswer> {
  const { sts, application, form, effects } = request;
  const { account, mfaDone, flow, provedAt } = grant;
  const scopes = parseScopes(grant.scope, account.tenant, sts.graph);
  if (isStsError(scopes)) return scopes;
  const decision = decideAccess({ ...account, application, scopes, flow, mfaDone, askedAt: provedAt }, sts);
  if (decision.kind !== 'granted') return decision.error;
  // Marked before the first await, so that two simultaneous requests cannot both redeem one code.
  grant.onGranted?.();
  return sts.issuer.forUser({
    ...account,
    application,
    scopes,
    mfaDone,
    permissions: decision.permissions,
    isCaeClient: grant.isCaeClient,
    nonce: grant.nonce,
    askedAt: grant.askedAt,
    skewSeconds: effects.skewSeconds,
    wantsClientInfo: form.get('client_info') === '1',
    refreshToken: sts.refreshTokens.issue(account, application.clientId, mfaDone, provedAt),
  });
}

/** "Allow public client flows" is off and the request brings no secret either. */
function lacksCredential(application: Application, form: URLSearchParams): boolean {
  return !application.publicClientFlows && !bringsCredential(form);
}

/** RFC 6749 section 2.3.1: the credentials may stand in the Authorization header, form-encoded. */
function applyBasicCredentials(form: URLSearchParams, authorization: string | undefined): void {
  const encoded = authorization?.match(/^Basic\s+([A-Za-z0-9+/=]+)$/i)?.[1];
  if (encoded === undefined) return;
  const [id = '', secret = ''] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  form.set('client_id', decoded(id.replaceAll('+', ' ')));
  form.set('client_secret', decoded(secret.replaceAll('+', ' ')));
}

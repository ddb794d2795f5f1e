import { decideAccess } from './access-decision.ts';
import type { Account, Tenant } from '../directory.ts';
import type { SignIn } from './open-sign-ins.ts';
import { parseScopes } from './scopes.ts';
import type { StsError } from '../sts-errors.ts';
import { isStsError, type Sts } from './sts.ts';

/** What the person has to do next, or how the sign-in ends. */
export type SignInStep =
  | { kind: 'identify' }
  | { kind: 'mfa' }
  | { kind: 'consent'; permissions: string[] }
  | { kind: 'confirm' }
  | { kind: 'finished' }
  | { kind: 'refused'; error: StsError };

/**
 * The account that a sign-in name (or object id) stands for at a tenant: its own, the guest object of an account of
 * another tenant, or any account at a shared endpoint, where `tenant` is undefined.
 */
export function chooseAccount(sts: Sts, tenant: Tenant | undefined, reference: string): Account | StsError {
  const account = sts.directory.account(reference.trim());
  if (account === undefined) return { code: 50034, detail: reference };
  if (tenant === undefined || account.tenant === tenant) return account;
  const guest = [...tenant.users.values()].find(({ home }) => home?.userId === account.user.id);
  return guest === undefined ? { code: 50020, detail: reference } : { tenant, user: guest };
}

/** The account for a typed name and password. Guests have the password of their home account. */
export function authenticate(
  sts: Sts,
  tenant: Tenant | undefined,
  userName: string,
  password: string,
): Account | StsError {
  const home = sts.directory.account(userName.trim());
  if (home !== undefined && (home.user.password === undefined || home.user.password !== password)) {
    return { code: 50126 };
  }
  return chooseAccount(sts, tenant, userName);
}

/** The step that a sign-in has come to. */
export function nextStep(sts: Sts, signIn: SignIn): SignInStep {
  const { account, application, purpose } = signIn;
  if (account === undefined) return { kind: 'identify' };
  const scopes = parseScopes(signIn.scope, account.tenant, sts.graph);
  if (isStsError(scopes)) return { kind: 'refused', error: scopes };
  const request = {
    ...account,
    application,
    scopes,
    flow: purpose.kind,
    mfaDone: signIn.mfaDone,
    askedAt: signIn.askedAt,
  };
  const decision = decideAccess(request, sts);
  switch (decision.kind) {
    case 'refused':
      return { kind: 'refused', error: decision.error };
    case 'mfa_needed':
      return { kind: 'mfa' };
    case 'consent_needed':
      return { kind: 'consent', permissions: decision.permissions };
    case 'granted':
      if (signIn.mustConsent) return { kind: 'consent', permissions: decision.permissions };
      return purpose.kind === 'device_code' && !signIn.isConfirmed
        ? { kind: 'confirm' }
        : { kind: 'finished' };
  }
}

/** Takes the person over the current step, which must be one of mfa, consent and confirm. */
export function passStep(sts: Sts, signIn: SignIn, step: SignInStep): void {
  if (step.kind === 'mfa') signIn.mfaDone = true;
  if (step.kind === 'confirm') signIn.isConfirmed = true;
  if (step.kind === 'consent' && signIn.account !== undefined) {
    const { tenant, user } = signIn.account;
    sts.consents.grant(tenant, signIn.application, user.id, step.permissions);
    signIn.mustConsent = false;
  }
}

/** Whether another account could still bring the sign-in to a good end, so that the page lets the person try again. */
export function isAboutAccount(error: StsError): boolean {
  return [50020, 50034, 50057, 50126, 500341].includes(error.code);
}

import { z } from 'zod';
import type { DeviceCode } from '../authority/device-codes.ts';
import { get, post } from './operation.ts';
import { finish } from '../authority/sign-in-endpoints.ts';
import type { SignIn } from '../authority/open-sign-ins.ts';
import { chooseAccount, isAboutAccount, nextStep, passStep } from '../authority/sign-ins.ts';
import { sentenceOf, type StsError } from '../sts-errors.ts';
import { isStsError, type Sts } from '../authority/sts.ts';
import { tenantError } from '../tenant-error.ts';

/** A device code without the device's own secret half. */
export interface DeviceCodeSummary {
  userCode: string;
  state: DeviceCode['state']['kind'] | 'expired';
  clientId: string;
  application: string;
  /** Undefined for `common` and `organizations`. */
  tenantId: string | undefined;
  scope: string;
  expiresInSeconds: number;
}

/** How far a person has got with a user code. */
export type Completion =
  | { result: 'approved' }
  /** The sign-in ended; the waiting application gets this error. */
  | { result: 'refused'; error: number; message: string }
  /** The page would have asked again; the code still waits. */
  | { result: 'not_signed_in'; error: number; message: string }
  /** The person stopped at this step; the code still waits. */
  | { result: 'left_open'; step: 'mfa' | 'consent' };

const userCode = z.strictObject({ userCode: z.string().min(1) });
const user = z.strictObject({ user: z.string().min(1) });

/** What a person does on the sign-in pages, and what an administrator does to their sign-ins. */
export function signInOperations(sts: Sts) {
  const find = (typed: string): DeviceCode => {
    const code = sts.deviceCodes.byUserCode(typed);
    if (code === undefined) throw tenantError('not_found', `There is no device code "${typed}".`);
    return code;
  };
  const pending = (typed: string): DeviceCode => {
    const code = find(typed);
    const state = stateOf(sts, code);
    if (state !== 'pending') throw tenantError('invalid', `The code "${typed}" is ${state}, not pending.`);
    return code;
  };
  return {
    deviceCodes: get('/device-codes', 'Lists the device codes of the last hour.', () =>
      sts.deviceCodes.list().map((code) => summaryOf(sts, code)),
    ),
    complete: post(
      '/device-codes/complete',
      'Signs a user in with a user code, as the person would on the verification page.',
      userCode.extend({
        user: z.string().min(1),
        mfa: z.boolean().default(true),
        consent: z.boolean().default(true),
      }),
      (input) => complete(sts, pending(input.userCode), input),
    ),
    decline: post('/device-codes/decline', 'Declines a user code.', userCode, (input) => {
      pending(input.userCode).state = { kind: 'declined' };
    }),
    expire: post('/device-codes/expire', 'Lets a user code expire at once.', userCode, (input) => {
      find(input.userCode).expiresAt = sts.clock.now();
    }),
    revoke: post(
      '/users/revoke',
      "Revokes all of a user's refresh tokens (50173) and challenges the access tokens of CAE clients.",
      user,
      (input) => ({ revoked: sts.refreshTokens.end(sts.directory.requireAccount(input.user), 50173) }),
    ),
    expireRefreshTokens: post(
      '/users/expire-refresh-tokens',
      "Lets a user's refresh tokens expire: 700082 for disuse, 700081 for their greatest age.",
      user.extend({ code: z.union([z.literal(700082), z.literal(700081)]).default(700082) }),
      (input) => ({ revoked: sts.refreshTokens.end(sts.directory.requireAccount(input.user), input.code) }),
    ),
    challenge: post(
      '/users/challenge',
      "Makes Graph answer a user's present access tokens with a claims challenge; a refresh satisfies it.",
      user,
      (input) => sts.refreshTokens.challenge(sts.directory.requireAccount(input.user)),
    ),
  };
}

function complete(
  sts: Sts,
  deviceCode: DeviceCode,
  options: { user: string; mfa: boolean; consent: boolean },
): Completion {
  const { application, tenant, scope } = deviceCode;
  const account = chooseAccount(sts, tenant, options.user);
  if (isStsError(account)) return notSignedIn(account);
  const signIn: SignIn = sts.signIns.start({
    application,
    tenant,
    scope,
    purpose: { kind: 'device_code', deviceCode },
    loginHint: undefined,
    mustAsk: false,
    mustConsent: false,
  });
  signIn.account = account;
  for (;;) {
    const step = nextStep(sts, signIn);
    if (step.kind === 'finished') {
      finish(sts, signIn, undefined);
      return { result: 'approved' };
    }
    if (step.kind === 'refused') {
      sts.signIns.end(signIn);
      if (isAboutAccount(step.error)) return notSignedIn(step.error);
      finish(sts, signIn, step.error);
      return { result: 'refused', error: step.error.code, message: sentenceOf(step.error) };
    }
    if ((step.kind === 'mfa' && !options.mfa) || (step.kind === 'consent' && !options.consent)) {
      sts.signIns.end(signIn);
      return { result: 'left_open', step: step.kind };
    }
    passStep(sts, signIn, step);
  }
}

function notSignedIn(error: StsError): Completion {
  return { result: 'not_signed_in', error: error.code, message: sentenceOf(error) };
}

function stateOf(sts: Sts, code: DeviceCode): DeviceCodeSummary['state'] {
  return code.state.kind === 'pending' && sts.deviceCodes.isExpired(code) ? 'expired' : code.state.kind;
}

function summaryOf(sts: Sts, code: DeviceCode): DeviceCodeSummary {
  return {
    userCode: code.userCode,
    state: stateOf(sts, code),
    clientId: code.application.clientId,
    application: code.application.displayName,
    tenantId: code.tenant?.id,
    scope: code.scope,
    expiresInSeconds: Math.max(0, Math.ceil((code.expiresAt - sts.clock.now()) / 1000)),
  };
}

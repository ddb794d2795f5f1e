import { defined } from '../../../base/defined.ts';
import { formOf, type Incoming, type Reply } from '../http.ts';
import type { Account } from '../directory.ts';
import type { BrowserSession } from './browser-sessions.ts';
import { html, pageReply } from './html.ts';
import { codePage, declinedPage, donePage, refusedPage, stepPage } from './sign-in-pages.ts';
import type { RedirectTarget, SignIn } from './open-sign-ins.ts';
import { authenticate, chooseAccount, isAboutAccount, nextStep, passStep } from './sign-ins.ts';
import { stsErrorBody, stsErrors, type StsError, type StsErrorKind } from '../sts-errors.ts';
import { isStsError, type Sts } from './sts.ts';

const wrongCodeWindow = 15 * 60 * 1000;

export interface SignInEndpoints {
  /** GET and POST /device: the user code (RFC 8628 section 3.3). */
  device(request: Incoming): Reply;
  /** POST /signin: every later step of a sign-in, for a device or for a browser. */
  step(request: Incoming): Reply;
}

export function createSignInEndpoints(sts: Sts): SignInEndpoints {
  let wrongCodes: number[] = [];

  const takeCode = (typed: string): Reply => {
    const now = sts.clock.now();
    wrongCodes = wrongCodes.filter((time) => time > now - wrongCodeWindow);
    if (wrongCodes.length >= sts.settings.wrongCodeLimit) {
      return codePage('', 'Too many wrong codes. Wait 15 minutes, then start again.', 429);
    }
    const code = sts.deviceCodes.byUserCode(typed);
    if (code === undefined || code.state.kind !== 'pending' || sts.deviceCodes.isExpired(code)) {
      wrongCodes.push(now);
      return codePage(typed, 'That code is wrong or has expired. Check it and try again.', 400);
    }
    wrongCodes = [];
    const { application, tenant, scope, mustAsk } = code;
    const purpose = { kind: 'device_code', deviceCode: code } as const;
    const signIn = sts.signIns.start({
      application,
      tenant,
      scope,
      purpose,
      loginHint: undefined,
      mustAsk,
      mustConsent: false,
    });
    return stepPage(sts, signIn, { kind: 'identify' });
  };

  return {
    device: (request) => {
      if (request.method !== 'POST') return codePage(request.url.searchParams.get('otc') ?? '');
      return takeCode(formOf(request).get('user_code') ?? '');
    },
    step: (request) => {
      const form = formOf(request);
      const signIn = sts.signIns.find(form.get('flow') ?? '');
      if (signIn === undefined || !isOpen(sts, signIn)) return endedPage();
      const step = nextStep(sts, signIn);
      // A page of an earlier step was sent again: show where the sign-in is now.
      if (form.get('step') !== step.kind) return stepPage(sts, signIn, step);
      if (form.get('action') === 'cancel') return finish(sts, signIn, { code: 65004 });
      if (step.kind !== 'identify') passStep(sts, signIn, step);
      else {
        const picked = form.get('pick');
        const username = form.get('username') ?? '';
        const account =
          picked === null
            ? authenticate(sts, signIn.tenant, username, form.get('password') ?? '')
            : chooseAccount(sts, signIn.tenant, picked);
        if (picked === null) signIn.loginHint = username;
        if (isStsError(account)) return stepPage(sts, signIn, step, account);
        signIn.account = account;
        // Picking the account that the browser is signed in with asks for nothing.
        const session = picked === null || signIn.mustAsk ? undefined : sts.browserSessions.of(request);
        if (session !== undefined && isSame(session.account, account)) resume(signIn, session);
        else signIn.askedAt = sts.clock.now();
      }
      return proceed(sts, signIn);
    },
  };
}

/** Lets the session of the browser answer. */
export function resume(signIn: SignIn, { account, mfaDone, askedAt }: BrowserSession): void {
  signIn.account = account;
  signIn.mfaDone = mfaDone;
  signIn.askedAt = askedAt;
}

function isSame(left: Account, right: Account): boolean {
  return left.tenant.id === right.tenant.id && left.user.id === right.user.id;
}

/** Shows the step that the sign-in has come to, or ends it. */
export function proceed(sts: Sts, signIn: SignIn): Reply {
  const step = nextStep(sts, signIn);
  if (step.kind === 'finished') return finish(sts, signIn, undefined);
  if (step.kind !== 'refused') return stepPage(sts, signIn, step);
  if (!isAboutAccount(step.error)) return finish(sts, signIn, step.error);
  signIn.account = undefined;
  return stepPage(sts, signIn, { kind: 'identify' }, step.error);
}

/** Gives the result to the waiting device or the application's redirect address, and shows the last page. */
export function finish(sts: Sts, signIn: SignIn, error: StsError | undefined): Reply {
  sts.signIns.end(signIn);
  const { purpose, account, mfaDone, askedAt = sts.clock.now() } = signIn;
  if (purpose.kind === 'device_code') {
    const { deviceCode } = purpose;
    if (error?.code === 65004) {
      deviceCode.state = { kind: 'declined' };
      return declinedPage(signIn);
    }
    if (error !== undefined) {
      deviceCode.state = { kind: 'refused', error };
      return refusedPage(signIn, error);
    }
    if (account === undefined) return endedPage();
    deviceCode.state = { kind: 'approved', account, mfaDone, askedAt };
    return donePage(sts, signIn);
  }
  if (error !== undefined) return redirectError(sts, purpose.target, error);
  if (account === undefined) return endedPage();
  const { target } = purpose;
  const code = sts.authorizationCodes.issue({
    account,
    mfaDone,
    clientId: signIn.application.clientId,
    scope: signIn.scope,
    redirectUri: target.redirectUri,
    nonce: target.nonce,
    codeChallenge: target.codeChallenge,
    codeChallengeMethod: target.codeChallengeMethod,
    askedAt,
    tellsAuthTime: target.tellsAuthTime,
  });
  const reply = redirect(target, { code });
  const cookie = sts.browserSessions.start({ account, mfaDone, askedAt });
  return { ...reply, headers: { ...reply.headers, ...cookie } };
}

/** An authorization error response (RFC 6749 section 4.1.2.1). */
export function redirectError(sts: Sts, target: RedirectTarget, error: StsError): Reply {
  const kind: StsErrorKind = stsErrors[error.code];
  const context = { now: sts.clock.now(), correlationId: undefined, authorityOrigin: sts.origin };
  const body = stsErrorBody(error, context);
  const parameters = {
    error: kind.authorizeError ?? kind.error,
    error_description: String(body['error_description']),
    error_uri: String(body['error_uri']),
    ...defined({ error_subcode: kind.suberror, claims: error.claims }),
  };
  return { ...redirect(target, parameters), errorCode: error.code };
}

function redirect(target: RedirectTarget, parameters: Record<string, string>): Reply {
  const all = { ...parameters, ...defined({ state: target.state }) };
  if (target.responseMode === 'form_post') {
    const fields = Object.entries(all).map(
      ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
    );
    const body = html`<form method="post" action="${target.redirectUri}">
      ${fields}
      <p>You are being sent back to the application.</p>
      <div class="actions"><button type="submit">Continue</button></div>
    </form>`;
    return pageReply('Working', body, { formTarget: 'redirect', submitsItself: true });
  }
  const location = new URL(target.redirectUri);
  for (const [name, value] of Object.entries(all)) location.searchParams.set(name, value);
  return { status: 302, headers: { location: location.href, 'cache-control': 'no-store' }, body: '' };
}

function isOpen(sts: Sts, { purpose }: SignIn): boolean {
  if (purpose.kind !== 'device_code') return true;
  const { deviceCode } = purpose;
  return deviceCode.state.kind === 'pending' && !sts.deviceCodes.isExpired(deviceCode);
}

function endedPage(): Reply {
  const body = html`<p>This sign-in has ended or expired. Start it again on the device.</p>`;
  return pageReply('Nothing to sign in to', body, { status: 400 });
}

import type { User } from '../directory-schema.ts';
import { html, pageReply, type Html } from './html.ts';
import type { Reply } from '../http.ts';
import type { SignIn } from './open-sign-ins.ts';
import type { SignInStep } from './sign-ins.ts';
import { sentenceOf, type StsError } from '../sts-errors.ts';
import { signInName } from './token-issuer.ts';
import type { Sts } from './sts.ts';

const maxListedUsers = 20;

/** Asks for a user code. `userCode` is what was typed before, or came with the address. */
export function codePage(userCode: string, problem?: string, status = 200): Reply {
  const body = html` <p>
      Type the code that the application or device shows. Go on only if you started the sign-in yourself.
    </p>
    <form method="post" action="/device">
      ${alert(problem)}
      <label for="user_code">Code</label>
      <input
        id="user_code"
        name="user_code"
        value="${userCode}"
        required
        autofocus
        autocomplete="off"
        autocapitalize="characters"
        spellcheck="false"
        maxlength="32"
        ${described(problem)}
      />
      <div class="actions"><button type="submit">Next</button></div>
    </form>`;
  return pageReply('Enter code', body, { status });
}

/** The page for the step that the sign-in has come to. */
export function stepPage(sts: Sts, signIn: SignIn, step: SignInStep, problem?: StsError): Reply {
  const formTarget = signIn.purpose.kind === 'device_code' ? 'self' : 'redirect';
  const text = problem === undefined ? undefined : problemText(problem);
  const options = {
    formTarget,
    status: problem === undefined ? 200 : 400,
    errorCode: problem?.code,
  } as const;
  switch (step.kind) {
    case 'identify':
      return pageReply('Sign in', identifyBody(sts, signIn, text), options);
    case 'mfa':
      return pageReply(
        'Approve the sign-in',
        stepBody(signIn, step, mfaBody(sts, signIn), 'Approve', 'Deny'),
        options,
      );
    case 'consent':
      return pageReply(
        'Permissions requested',
        stepBody(signIn, step, consentBody(sts, signIn, step.permissions), 'Accept', 'Cancel'),
        options,
      );
    case 'confirm':
      return pageReply(
        `Are you trying to sign in to ${signIn.application.displayName}?`,
        stepBody(signIn, step, confirmBody(sts, signIn), 'Continue', 'Cancel'),
        options,
      );
    case 'refused':
      return refusedPage(signIn, step.error);
    case 'finished':
      return donePage(sts, signIn);
  }
}

export function donePage(sts: Sts, signIn: SignIn): Reply {
  return pageReply(
    'You are signed in',
    html`<p>
      You have signed in to <bdi>${signIn.application.displayName}</bdi> as ${person(sts, signIn)}. You can
      close this window.
    </p>`,
  );
}

export function declinedPage(signIn: SignIn): Reply {
  return pageReply(
    'Sign-in declined',
    html`<p>
      Nobody was signed in to <bdi>${signIn.application.displayName}</bdi>. You can close this window.
    </p>`,
  );
}

export function refusedPage(signIn: SignIn, error: StsError): Reply {
  const body = html`<p class="wrong" role="alert">${problemText(error)}</p>
    <p>Application: <bdi>${signIn.application.displayName}</bdi></p>`;
  return pageReply('You cannot get there from here', body, { status: 403, errorCode: error.code });
}

/** A page for a request that cannot be answered at the application's own address. */
export function errorPage(error: StsError, status = 400): Reply {
  const body = html`<p class="wrong" role="alert">${problemText(error)}</p>`;
  return pageReply('Sorry, the sign-in cannot go on', body, { status, errorCode: error.code });
}

function problemText(error: StsError): string {
  return `${sentenceOf(error)} (AADSTS${error.code})`;
}

function identifyBody(sts: Sts, signIn: SignIn, problem: string | undefined): Html {
  const tenants = signIn.tenant === undefined ? sts.directory.tenants : [signIn.tenant];
  const users = tenants.flatMap((tenant) => [...tenant.users.values()]).slice(0, maxListedUsers);
  return html` <p>To go on to <bdi>${signIn.application.displayName}</bdi>${tenantLabel(signIn)}.</p>
    <form method="post" action="/signin">
      ${hidden(signIn, 'identify')}${alert(problem)}
      <label for="username">User name</label>
      <input
        id="username"
        name="username"
        value="${signIn.loginHint}"
        required
        autofocus
        autocomplete="username"
        spellcheck="false"
        ${described(problem)}
      />
      <label for="password">Password</label>
      <input id="password" name="password" type="password" required autocomplete="current-password" />
      <div class="actions"><button type="submit" name="action" value="continue">Sign in</button></div>
    </form>
    <form method="post" action="/signin">
      ${hidden(signIn, 'identify')}
      <h2>Sign in as a sample user</h2>
      ${users.map((user) => accountButton(sts, user))}
      <div class="actions">
        <button class="quiet" type="submit" name="action" value="cancel">Cancel</button>
      </div>
    </form>`;
}

function accountButton(sts: Sts, user: User): Html {
  return html`<button class="account quiet" type="submit" name="pick" value="${user.id}">
    <bdi>${user.displayName}</bdi><span>${signInName(sts.directory, user)}</span>
  </button> `;
}

function stepBody(signIn: SignIn, step: SignInStep, text: Html, yes: string, no: string): Html {
  return html`${text}
    <form method="post" action="/signin">
      ${hidden(signIn, step.kind)}
      <div class="actions">
        <button type="submit" name="action" value="continue" autofocus>${yes}</button>
        <button class="quiet" type="submit" name="action" value="cancel">${no}</button>
      </div>
    </form>`;
}

function mfaBody(sts: Sts, signIn: SignIn): Html {
  return html`<p>
    A second factor is needed for ${person(sts, signIn)}. This page stands in for the authenticator on the
    phone.
  </p>`;
}

function consentBody(sts: Sts, signIn: SignIn, permissions: string[]): Html {
  return html`<p><bdi>${signIn.application.displayName}</bdi> asks ${person(sts, signIn)} for:</p>
    <ul>
      ${permissions.map((permission) => html`<li>${permission}</li>`)}
    </ul>`;
}

function confirmBody(sts: Sts, signIn: SignIn): Html {
  return html`<p>
    You are signed in as ${person(sts, signIn)}. Go on only if you started this on a device of your own.
  </p>`;
}

function person(sts: Sts, { account }: SignIn): Html | undefined {
  if (account === undefined) return undefined;
  const { user } = account;
  return html`<strong><bdi>${user.displayName}</bdi></strong> (${signInName(sts.directory, user)})`;
}

function tenantLabel(signIn: SignIn): Html | undefined {
  return signIn.tenant === undefined ? undefined : html` at ${signIn.tenant.displayName}`;
}

function hidden(signIn: SignIn, step: SignInStep['kind']): Html {
  return html`<input type="hidden" name="flow" value="${signIn.id}" /><input
      type="hidden"
      name="step"
      value="${step}"
    />`;
}

function alert(problem: string | undefined): Html | undefined {
  return problem === undefined ? undefined : html`<p class="wrong" role="alert" id="problem">${problem}</p>`;
}

function described(problem: string | undefined): Html | undefined {
  return problem === undefined ? undefined : html` aria-invalid="true" aria-describedby="problem"`;
}

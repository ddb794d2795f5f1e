import { encode } from 'uqr';
import type { Check, Enrolment } from '../../main/contract/shapes.ts';
import type { AppState, MfaPrompt, ProviderState, SecondFactor } from '../../main/contract/state.ts';
import { at, contoso, dbeaver, hostileNames, signedIn, signedOut } from './states.ts';

/** As the configuration has them where it sets the one and not the other. */
export const policies: NonNullable<AppState['policies']> = {
  onLock: { value: 'cut', origin: 'organisation' },
  holds: [
    { protocol: 'postgresql', value: '45s', origin: 'built-in' },
    { protocol: 'mysql', value: '8s', origin: 'built-in' },
    { protocol: 'sqlserver', value: '20s', origin: 'person' },
  ],
};

/** Snapshots for providers, second factors and their prompts. */
export const local: ProviderState = {
  name: 'break-glass',
  type: 'local',
  enabled: true,
  tenant: 'local',
  applicationId: '',
  domains: [],
  ways: [],
  hasSecret: false,
};

export const fabrikam: ProviderState = {
  ...contoso,
  name: 'fabrikam',
  tenant: 'fabrikam.example',
  applicationId: '90a8f7e6-d5c2-4f7b-a0e1-6a49c2b83f71',
  domains: ['fabrikam.example', 'fabrikam.test'],
  ways: ['browser', 'device-code'],
  hasSecret: true,
};

export const chain: AppState = {
  ...signedIn,
  providers: [contoso, { ...fabrikam, enabled: false }, local],
};

export const noProvider: AppState = { ...signedOut, providers: [] };

/** The browser comes first, and break-glass accounts are turned on. */
export const browserFirst: AppState = { ...signedOut, providers: [fabrikam, local] };

export const blocked: AppState = {
  ...signedOut,
  signIn: {
    kind: 'signed-out',
    problem: {
      code: 'sign-in-blocked',
      message: 'A Conditional Access policy does not allow signing in with a code.',
      remedy: 'Sign in with the browser instead.',
      entra: { aadsts: 53003, error: 'access_denied' },
    },
    otherWay: { provider: contoso.name, way: 'browser' },
  },
};

export const browser: AppState = {
  ...signedOut,
  signIn: {
    kind: 'browser',
    provider: contoso.name,
    tenant: contoso.tenant,
    applicationId: contoso.applicationId,
    startedAt: at(-1),
    expiresAt: at(4),
  },
};

const prompt: MfaPrompt = {
  kind: 'second-factor',
  username: 'adele.vance@contoso.example',
  mode: 'login',
  id: 'p1',
  connection: 'sales',
  database: 'sales',
  role: 'sales_reader',
  program: 'DBeaver 25.3 - Main',
  process: dbeaver,
  address: '127.0.0.1:51544',
  waiting: 3,
  methods: ['totp', 'push'],
  since: at(-0.5),
  expiresAt: at(2.5),
};
const { process: _known, ...unknownProgram } = prompt;
const secondPrompt: MfaPrompt = {
  ...unknownProgram,
  id: 'p2',
  connection: 'orders',
  database: 'orders',
  role: 'orders_owner',
  program: '',
  address: 'unix',
  waiting: 1,
  methods: ['totp'],
  since: at(-0.25),
};

export const notEnrolled: SecondFactor = {
  totp: { enrolled: false, recoveryCodesLeft: 0 },
  push: { available: true, enrolled: false },
  needed: true,
};
export const enrolled: SecondFactor = {
  totp: { enrolled: true, recoveryCodesLeft: 9 },
  push: { available: true, enrolled: true },
  needed: true,
};

/** The only account has these. */
const having = (secondFactor: SecondFactor): Pick<AppState, 'accounts'> => ({
  accounts: signedIn.accounts.map((one) => ({ ...one, secondFactor })),
});

export const withoutFactor: AppState = { ...signedIn, ...having(notEnrolled) };
export const withFactors: AppState = {
  ...signedIn,
  providers: [contoso, fabrikam, local],
  policies,
  ...having(enrolled),
};
export const withoutPhone: AppState = {
  ...withFactors,
  ...having({ ...enrolled, push: { available: true, enrolled: false } }),
};
export const phoneTest: AppState = {
  ...withFactors,
  ...having({ ...enrolled, push: { available: true, enrolled: false, testNumber: '83' } }),
};
export const lockedOut: AppState = {
  ...withFactors,
  ...having({
    totp: { enrolled: true, recoveryCodesLeft: 2, lockedUntil: at(12) },
    push: { available: false, enrolled: false },
    needed: true,
  }),
};

export const prompted: AppState = { ...withFactors, prompts: [prompt] };
export const twoPrompts: AppState = { ...withFactors, prompts: [prompt, secondPrompt] };
/** One answer lets in logins of three kinds: the prompt of a whole sign-in. */
export const sharedPrompt: AppState = {
  ...withFactors,
  prompts: [
    {
      ...prompt,
      mode: 'session',
      also: [
        { connection: 'orders', role: 'orders_owner', program: 'psql' },
        { connection: 'payroll', role: '', program: '' },
      ],
    },
  ],
};
export const secondPromptOnly: AppState = { ...withFactors, prompts: [secondPrompt] };
export const phoneAsked: AppState = { ...withFactors, prompts: [{ ...prompt, pushNumber: '47' }] };
export const phoneFailed: AppState = {
  ...withFactors,
  prompts: [
    {
      ...prompt,
      methods: ['push'],
      waiting: 0,
      pushProblem: {
        code: 'push-failed',
        message: 'The push server does not answer.',
        remedy: 'Check the network, or answer with a code.',
      },
    },
  ],
};
export const promptWhileLocked: AppState = { ...lockedOut, prompts: [{ ...prompt, methods: ['totp'] }] };
/** A phone alone: the authenticator has been removed. */
export const onlyPhone: AppState = {
  ...withFactors,
  ...having({
    totp: { enrolled: false, recoveryCodesLeft: 0 },
    push: { available: true, enrolled: true },
    needed: true,
  }),
};
export const onlyPhoneAsked: AppState = {
  ...onlyPhone,
  ...having({
    totp: { enrolled: false, recoveryCodesLeft: 0 },
    push: { available: true, enrolled: true, testNumber: '62' },
    needed: true,
  }),
};
export const locked: AppState = { ...signedIn, lockedSince: at(-12) };
export const hostilePrompt: AppState = {
  ...withFactors,
  prompts: [
    {
      ...prompt,
      connection: hostileNames.bidi,
      database: hostileNames.long,
      role: hostileNames.arabic,
      program: hostileNames.html,
      process: {
        pid: 1,
        program: hostileNames.bidi,
        path: hostileNames.long,
        parent: { pid: 2, program: hostileNames.arabic },
      },
      address: hostileNames.emoji,
      also: [{ connection: hostileNames.bidi, role: hostileNames.html, program: hostileNames.long }],
    },
  ],
};

const uri =
  'otpauth://totp/Latchkey:adele.vance%40contoso.example?issuer=Latchkey&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&algorithm=SHA1&digits=6&period=30';
/** As main makes it: error correction M, and the quiet zone in the matrix. */
export const enrolment: Enrolment = {
  uri,
  key: 'JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP',
  qr: encode(uri, { ecc: 'M', border: 4 }).data,
};
const topic = 'latchkey-ask-7k3m9q2x5v8b1n4c6z0w2y4t8r';
export const phoneEnrolment: Enrolment = {
  uri: `ntfy://push.contoso.example/${topic}`,
  key: topic,
  qr: encode(`ntfy://push.contoso.example/${topic}`, { ecc: 'M', border: 4 }).data,
};

export const recoveryCodes = Array.from(
  { length: 10 },
  (_, index) => `7K3M-9Q2X-5V8B-1N4C-6Z0W-${String(index).padStart(4, 'R')}`,
);

export const checks: Check[] = [
  { name: 'connection sales', result: 'ok', message: 'Listening on 127.0.0.1:6432.' },
  {
    name: 'password orders_owner',
    result: 'failed',
    message: 'Not stored: logins of its role are refused.',
    remedy: 'Run: latchkey secret set orders_owner',
  },
  { name: 'keyring', result: 'ok', message: "Secrets are sealed by the system's keychain." },
  {
    name: 'contoso: authority',
    result: 'ok',
    message: 'login.microsoftonline.com answers and knows the tenant.',
  },
  {
    name: 'contoso: application',
    result: 'failed',
    message: 'The application may not use the device code flow.',
    remedy:
      'In the Entra portal open App registrations, the application, Authentication, and set "Allow public client flows" to Yes.',
    aadsts: 7000218,
  },
  {
    name: 'contoso: scopes',
    result: 'warning',
    message: 'User.ReadBasic.All is not granted: other people cannot be looked up by "explain".',
    remedy: 'Add it under API permissions and grant admin consent.',
  },
  { name: 'contoso: application secret', result: 'skipped', message: 'None is stored.' },
];

/** The keyring was locked at the start: with nobody signed in, and after a sign-in that is kept in memory. */
const waitingSeal: AppState['seal'] = {
  kind: 'keychain',
  reason:
    'The keyring of this computer is locked. Unlock it. What is stored counts from then on; until then nothing of it is read or changed.',
  waiting: true,
  canAsk: true,
};
export const keyringLocked: AppState = {
  ...signedOut,
  seal: waitingSeal,
  signIn: {
    kind: 'signed-out',
    problem: { code: 'seal-unavailable', message: 'The keyring of this computer is locked.' },
  },
};
export const keyringLockedLater: AppState = { ...signedIn, seal: waitingSeal };

import type { AppState, ClientPrompt, SignInPrompt } from '../../main/contract/state.ts';
import { withFactors } from './identity-states.ts';
import * as states from './states.ts';

/** Snapshots for logins that wait for a sign-in, and for programs that wait to be allowed. */
const { at, hostileNames } = states;

const signInPrompt: SignInPrompt = {
  kind: 'sign-in',
  id: 'w1',
  connection: 'sales',
  database: 'sales',
  role: '',
  program: 'DBeaver 25.3 - Main',
  process: states.dbeaver,
  address: '127.0.0.1:51544',
  waiting: 3,
  username: 'adele.vance@contoso.example',
  tool: 'DBeaver',
  since: at(-1),
  expiresAt: at(14),
};

export const toolWaits: AppState = { ...states.code, prompts: [signInPrompt] };
export const toolWaitsSignedOut: AppState = { ...states.signedOut, prompts: [signInPrompt] };
export const toolWaitsContacting: AppState = { ...states.contacting, prompts: [signInPrompt] };
export const toolWaitsReading: AppState = { ...states.readingGroups, prompts: [signInPrompt] };
export const toolWaitsBrowser: AppState = {
  ...states.signedOut,
  signIn: {
    kind: 'browser',
    provider: states.contoso.name,
    tenant: states.contoso.tenant,
    applicationId: states.contoso.applicationId,
    startedAt: at(-1),
    expiresAt: at(4),
  },
  prompts: [signInPrompt],
};
export const toolGaveUp: AppState = { ...states.code, prompts: [{ ...signInPrompt, waiting: 0 }] };

const clientPrompt: ClientPrompt = {
  kind: 'client',
  username: 'adele.vance@contoso.example',
  id: 'c1',
  connection: 'sales',
  database: 'sales',
  role: 'sales_reader',
  program: 'DBeaver 25.3 - Main',
  process: states.dbeaver,
  address: '127.0.0.1:51544',
  waiting: 1,
  choices: ['once', 'hour', 'until-lock', 'always'],
  tool: 'DBeaver',
  since: at(-0.5),
  expiresAt: at(2.5),
};
const { process: _process, tool: _tool, ...unnamed } = clientPrompt;
const unknownPrompt: ClientPrompt = {
  ...unnamed,
  id: 'c2',
  connection: 'orders',
  database: 'orders',
  role: 'orders_owner',
  program: 'psql',
  choices: ['once'],
};

export const newProgram: AppState = { ...states.signedIn, prompts: [clientPrompt] };
export const newProgramWithToken: AppState = {
  ...states.signedIn,
  prompts: [
    {
      ...unnamed,
      process: states.psql,
      program: 'psql',
      choices: ['once', 'hour', 'until-lock'],
      address: 'unix',
    },
  ],
};
export const unknownProgram: AppState = { ...states.signedIn, prompts: [unknownPrompt] };
export const programWithoutFile: AppState = {
  ...states.signedIn,
  prompts: [{ ...clientPrompt, process: { pid: 77, program: 'report' }, choices: ['once'], waiting: 0 }],
};
export const twoPrograms: AppState = { ...states.signedIn, prompts: [clientPrompt, unknownPrompt] };
/** A program to allow, and behind it a second factor. */
export const programThenFactor: AppState = {
  ...withFactors,
  prompts: [
    clientPrompt,
    {
      ...unnamed,
      kind: 'second-factor',
      mode: 'login',
      id: 'p9',
      methods: ['totp'],
    },
  ],
};
export const hostileProgram: AppState = {
  ...states.signedIn,
  prompts: [
    {
      ...clientPrompt,
      connection: hostileNames.bidi,
      database: hostileNames.long,
      role: hostileNames.arabic,
      program: hostileNames.html,
      tool: hostileNames.bidi,
      process: {
        pid: 1,
        program: hostileNames.html,
        path: hostileNames.long,
        parent: { pid: 2, program: hostileNames.arabic },
      },
    },
  ],
};

import type { AppState, SignedInAccount } from '../../main/contract/state.ts';
import { enrolled, notEnrolled } from './identity-states.ts';
import * as states from './states.ts';

const { at } = states;
const [first] = states.signedIn.accounts;
if (first === undefined) throw new Error('nobody is signed in');
export const usual: SignedInAccount = { ...first, secondFactor: enrolled };
export const privileged: SignedInAccount = {
  ...usual,
  account: {
    provider: 'Contoso admins',
    tenantId: '5d6e7f80-9a0b-4c1d-8e2f-3a4b5c6d7e8f',
    objectId: '1a2b3c4d-5e6f-4708-9a0b-1c2d3e4f5a6b',
    username: 'adm-adele@contoso.example',
    displayName: 'Adele Vance (admin)',
  },
  groups: [{ id: '7c8d9e0f-1a2b-4c3d-8e4f-5a6b7c8d9e0f', name: 'Server operators' }],
  since: at(-10),
  until: at(50),
  secondFactor: notEnrolled,
};

/** One person with two accounts: both may use the first connection, the privileged one alone the last. */
export const twoAccounts: AppState = {
  ...states.signedIn,
  signIn: { kind: 'signed-in', ...privileged },
  accounts: [usual, privileged],
  connections: states.signedIn.connections.map((connection) => {
    const [group] = privileged.groups;
    if (group === undefined || connection.name === 'orders') return connection;
    const { command, ...rest } = connection;
    const owner = {
      role: `${connection.name}_owner`,
      group,
      tokenLifetimeSeconds: 300,
      objectId: privileged.account.objectId,
      command: `psql "user=${privileged.account.username} dbname=${connection.name}"`,
    };
    const known = connection.grants.map((grant) => ({
      ...grant,
      ...(command === undefined ? {} : { command }),
    }));
    return { ...rest, grants: [...known, owner] };
  }),
};

/** One of them has a problem of its own, and a third has gone by itself. */
export const troubledAccounts: AppState = {
  ...twoAccounts,
  accounts: [
    {
      ...usual,
      problem: {
        code: 'directory-unreachable',
        message: 'Your groups could not be read again: the directory does not answer.',
      },
    },
    privileged,
  ],
  signInProblem: {
    code: 'sign-in-required',
    message: 'carla@fabrikam.example: The sign-in has reached its deadline.',
    remedy: 'Sign in again.',
  },
  chosenAccount: usual.account,
};

import type { ActionHandlers, ActionInput } from '../contract/action-schemas.ts';
import { actions, type AdministeringAction } from '../contract/actions.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { PolicyChange } from '../contract/shapes.ts';
import type { Account } from '../contract/state.ts';
import type { WhichAccount } from '../access/which-account.ts';
import type { LiveSession } from '../session/live-session.ts';
import type { LocalAdministration } from '../local-accounts/administration.ts';
import type { OwnSecondFactor } from '../second-factor/second-factor.ts';
import type { Session } from '../session/session.ts';
import { createAdministration, type Administered } from './administration.ts';
import { connectionActions, type ConnectionAdministration } from './connection-administration.ts';
import type { OrganisationPart } from './organisation.ts';
import { policyActions } from './policies.ts';
import type { ProviderRegistry } from './providers.ts';
import type { BrokerRecord } from './record.ts';
import type { Actor, StepUp } from './step-up.ts';
import type { StoredPasswords } from './stored-passwords.ts';

type Handlers = ActionHandlers<AdministeringAction>;
type Table = {
  [A in AdministeringAction]: Administered<ActionInput<A>, Awaited<ReturnType<Handlers[A]>>>;
};

export interface AdministeredParts {
  providers: ProviderRegistry;
  session: Session;
  accounts: Pick<WhichAccount, 'one'>;
  storedPasswords: StoredPasswords;
  localAdministration: LocalAdministration;
  connections: ConnectionAdministration;
  secondFactor: OwnSecondFactor;
  organisation: Pick<OrganisationPart, 'join' | 'leave'>;
  pruneAudit: BrokerRecord['prune'];
  /** Into the configuration file. */
  writePolicies(change: PolicyChange): Promise<void>;
  /** Makes what has been written into the configuration file count. */
  apply(): Promise<unknown>;
}

/**
 * Everything that changes providers, chain, connections, accounts, secrets or factors, or takes from the audit, which would tell of
 * it. What is new goes in here, and nowhere else.
 */
export function administered(parts: AdministeredParts, stepUp: StepUp): Handlers {
  const { providers, session, storedPasswords, localAdministration, secondFactor } = parts;
  const { organisation, pruneAudit } = parts;
  const andApply = async (change: Promise<void>): Promise<void> => {
    await change;
    await parts.apply();
  };
  const ofPerson = { subject: (_: unknown, actor: Actor) => accountOf(actor()).username };
  const named = { subject: ({ name }: { name: string }) => name };
  const ofAccount = { subject: ({ username }: { username: string }) => username };
  const table: Table = {
    saveProvider: {
      ...named,
      action: 'provider saved',
      detail: (form) => JSON.stringify(form),
      rules: () => ({ firstRun: actions.saveProvider.firstRun }),
      run: (form) => andApply(providers.save(session, form)),
    },
    removeProvider: {
      ...named,
      action: 'provider removed',
      run: ({ name }) => andApply(providers.remove(session, name)),
    },
    setProviderEnabled: {
      ...named,
      action: 'provider turned on or off',
      detail: ({ enabled }) => (enabled ? 'on' : 'off'),
      run: ({ name, enabled }) => andApply(providers.setEnabled(session, name, enabled)),
    },
    setProviderSecret: {
      ...named,
      action: 'application secret changed',
      detail: ({ secret }) => (secret === null ? 'forgotten' : 'set'),
      rules: ({ name, secret }) => ({ isSetUp: async () => secret !== null && !providers.hasSecret(name) }),
      run: ({ name, secret }) => providers.setSecret(name, secret ?? undefined),
    },
    ...connectionActions(parts.connections),
    joinOrganisation: {
      subject: ({ address }) => address,
      action: 'organisation joined',
      rules: () => ({ firstRun: actions.joinOrganisation.firstRun }),
      run: async ({ address, hash }, actor) => ({
        organisation: (await organisation.join(address, hash, actor !== undefined)).payload.organisation,
      }),
    },
    leaveOrganisation: {
      subject: () => 'organisation',
      action: 'organisation left',
      rules: () => ({ firstRun: actions.leaveOrganisation.firstRun }),
      run: async () => ({ organisation: await organisation.leave() }),
    },
    ...policyActions((change) => andApply(parts.writePolicies(change))),
    storeSecret: {
      ...named,
      action: 'secret changed',
      detail: ({ value }) => (value === null ? 'forgotten' : 'set'),
      rules: ({ name, value }) => ({
        isSetUp: async () => value !== null && !(await storedPasswords.isStored(name)),
      }),
      run: ({ name, value }) => storedPasswords.store(name, value ?? undefined),
    },
    addLocalAccount: { ...ofAccount, action: 'local account set up', run: localAdministration.add },
    enrolLocalAccount: {
      ...ofAccount,
      action: 'local account: new authenticator',
      run: ({ username }) => localAdministration.enrol(username),
    },
    removeLocalAccount: {
      ...ofAccount,
      action: 'local account removed',
      run: ({ username }) => localAdministration.remove(username),
    },
    setLocalPassword: {
      ...ofAccount,
      action: 'local account: new password',
      run: ({ username, password }) => localAdministration.setPassword(username, password),
    },
    setLocalEnabled: {
      ...ofAccount,
      action: 'local account turned on or off',
      detail: ({ enabled }) => (enabled ? 'on' : 'off'),
      run: ({ username, enabled }) => localAdministration.setEnabled(username, enabled),
    },
    resetSecondFactor: {
      ...ofPerson,
      action: 'second factor reset',
      rules: () => ({ repeatedSignIn: true }),
      run: (_, actor) => secondFactor.reset(accountOf(actor)),
    },
    enrolTotp: {
      ...ofPerson,
      action: 'authenticator enrolment begun',
      run: (_, actor) => secondFactor.enrolTotp(accountOf(actor)),
    },
    removeTotp: {
      ...ofPerson,
      action: 'authenticator removed',
      run: (_, actor) => secondFactor.removeTotp(accountOf(actor)),
    },
    enrolPush: {
      ...ofPerson,
      action: 'phone enrolment begun',
      run: (_, actor) => secondFactor.enrolPush(accountOf(actor)),
    },
    removePush: {
      ...ofPerson,
      action: 'phone removed',
      run: (_, actor) => secondFactor.removePush(accountOf(actor)),
    },
    pruneAudit: {
      subject: () => 'audit',
      action: 'old audit files taken away',
      detail: (request) => JSON.stringify(request),
      run: ({ before, archive }) => pruneAudit({ before: new Date(before), archive }),
    },
  };
  return createAdministration(table, stepUp, parts.accounts);
}

/** Who does it. @throws LatchkeyError `sign-in-required` where nobody is signed in */
function accountOf(actor: LiveSession | undefined): Account {
  if (actor !== undefined) return actor.account;
  throw new LatchkeyError('sign-in-required', 'Nobody is signed in to Latchkey.', {
    remedy: 'Sign in first.',
  });
}

import { isDeepStrictEqual } from 'node:util';
import { changedMeanwhile, stands } from '../access/standing.ts';
import type { Admitted } from '../access/live-logins.ts';
import type { Token } from '../access/tokens.ts';
import type { AuditEvent } from '../audit/events.ts';
import { auditFault } from '../audit/fault.ts';
import { noted } from '../audit/recorded.ts';
import { createMutex } from '../base/mutex.ts';
import { configurationChanges } from '../config/changes.ts';
import { refuseNewFaults } from '../config/faulty.ts';
import { allWarnings } from '../config/ignored.ts';
import { loadedFrom, type ConfigurationTexts, type Layers } from '../config/load.ts';
import type { Configuration } from '../config/schema.ts';
import { toLogText, toProblem } from '../contract/errors.ts';
import type { Reloaded } from '../contract/shapes.ts';
import type { Gateways } from './gateways.ts';
import type { InForce, Setup } from './in-force.ts';
import type { LoginParts } from './logins.ts';
import type { Services } from './options.ts';
import { sessionSettings, type People } from './people.ts';
import type { Sealed } from './sealed.ts';

export type ReloadHow = Extract<AuditEvent, { event: 'configuration-loaded' }>['how'];

export interface ReloadParts extends Services {
  inForce: InForce;
  sealed: Pick<Sealed, 'handles'>;
  people: People;
  access: Pick<LoginParts, 'logins'>;
  gateways: Gateways;
  /** Ends a handle, with what it has opened. */
  revokeHandle(id: string): Promise<void>;
}

export type Reload = ReturnType<typeof createReload>;

const reason =
  'The configuration of Latchkey has changed, and what let this session in does not stand in it any more.';

/**
 * Makes the configuration file count as it is now. All of it is read, checked and made first, and put on record; a fault
 * leaves everything as it was. Then it counts at once, and what does not stand in it any more is ended: see standing.ts.
 */
export function createReload(parts: ReloadParts) {
  const { inForce, audit, log, people, gateways } = parts;
  const { configurationFile, providers } = people;
  const swap = createSwap(parts);
  const mutex = createMutex();
  const listeners: ((connections: readonly string[]) => void)[] = [];
  /** What this process was started with and cannot change. */
  const { api, metrics } = inForce.configuration;

  /** Keys that differ from what the process runs with, and count after its next start. */
  const needsRestart = (next: Configuration): string[] => [
    ...(next.api.port === api.port ? [] : ['api.port']),
    ...(next.metrics.port === metrics.port ? [] : ['metrics.port']),
  ];

  /** @throws LatchkeyError `config-unreadable`, `config-invalid`: it cannot count */
  async function prepared(texts: ConfigurationTexts) {
    const setup = await inForce.prepare(loadedFrom(texts, configurationFile.path));
    // What runs is never taken away for a fault; what is left out already may stay so.
    refuseNewFaults(setup, inForce.faulty, configurationFile.path);
    return {
      setup,
      takeProviders: providers.prepare(setup.configuration),
      changes: [
        ...configurationChanges(inForce.configuration, setup.configuration),
        ...restrictionChanges(inForce.layers, setup.layers),
      ],
    };
  }

  async function loadAlone(how: ReloadHow): Promise<Reloaded> {
    const { setup, changes, takeProviders } = await prepared(await configurationFile.texts());
    const { configuration, hash } = setup;
    const restart = needsRestart(configuration);
    await audit.append({
      event: 'configuration-loaded',
      hash,
      changes,
      how,
      ...(restart.length === 0 ? {} : { needsRestart: restart }),
    });
    const before = inForce.configuration.connections;
    const { ended, settled } = swap(setup, takeProviders);
    const others = [...before, ...configuration.connections].filter(
      (one) => !(before.includes(one) && configuration.connections.includes(one)),
    );
    for (const then of listeners) then(others.map(({ name }) => name));
    log(`The configuration has been loaded anew. Changed: ${changes.join('; ') || 'nothing'}.`);
    const told = allWarnings(setup);
    for (const warning of told) log(warning);
    for (const { problem } of setup.faulty) log(problem.message);
    await settled;
    const failed = configuration.connections.flatMap(({ name }) => gateways.listeners.failure(name) ?? []);
    return {
      changes,
      ended,
      needsRestart: restart,
      warnings: [
        ...told,
        ...setup.faulty.map(({ problem }) => problem.message),
        ...failed.map(({ connection, problem }) => `Connection "${connection}": ${problem.message}`),
      ],
    };
  }

  return {
    /**
     * One after the other.
     * @throws LatchkeyError `config-unreadable`, `config-invalid` with every fault and its line, `audit-unwritable`: what
     *   counted before goes on
     */
    load: (how: ReloadHow): Promise<Reloaded> =>
      mutex.run(async () => {
        try {
          return await loadAlone(how);
        } catch (error) {
          await noted(audit, { event: 'configuration-refused', how, ...auditFault(toProblem(error)) });
          throw error;
        }
      }),

    /**
     * What {@link load} would do with these texts.
     * @returns the keys that would change, and a count of the database sessions that would end
     * @throws LatchkeyError `config-invalid`, `config-unreadable`
     */
    async preview(texts: ConfigurationTexts): Promise<{ changes: string[]; ends(): number }> {
      const { setup, changes } = await prepared(texts);
      const isLost = lost(inForce.configuration, setup.configuration);
      return { changes, ends: () => endedBy(parts, isLost).length };
    },

    /** @param then gets the names of the connections that have changed, each time when a configuration counts */
    whenLoaded: (then: (connections: readonly string[]) => void): void => void listeners.push(then),

    needsRestart: (): string[] => needsRestart(inForce.configuration),
  };
}

function restrictionChanges(before: Layers, next: Layers): string[] {
  const of = ({ organisation }: Layers) => [
    organisation?.locked.map(({ path }) => path.join('.')) ?? [],
    organisation?.forbid ?? [],
  ];
  return isDeepStrictEqual(of(before), of(next)) ? [] : ['what the organisation locks and forbids'];
}

/** Whether a token, or a login with it, does not stand any more. */
type Lost = (token: Token, login?: Admitted) => boolean;

/** After a change from this configuration to another. */
function lost(before: Configuration, next: Configuration): Lost {
  return (token, login) => {
    const named = ({ connections }: Configuration) =>
      connections.find(({ name }) => name === token.connection);
    const now = named(next);
    if (login !== undefined) {
      const { connection, request, database } = login;
      return !stands({ connection, rule: request.rule, database }, now);
    }
    const connection = named(before);
    if (connection === undefined) return now === undefined;
    const rules = connection.rules.filter(
      ({ role, group }) => role === token.role && group === token.groupId,
    );
    return !rules.some((rule) => stands({ connection, rule }, now));
  };
}

const endedBy = ({ access }: Pick<ReloadParts, 'access'>, isLost: Lost): string[] =>
  access.logins.sessionIds((login) => isLost(login.token, login));

/** Lets a configuration count that has been made. Nothing is waited for before all of it does. */
function createSwap(parts: ReloadParts) {
  const { inForce, changed, log, sealed, people, gateways } = parts;
  const { session, board, secondFactor } = people;

  /** A handle asks the rules at each login; one that no rule can serve any more must not come back with a later one. */
  async function revokeHandles(): Promise<void> {
    const { faulty } = inForce;
    // One that is left out for a fault comes back once it is mended; which one has lost its name, nobody knows.
    const isLeftOut = (connection: string): boolean =>
      faulty.some(({ name, hasName }) => !hasName || name === connection);
    const gone = sealed.handles.list().filter(({ connection, role }) => {
      const now = inForce.connectionNamed(connection);
      if (now === undefined) return !isLeftOut(connection);
      return role !== undefined && !now.rules.some((rule) => rule.role === role);
    });
    for (const { id } of gone) await parts.revokeHandle(id);
  }

  return (
    next: Setup,
    takeProviders: (of: typeof session) => Promise<void>,
  ): { ended: number; settled: Promise<void> } => {
    const isLost = lost(inForce.configuration, next.configuration);
    inForce.replace(next);
    // Before the cuts: whom the gateways let in after this has been decided about by what counts now.
    const listening = gateways.follow();
    const ended = endedBy(parts, isLost).length;
    const revoked = gateways.revocation.revokeWhere(isLost, reason);
    board.dismiss({
      which: ({ connection }) => inForce.connectionNamed(connection) === undefined,
      why: ({ connection }) => changedMeanwhile(connection),
    });
    session.setSettings(sessionSettings(next.configuration));
    changed();
    const steps: Promise<unknown>[] = [
      listening,
      revoked,
      revokeHandles(),
      takeProviders(session),
      ...session.all().map(({ account }) => secondFactor.refresh(account)),
    ];
    const settled = Promise.all(steps.map((step) => step.catch((error: unknown) => log(toLogText(error)))));
    return { ended, settled: settled.then(changed) };
  };
}

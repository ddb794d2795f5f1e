import { fabrikam } from '../../main/demo/tenant/organisation.ts';

/** A configuration file as the edits of the target `reload` make it, and what of it a session stands on. */

export interface Rule {
  group: string;
  role: string;
  password: { stored: string };
  statementTimeout?: string;
  maxSessions?: number;
  tokenLifetime?: string;
  description?: string;
}

export interface Connection {
  name: string;
  title?: string;
  protocol: 'postgresql';
  port: number;
  maxSessions: number;
  askForPrograms: 'never';
  upstream: { host: string; port: number; database: string; connectTimeout?: string; tls: { mode: 'off' } };
  rules: Rule[];
}

/** Numbers from 0 to below 1, the same for the same seed (xorshift32). */
export type Random = () => number;

export function randomNumbers(seed: number): Random {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

export const pick = <Value>(random: Random, values: readonly Value[]): Value => {
  const value = values[Math.floor(random() * values.length)];
  if (value === undefined) throw new Error('nothing to pick from');
  return value;
};

const { staff, dataAnalysts, finance } = fabrikam.groups;
/** Ada is in the first two, and not in the last. */
const groups = [staff, dataAnalysts, finance];
const roles = [
  ['sales_owner', 'sales-owner'],
  ['sales_readonly', 'sales-readonly'],
  ['payroll_clerk', 'payroll-clerk'],
] as const;
const databases = ['sales', 'payroll'];

export interface Place {
  host: string;
  port: number;
  /** Those that connections may have. */
  ports: readonly number[];
}

/** Which rule lets somebody in whom these groups are given, as the file says now. */
export const mine = ({ rules }: Connection): Rule[] => rules.filter(({ group }) => group !== finance);

/**
 * What a session of a rule stands on: told apart here by what is compared, and not by the code that is tested. All but
 * what only counts for the next login.
 */
export function groundOf({ name, upstream }: Connection, rule: Rule): string {
  const { connectTimeout: _next, ...server } = upstream;
  const { maxSessions: _most, tokenLifetime: _token, description: _text, ...grant } = rule;
  return JSON.stringify([name, server, Object.entries(grant).toSorted()]);
}

export function grounds(connections: readonly Connection[]): Set<string> {
  return new Set(connections.flatMap((one) => one.rules.map((rule) => groundOf(one, rule))));
}

function newRule(random: Random): Rule {
  const [role, stored] = pick(random, roles);
  return { group: pick(random, groups), role, password: { stored } };
}

export function newConnection(random: Random, place: Place, taken: readonly Connection[]): Connection {
  const isFree = (port: number): boolean => !taken.some((one) => one.port === port);
  const { host, port } = place;
  const [role, stored] = pick(random, roles);
  return {
    name: `c${Math.floor(random() * 1e6)}`,
    protocol: 'postgresql',
    port: pick(random, place.ports.filter(isFree)),
    maxSessions: 400,
    askForPrograms: 'never',
    upstream: { host, port, database: pick(random, databases), tls: { mode: 'off' } },
    rules: [{ group: staff, role, password: { stored } }],
  };
}

type Edit = (connections: Connection[], random: Random, place: Place) => Connection[];

/** One connection is changed. */
const changed =
  (change: (one: Connection, random: Random, place: Place, all: Connection[]) => Partial<Connection>): Edit =>
  (connections, random, place) => {
    const one = pick(random, connections);
    return connections.with(connections.indexOf(one), {
      ...one,
      ...change(one, random, place, connections),
    });
  };

const ofRule = (change: (rule: Rule, random: Random) => Rule): Edit =>
  changed(({ rules }, random) => {
    const rule = pick(random, rules);
    return { rules: rules.with(rules.indexOf(rule), change(rule, random)) };
  });

/** The most connections that there may be; some ports stay free. */
const most = 6;

export const edits: readonly [string, Edit][] = [
  ['added', (all, random, place) => (all.length >= most ? all : [...all, newConnection(random, place, all)])],
  ['removed', (all, random) => (all.length <= 2 ? all : all.toSpliced(Math.floor(random() * all.length), 1))],
  ['renamed', changed((_one, random) => ({ name: `c${Math.floor(random() * 1e6)}` }))],
  ['titled', changed((_one, random) => ({ title: `Number ${Math.floor(random() * 100)}` }))],
  ['moved', changed((_one, random, place, all) => ({ port: newConnection(random, place, all).port }))],
  [
    'swapped ports',
    (all, random) => {
      const [one, other] = [pick(random, all), pick(random, all)];
      const portOf = (each: Connection): number =>
        each === one ? other.port : each === other ? one.port : each.port;
      return all.map((each) => ({ ...each, port: portOf(each) }));
    },
  ],
  ['turned round', (all) => all.toReversed()],
  ['limited', changed((_one, random) => ({ maxSessions: 300 + Math.floor(random() * 100) }))],
  [
    'led elsewhere',
    changed(({ upstream }, random) => ({ upstream: { ...upstream, database: pick(random, databases) } })),
  ],
  [
    'given more time',
    changed(({ upstream }, random) => ({
      upstream: { ...upstream, connectTimeout: `${10 + Math.floor(random() * 20)}s` },
    })),
  ],
  ['a rule added', changed(({ rules }, random) => ({ rules: [...rules, newRule(random)].slice(-4) }))],
  [
    'a rule removed',
    changed(({ rules }, random) =>
      rules.length === 1 ? {} : { rules: rules.toSpliced(Math.floor(random() * rules.length), 1) },
    ),
  ],
  ['rules turned round', changed(({ rules }) => ({ rules: rules.toReversed() }))],
  ['a group changed', ofRule((rule, random) => ({ ...rule, group: pick(random, groups) }))],
  [
    'a time-out changed',
    ofRule((rule, random) => ({ ...rule, statementTimeout: `${50 + Math.floor(random() * 9)}s` })),
  ],
  ['a rule described', ofRule((rule, random) => ({ ...rule, description: `rule ${random()}` }))],
  [
    'tokens shortened',
    ofRule((rule, random) => ({ ...rule, tokenLifetime: `${5 + Math.floor(random() * 9)}m` })),
  ],
];

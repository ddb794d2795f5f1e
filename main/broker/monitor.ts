import type { AppState } from '../contract/state.ts';
import type { Counted, Counts } from '../fleet/counts.ts';
import { createLoopDelay, type LoopDelay } from '../fleet/event-loop.ts';
import { exposition, type Metric } from '../fleet/exposition.ts';

export interface MonitorParts {
  record: { counts: Counts };
  services: { now(): number };
  closers: { add(close: () => void): void };
  state(): AppState;
}

export interface Health {
  isReady: boolean;
  checks: { name: string; isOk: boolean }[];
}

export type Monitor = ReturnType<typeof createMonitor>;

/** What a fleet watches: numbers without names of people, and whether logins can be let in. */
export function createMonitor({ record: { counts }, services: { now }, closers, state }: MonitorParts) {
  const loopDelay = createLoopDelay();
  closers.add(loopDelay.close);
  return {
    /** In Prometheus' text format. */
    metrics: (): string => exposition(metricsOf(counts, state(), loopDelay.look(), now())),
    health: (): Health => healthOf(state(), now()),
  };
}

/** What would keep every login out. That nobody is signed in is a person's affair, and no fault. */
function healthOf(
  { audit, connections, faultyConnections, seal, sinks = [] }: AppState,
  now: number,
): Health {
  const checks = [
    { name: 'audit', isOk: audit.kind === 'writing' },
    {
      name: 'audit-sinks',
      isOk: !sinks.some(
        ({ failing }) => failing?.refusesFrom !== undefined && Date.parse(failing.refusesFrom) <= now,
      ),
    },
    {
      name: 'listeners',
      isOk:
        faultyConnections === undefined && connections.every(({ listener }) => listener.kind === 'listening'),
    },
    { name: 'seal', isOk: seal.waiting !== true },
  ];
  return { isReady: checks.every(({ isOk }) => isOk), checks };
}

function metricsOf(counts: Counts, state: AppState, delays: LoopDelay[], now: number): Metric[] {
  return [
    gauge('latchkey_build_info', 'The version that runs.', [
      { labels: { version: state.version }, value: 1 },
    ]),
    ...countersOf(counts),
    ...peopleOf(state, now),
    ...auditOf(state, now),
    gauge(
      'latchkey_event_loop_delay_seconds',
      'How late the event loop of the main thread was since the last scrape; quantile 1 is the longest.',
      delays.map(({ quantile, seconds }) => ({ labels: { quantile }, value: seconds })),
    ),
    gauge('process_resident_memory_bytes', 'Memory of the process.', [{ value: process.memoryUsage.rss() }]),
    gauge('process_start_time_seconds', 'When the process began, in seconds since 1970.', [
      { value: Math.round((now - process.uptime() * 1000) / 1000) },
    ]),
  ];
}

function countersOf({ logins, refusals, signIns }: Counts): Metric[] {
  const counter = (name: string, help: string, counted: Counted[]): Metric => ({
    name,
    type: 'counter',
    help,
    samples: counted.map(({ labels, count }) => ({ labels, value: count })),
  });
  return [
    counter('latchkey_logins_total', 'Logins of SQL clients, by protocol and outcome.', logins()),
    counter('latchkey_refusals_total', 'What was refused, by event of the audit and code.', refusals()),
    counter('latchkey_sign_ins_total', 'Sign-ins, by outcome and way.', signIns()),
  ];
}

function peopleOf(
  { accounts, connections, faultyConnections = [], databaseSessions }: AppState,
  now: number,
): Metric[] {
  const protocols = [...new Set(connections.map(({ protocol }) => protocol))];
  const protocolOf = (name: string) => connections.find((connection) => connection.name === name)?.protocol;
  const oldest = (times: string[]): Metric['samples'] =>
    times.length === 0 ? [] : [{ value: Math.max(...times.map((time) => (now - Date.parse(time)) / 1000)) }];
  return [
    gauge(
      'latchkey_database_sessions',
      'Database sessions that are open, by protocol.',
      protocols.map((protocol) => ({
        labels: { protocol },
        value: databaseSessions.filter(({ connection }) => protocolOf(connection) === protocol).length,
      })),
    ),
    gauge('latchkey_accounts', 'Accounts that are signed in.', [{ value: accounts.length }]),
    gauge(
      'latchkey_sign_in_age_seconds',
      'Age of the oldest sign-in.',
      oldest(accounts.map(({ since }) => since)),
    ),
    gauge(
      'latchkey_groups_age_seconds',
      'How long ago groups were read, the longest.',
      oldest(accounts.map(({ groupsReadAt }) => groupsReadAt)),
    ),
    gauge(
      'latchkey_listeners',
      'Listeners of connections, by whether they listen.',
      [true, false].map((listens) => ({
        labels: { state: listens ? 'listening' : 'failed' },
        value:
          connections.filter(({ listener }) => (listener.kind === 'listening') === listens).length +
          (listens ? 0 : faultyConnections.length),
      })),
    ),
  ];
}

function auditOf({ audit, sinks = [] }: AppState, now: number): Metric[] {
  const ofSinks = (value: (sink: (typeof sinks)[number]) => number): Metric['samples'] =>
    sinks.map((sink) => ({ labels: { sink: sink.name }, value: value(sink) }));
  return [
    gauge('latchkey_audit_writable', '1 while the audit can be written.', [
      { value: audit.kind === 'writing' ? 1 : 0 },
    ]),
    gauge(
      'latchkey_audit_sink_behind_records',
      'Records that a log server has not got yet.',
      sinks.flatMap(({ name, behind }) =>
        behind === undefined ? [] : [{ labels: { sink: name }, value: behind }],
      ),
    ),
    gauge(
      'latchkey_audit_sink_failing_seconds',
      'How long a log server has taken nothing; 0 while it does.',
      ofSinks(({ failing }) =>
        failing === undefined ? 0 : Math.max(0, now - Date.parse(failing.since)) / 1000,
      ),
    ),
  ];
}

const gauge = (name: string, help: string, samples: Metric['samples']): Metric => ({
  name,
  type: 'gauge',
  help,
  samples,
});

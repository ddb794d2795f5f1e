import type { UpstreamLogin } from '../ports.ts';
import type { StartupParameters } from './startup.ts';

type RuleSettings = Pick<UpstreamLogin, 'readOnly' | 'statementTimeoutMs' | 'person'>;

export const readOnlySetting = 'default_transaction_read_only';
export const timeoutSetting = 'statement_timeout';

/** The keys of a rule, and the settings that the gateway sends for them. */
function settingsOfRule({
  readOnly,
  statementTimeoutMs,
  person,
}: RuleSettings): [key: string, name: string][] {
  return [
    ...(readOnly === true ? [['readOnly', readOnlySetting] as [string, string]] : []),
    ...(statementTimeoutMs === undefined ? [] : [['statementTimeout', timeoutSetting] as [string, string]]),
    ...(person?.setting === undefined ? [] : [['personSetting', person.setting] as [string, string]]),
  ];
}

/** Data exception, unknown parameter, not to be changed now, syntax of a list. */
const aboutSetting = /^(?:22[0-9A-Z]{3}|42704|42602|42601|55P02)$/;

/**
 * What to do where a refusal is about a setting of this login. Servers and poolers name it; in which of their errors
 * differs: an unknown one is 42704 to PostgreSQL, 08P01 to PgBouncer and 0A000 to RDS Proxy, and 42501 may be about the
 * database as well.
 *
 * @param isIn whether the server had let us in: poolers look at settings before that.
 * @param hint the server's own, which knows more of what a client has sent.
 * @returns undefined where it is about something else.
 */
export function remedyForSetting(
  { sqlState, message }: { sqlState: string; message: string },
  { login, parameters }: { login: RuleSettings; parameters: StartupParameters },
  isIn: boolean,
  hint: string | undefined,
): string | undefined {
  const text = message.toLowerCase();
  const isNamed = (name: string): boolean =>
    [name, name.replaceAll('_', ' ')].some((each) => asWord(each).test(text));
  const ofRule = settingsOfRule(login).find(([, name]) => isNamed(name));
  if (ofRule !== undefined) {
    const [key] = ofRule;
    const remedy = key === 'personSetting' ? personAtServer : limitsAtServer;
    return `The gateway sends this setting for "${key}" of the rule. ${remedy}`;
  }
  const isOfClient =
    (isIn && aboutSetting.test(sqlState)) ||
    parameters.some(([name, value]) => [name, ...namesIn(name, value)].some(isNamed));
  if (!isOfClient || hint !== undefined) return hint;
  return isIn
    ? 'The client sends this setting at login: correct it in its connection settings (its options, or PGOPTIONS).'
    : 'The client sends this setting at login: leave it out of its connection settings, or let the pooler there pass over it (PgBouncer: ignore_startup_parameters).';
}

/** A pooler has connections of before, which it does not set anew for each login. */
export const limitsAtServer =
  'Where a pooler such as PgBouncer stands in between, set it for the role on the server (ALTER ROLE … SET) and let the pooler pass over it (ignore_startup_parameters), or let the connection lead to the server itself.';
const personAtServer =
  'Where a pooler such as PgBouncer stands in between, take it out of the rule, or let the connection lead to the server itself.';

function asWord(name: string): RegExp {
  return new RegExp(`(?<![\\w.])${name.toLowerCase().replaceAll(/[^\w ]/g, '\\$&')}(?![\\w.])`);
}

/** What `options` sets: "-c name=value" and "--name=value", where a dash stands for an underscore. */
function namesIn(name: string, value: string): string[] {
  if (name !== 'options') return [];
  return [...value.matchAll(/(?:^|\s)(?:-c\s*|--)([\w.-]+)=/g)].map(([, each = '']) =>
    each.replaceAll('-', '_'),
  );
}

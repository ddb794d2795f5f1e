import type { ConnectionSettings } from '../config/schema.ts';
import type { Explanation, Reason } from '../contract/explanation.ts';
import { LatchkeyError, toProblem } from '../contract/errors.ts';
import type { Account, Group } from '../contract/state.ts';
import { isOpen, limitsText } from './limits.ts';
import { timesText } from './times.ts';
import { routeSignIn, type Route } from '../session/chain.ts';
import type { LiveSession } from '../session/live-session.ts';

export interface Facts {
  username: string;
  connection: ConnectionSettings;
  route: Route;
  /** Whether the account is signed in, and until when; else who is, undefined while nobody is. */
  session: { username: string; until: string } | undefined;
  /** The person's groups, or why they are not known: then nobody is let in. */
  groups: { known: true; groups: readonly Group[]; source: string } | { known: false; because: string };
  /** Whether the person has set up an own second factor; undefined where that is not known. */
  enrolled: boolean | undefined;
  /** Ms since 1970. */
  now: number;
}

/** Why a person may or may not use a connection: every chain step, group and rule that had a say. Pure. */
export function explain({ username, connection, route, session, groups, enrolled, now }: Facts): Explanation {
  const reasons: Reason[] = route.steps.map(({ provider, answer, because }) => ({
    step: 'chain',
    effect: 'info',
    text: `${provider}: ${answer === 'mine' ? 'mine' : 'not mine'}, ${because}`,
  }));
  const add = (step: Reason['step'], effect: Reason['effect'], text: string): void =>
    void reasons.push({ step, effect, text });
  const denied = (text: string): Explanation => {
    add('verdict', 'denies', text);
    return { username, connection: connection.name, allowed: false, roles: [], reasons };
  };
  if (route.provider === undefined) {
    return denied(
      'No provider of the authentication chain takes this name, and the end of the chain denies.',
    );
  }
  const isSignedIn = session?.username.toLowerCase() === username.toLowerCase();
  if (isSignedIn) add('session', 'allows', `signed in until ${session?.until}`);
  else if (session === undefined) add('session', 'denies', 'nobody is signed in now');
  else add('session', 'denies', `somebody else is signed in now (${session.username})`);
  if (!groups.known) return denied(`The groups are not known (${groups.because}), and unknown counts as no.`);
  add('groups', 'info', `${groups.groups.length} groups, ${groups.source}`);

  const held = new Map(groups.groups.map((group) => [group.id.toLowerCase(), group]));
  const roles: string[] = [];
  let open = false;
  /** Roles that an earlier rule gives in every database and at any time. */
  const everywhere = new Set<string>();
  let asksFactor = false;
  for (const [index, rule] of connection.rules.entries()) {
    const group = held.get(rule.group);
    const name = group?.name || rule.description || rule.group;
    const only = rule.databases === undefined ? '' : ` in ${rule.databases.join(', ')}`;
    const where = `rule ${index + 1} (group ${name} → role ${rule.role}${only})`;
    if (group === undefined) add('rule', 'info', `${where}: not in the group ${rule.group}`);
    else if (everywhere.has(rule.role))
      add('rule', 'info', `${where}: an earlier rule already gives this role`);
    else {
      if (!roles.includes(rule.role)) roles.push(rule.role);
      if (rule.databases === undefined && rule.times === undefined) everywhere.add(rule.role);
      asksFactor ||= rule.mfa !== 'never';
      add('rule', 'allows', where);
      if (rule.mfa !== 'never') reasons.push(factorReason(rule.mfa, enrolled));
      const limits = limitsText(rule);
      if (limits !== '') add('rule', 'info', `limits: ${limits}`);
      if (isOpen(rule, now)) open = true;
      else add('rule', 'denies', `closed now: ${timesText(rule.times ?? [])}`);
    }
  }
  if (roles.length === 0) return denied('None of the groups opens this connection.');
  if (!open) return { ...denied('None of the rules is open at this time.'), roles };
  if (!isSignedIn)
    return { ...denied(`The groups would give ${roles.join(', ')}, but a sign-in is needed first.`), roles };
  if (
    asksFactor &&
    enrolled === false &&
    connection.rules.every((rule) => !roles.includes(rule.role) || rule.mfa !== 'never')
  ) {
    return { ...denied('The second factor has to be set up first.'), roles };
  }
  add('verdict', 'allows', `May use "${connection.name}" as ${roles.join(', ')}.`);
  return { username, connection: connection.name, allowed: true, roles, reasons };
}

function factorReason(demand: 'session' | 'login', enrolled: boolean | undefined): Reason {
  const when = demand === 'session' ? 'once for each sign-in' : 'for each login';
  if (enrolled === undefined) return { step: 'second-factor', effect: 'info', text: `asked ${when}` };
  return enrolled
    ? { step: 'second-factor', effect: 'info', text: `asked ${when}; it has been set up` }
    : { step: 'second-factor', effect: 'denies', text: `asked ${when}; it has not been set up yet` };
}

export interface ExplanationOptions {
  connectionNamed(name: string): ConnectionSettings;
  /** In the order of the chain. */
  providers(): Parameters<typeof routeSignIn>[0];
  /** Whether this person has set up a second factor of Latchkey's own. */
  isEnrolled(account: Account): Promise<boolean>;
  /** The accounts that are signed in now. */
  sessions(): readonly LiveSession[];
  /** Groups of somebody who is not signed in; `as` is an account of the same provider that is. */
  groupsOf(
    provider: string,
    username: string,
    as: Account | undefined,
  ): Promise<{ groups: Group[]; source: string } | undefined>;
}

/**
 * Gathers the facts for `explain`: the chain's route, who is signed in, the groups, the second factor.
 * @param subject `<sign-in name>@<connection>`; the sign-in name may have an "@" itself
 * @throws LatchkeyError `request-invalid`, `connection-unknown`
 */
export async function explainAccess(subject: string, options: ExplanationOptions): Promise<Explanation> {
  const at = subject.lastIndexOf('@');
  const [username, name] = [subject.slice(0, at), subject.slice(at + 1)];
  if (at < 1 || name === '') {
    throw new LatchkeyError('request-invalid', `"${subject}" names no person and connection.`, {
      remedy: 'Write <sign-in name>@<connection>, for example ada@fabrikam.com@sales.',
    });
  }
  const connection = options.connectionNamed(name);
  const route = await routeSignIn(options.providers(), username);
  const sessions = options.sessions();
  const named = sessions.filter(({ account }) => account.username.toLowerCase() === username.toLowerCase());
  const live = named.find(({ provider }) => provider === route.provider) ?? named[0];
  return explain({
    username,
    connection,
    now: Date.now(),
    route,
    session: sessionFact(live, sessions),
    groups:
      live !== undefined
        ? { known: true, groups: live.groups, source: `read ${new Date(live.groupsReadAt).toISOString()}` }
        : await lookUp(),
    enrolled: live !== undefined ? await options.isEnrolled(live.account) : undefined,
  });

  async function lookUp() {
    if (route.provider === undefined) return { known: false as const, because: 'no provider was asked' };
    try {
      const found = await options.groupsOf(
        route.provider,
        username,
        sessions.find(({ provider }) => provider === route.provider)?.account,
      );
      if (found !== undefined) return { known: true as const, ...found };
      return {
        known: false as const,
        because: `somebody else's groups take an application secret for "${route.provider}", or somebody who is signed in with it`,
      };
    } catch (error) {
      return { known: false as const, because: toProblem(error).message };
    }
  }
}

function sessionFact(live: LiveSession | undefined, all: readonly LiveSession[]): Facts['session'] {
  const who = live === undefined ? all : [live];
  const [shown] = who;
  if (shown === undefined) return undefined;
  return {
    username: who.map(({ account }) => account.username).join(', '),
    until: new Date(shown.until).toISOString(),
  };
}

import type { ConnectionSettings } from '../config/schema.ts';
import type { Explanation, Reason } from '../contract/explanation.ts';
import type { Group } from '../contract/state.ts';
import type { Route } from '../identity/chain.ts';

export interface Facts {
  username: string;
  connection: ConnectionSettings;
  route: Route;
  /** Who is signed in now, and until when; undefined while nobody is. */
  session: { username: string; until: string } | undefined;
  /** The person's groups, or why they are not known: then nobody is let in. */
  groups: { known: true; groups: readonly Group[]; source: string } | { known: false; because: string };
  /** Whether the person has set up an own second factor; undefined where that is not known. */
  enrolled: boolean | undefined;
}

/** Why a person may or may not use a connection: every chain step, group and rule that had a say. Pure. */
export function explain({ username, connection, route, session, groups, enrolled }: Facts): Explanation {
  const reasons: Reason[] = route.steps.map(({ provider, answer, because }) => ({
    step: 'chain',
    effect: 'info',
    text: `${provider}: ${answer === 'mine' ? 'mine' : 'not mine'}, ${because}`,
  }));
  const denied = (text: string): Explanation => {
    reasons.push({ step: 'verdict', effect: 'denies', text });
    return { username, connection: connection.name, allowed: false, roles: [], reasons };
  };
  if (route.provider === undefined) {
    return denied(
      'No provider of the authentication chain takes this name, and the end of the chain denies.',
    );
  }
  const isSignedIn = session?.username.toLowerCase() === username.toLowerCase();
  reasons.push(
    isSignedIn
      ? { step: 'session', effect: 'allows', text: `signed in until ${session?.until}` }
      : {
          step: 'session',
          effect: 'denies',
          text:
            session === undefined
              ? 'nobody is signed in now'
              : `somebody else is signed in now (${session.username})`,
        },
  );
  if (!groups.known) return denied(`The groups are not known (${groups.because}), and unknown counts as no.`);
  reasons.push({ step: 'groups', effect: 'info', text: `${groups.groups.length} groups, ${groups.source}` });

  const held = new Map(groups.groups.map((group) => [group.id.toLowerCase(), group]));
  const roles: string[] = [];
  let asksFactor = false;
  for (const [index, rule] of connection.rules.entries()) {
    const group = held.get(rule.group);
    const name = group?.name || rule.description || rule.group;
    const where = `rule ${index + 1} (group ${name} → role ${rule.role})`;
    if (group === undefined)
      reasons.push({ step: 'rule', effect: 'info', text: `${where}: not in the group ${rule.group}` });
    else if (roles.includes(rule.role))
      reasons.push({
        step: 'rule',
        effect: 'info',
        text: `${where}: an earlier rule already gives this role`,
      });
    else {
      roles.push(rule.role);
      asksFactor ||= rule.mfa !== 'never';
      reasons.push({ step: 'rule', effect: 'allows', text: where });
      if (rule.mfa !== 'never') reasons.push(factorReason(rule.mfa, enrolled));
    }
  }
  if (roles.length === 0) return denied('None of the groups opens this connection.');
  if (!isSignedIn)
    return { ...denied(`The groups would give ${roles.join(', ')}, but a sign-in is needed first.`), roles };
  if (
    asksFactor &&
    enrolled === false &&
    connection.rules.every((rule) => !roles.includes(rule.role) || rule.mfa !== 'never')
  ) {
    return { ...denied('The second factor has to be set up first.'), roles };
  }
  reasons.push({
    step: 'verdict',
    effect: 'allows',
    text: `May use "${connection.name}" as ${roles.join(', ')}.`,
  });
  return { username, connection: connection.name, allowed: true, roles, reasons };
}

function factorReason(demand: 'session' | 'login', enrolled: boolean | undefined): Reason {
  const when = demand === 'session' ? 'once for each sign-in' : 'for each login';
  if (enrolled === undefined) return { step: 'second-factor', effect: 'info', text: `asked ${when}` };
  return enrolled
    ? { step: 'second-factor', effect: 'info', text: `asked ${when}; it has been set up` }
    : { step: 'second-factor', effect: 'denies', text: `asked ${when}; it has not been set up yet` };
}

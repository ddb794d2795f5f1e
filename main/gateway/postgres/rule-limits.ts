import { upstreamName } from '../dial.ts';
import type { UpstreamAddress, UpstreamLogin } from '../ports.ts';
import { type Refused, refused, sqlStates } from '../refused.ts';
import { ask } from './session-attrs.ts';
import { limitsAtServer, readOnlySetting, timeoutSetting } from './settings-at-login.ts';
import type { UpstreamTalk } from './upstream-talk.ts';

/**
 * Looks whether the session has the limits of its rule. A pooler may be told to pass over settings that it does not know,
 * and then nobody else notices that they are not there.
 *
 * @param told what the server has said of itself at login.
 * @returns the refusal where a limit is not in force.
 */
export async function missingLimit(
  talk: UpstreamTalk,
  told: ReadonlyMap<string, string>,
  { readOnly, statementTimeoutMs }: Pick<UpstreamLogin, 'readOnly' | 'statementTimeoutMs'>,
  address: UpstreamAddress,
): Promise<Refused | undefined> {
  const missing = (key: string, is: string): Refused =>
    refused(sqlStates.rejectedByUpstream, {
      code: 'upstream-login-failed',
      message: `The rule has "${key}" for this session, and what answers at ${upstreamName(address)} has passed over it: ${is}.`,
      remedy: limitsAtServer,
    });
  if (readOnly === true) {
    const value = told.get(readOnlySetting) ?? (await ask(talk, `show ${readOnlySetting}`));
    if (value !== 'on')
      return missing('readOnly', `${readOnlySetting} is ${value === 'off' ? 'off' : 'unknown'}`);
  }
  if (statementTimeoutMs !== undefined) {
    const ms = milliseconds(await ask(talk, `show ${timeoutSetting}`));
    if (!(ms > 0 && ms <= statementTimeoutMs))
      return missing('statementTimeout', `${timeoutSetting} is ${Number.isNaN(ms) ? 'unknown' : `${ms} ms`}`);
  }
  return undefined;
}

const units: Record<string, number> = { '': 1, ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** As the server shows a time: "Parameter Names and Values". @returns NaN for what is none. */
function milliseconds(shown: string): number {
  const [, number = '', unit = ''] = /^(\d{1,10}) ?([a-z]*)$/.exec(shown) ?? [];
  return number === '' ? Number.NaN : Number(number) * (units[unit] ?? Number.NaN);
}

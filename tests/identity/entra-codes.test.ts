import { describe, expect, it } from 'vitest';
import { errorCodes } from '../../main/contract/errors.ts';
import { problem } from '../../main/contract/state.ts';
import { toProblem } from '../../main/contract/errors.ts';
import { stsErrors } from '../../main/demo/tenant/sts-errors.ts';
import { explainFault, explainRefreshFault } from '../../main/identity/entra-codes.ts';
import { entraGuidance } from '../../main/identity/entra-guidance.ts';
import { isConsentMissing, isGrantDead, readFault } from '../../main/identity/entra-fault.ts';

/** The codes that a person must be told how to fix, and the code of ours that each must lead to. */
const promised = [
  [70016, 'sign-in-required'],
  [70018, 'code-expired'],
  [70020, 'code-expired'],
  [7000218, 'sign-in-refused', /Allow public client flows/],
  [700016, 'application-unknown', /App registrations/],
  [90002, 'tenant-unknown', /tenant id/],
  [65001, 'sign-in-refused', /Grant admin consent/],
  [50105, 'sign-in-refused', /Users and groups/],
  [53003, 'sign-in-blocked', /browser.*Conditional Access/],
  [53000, 'sign-in-blocked', /managed device/],
  [530036, 'sign-in-blocked', /browser/],
  [50076, 'sign-in-required', /second factor/],
  [50057, 'account-disabled', /Account enabled/],
  [50173, 'sign-in-required'],
  [700081, 'sign-in-required'],
  [700082, 'sign-in-required'],
  [7000215, 'sign-in-refused', /New client secret/],
  [50020, 'wrong-tenant', /Invite external user/],
] as const;

describe('guidance by AADSTS number', () => {
  it.each(promised)('%i leads to %s and says what to do', (aadsts, code, remedy = /\S/) => {
    const error = explainFault({ aadsts, error: 'invalid_grant', traceId: 't-1' });
    expect(error.code).toBe(code);
    expect(error.remedy).toMatch(remedy);
    expect(error.entra).toEqual({ aadsts, error: 'invalid_grant', traceId: 't-1' });
    expect(problem.parse(toProblem(error))).toEqual(toProblem(error));
  });

  it.each(Object.entries(entraGuidance))('%s has whole sentences of its own', (_number, guidance) => {
    expect(errorCodes).toContain(guidance.code);
    for (const text of [guidance.message, guidance.remedy]) {
      expect(text).toMatch(/^[A-Z].{8,}\.$/s);
      expect(text).not.toMatch(/AADSTS|\{\}|undefined/);
    }
  });

  it('shows number and trace id of a number that nobody knows', () => {
    const error = explainFault({ aadsts: 135011, error: 'invalid_request', traceId: 'ab-12' });
    expect(error.code).toBe('sign-in-refused');
    expect(error.message).toContain('AADSTS135011');
    expect(error.message).toContain('ab-12');
    expect(error.remedy).toContain('https://login.microsoftonline.com/error?code=135011');
  });

  it('keeps text of the server out of the sentence where it is no plain id', () => {
    const error = explainFault({ error: '<b>evil</b>', traceId: 'x\u202ey' });
    expect(error.message).toBe('Entra ID refused the sign-in.');
  });

  it.each([
    ['authorization_declined', 'sign-in-declined'],
    ['expired_token', 'code-expired'],
    ['bad_verification_code', 'code-expired'],
  ])('understands %s without a number', (error, code) => {
    expect(explainFault({ error }).code).toBe(code);
  });
});

describe('refusals of a silent renewal', () => {
  const invalidGrants = Object.entries(stsErrors).filter(([, { error }]) => error === 'invalid_grant');

  it.each([...invalidGrants.map(([number]) => Number(number)), 7_654_321, undefined])(
    'invalid_grant with number %s asks for a new sign-in',
    (aadsts) => {
      const fault = aadsts === undefined ? { error: 'invalid_grant' } : { aadsts, error: 'invalid_grant' };
      const { code } = explainRefreshFault(fault);
      const isAboutAccount = [50034, 50057, 500341].includes(aadsts ?? 0);
      expect(code).toBe(isAboutAccount ? 'account-disabled' : 'sign-in-required');
    },
  );

  it('keeps the code of what is no matter of the person', () => {
    expect(explainRefreshFault({ aadsts: 7000218, error: 'invalid_client' }).code).toBe('sign-in-refused');
    expect(explainRefreshFault({ aadsts: 700016, error: 'unauthorized_client' }).code).toBe(
      'application-unknown',
    );
  });

  it('tells a dead refresh token from a request that a policy refuses', () => {
    for (const aadsts of [50173, 700081, 700082, 50057, 70000, 7_654_321]) {
      expect(isGrantDead({ aadsts, error: 'invalid_grant' }), String(aadsts)).toBe(true);
    }
    for (const aadsts of [65001, 53003, 53000, 530036, 50076, 50105]) {
      expect(isGrantDead({ aadsts, error: 'invalid_grant' }), String(aadsts)).toBe(false);
    }
    expect(isGrantDead({ error: 'invalid_grant' })).toBe(true);
    expect(isGrantDead({ error: 'temporarily_unavailable' })).toBe(false);
    expect(isConsentMissing({ error: 'invalid_grant', suberror: 'consent_required' })).toBe(true);
  });
});

describe('reading an error body', () => {
  const body = {
    error: 'invalid_grant',
    error_description: 'AADSTS50173: for ada@contoso.example. Trace ID: t Correlation ID: c',
    error_codes: [50173, 1],
    timestamp: '2026-01-01 00:00:00Z',
    trace_id: 't',
    correlation_id: 'c',
    suberror: 'bad_token',
    claims: '{"access_token":{}}',
  };

  it('takes numbers and ids and leaves the description, which names people', () => {
    const fault = readFault(body);
    expect(fault).toEqual({
      aadsts: 50173,
      error: 'invalid_grant',
      suberror: 'bad_token',
      claims: '{"access_token":{}}',
      traceId: 't',
      correlationId: 'c',
    });
    expect(JSON.stringify(fault)).not.toContain('ada@');
  });

  it('finds the number in the description where the list is missing', () => {
    expect(readFault({ error: 'x', error_description: 'AADSTS90002: no' })?.aadsts).toBe(90002);
  });

  it('takes a body without an error for none, and ill-typed fields for absent ones', () => {
    expect(readFault({ access_token: 'a' })).toBeUndefined();
    expect(readFault({ message: 'unavailable' })).toBeUndefined();
    expect(readFault({ error: 'x', error_codes: ['70016'], trace_id: 7 })).toEqual({ error: 'x' });
  });
});

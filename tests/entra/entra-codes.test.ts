import { describe, expect, it } from 'vitest';
import { errorCodes, LatchkeyError, toProblem } from '../../main/contract/errors.ts';
import { problem } from '../../main/contract/sign-in-state.ts';
import { stsErrors } from '../../main/demo/tenant/sts-errors.ts';
import { blocked } from '../../main/session/blocked.ts';
import { endsSession } from '../../main/session/ending.ts';
import { explainFault, explainRefreshFault } from '../../main/entra/entra-codes.ts';
import { entraGuidance } from '../../main/entra/entra-guidance.ts';
import { readAnswerFault, readAuthorizeFault, readFault } from '../../main/entra/entra-fault.ts';
import { isConsentMissing, isGrantDead, verdictOf } from '../../main/session/entra-verdicts.ts';

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
    const { message, remedy, browser } = guidance;
    for (const text of [message, remedy, ...(browser ? [browser.message, browser.remedy] : [])]) {
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

describe('a sign-in through the browser', () => {
  it.each(Object.keys(entraGuidance).map(Number))('%i is not answered with the browser', (aadsts) => {
    const { code, message, remedy } = explainFault({ aadsts }, 'browser');
    expect(code).toBe(explainFault({ aadsts }).code);
    // The registration's switch is called so; everything else about device codes would puzzle.
    expect(`${message} ${remedy}`).not.toMatch(/device code|through the browser/i);
  });

  it('reads the parameters that come back', () => {
    const description =
      'AADSTS50105: ada@x. Trace ID: 0a1b2c3d-0000-4000-8000-000000000001 Correlation ID: no-guid';
    const parameters = new URLSearchParams({ error: 'access_denied', error_description: description });
    expect(readAuthorizeFault(parameters)).toEqual({
      aadsts: 50105,
      error: 'access_denied',
      traceId: '0a1b2c3d-0000-4000-8000-000000000001',
    });
    expect(readAuthorizeFault(new URLSearchParams('error='))).toEqual({});
  });
});

describe('the other way', () => {
  it.each([53003, 530036, 50097, 530035, 530032, 530033, 53000, 53001, 50129, 530003, 7000218])(
    'is offered after %i by device code',
    (aadsts) => {
      expect(blocked({ entra: { aadsts } })).toBe(true);
      expect(blocked(explainFault({ aadsts }))).toBe(true);
    },
  );

  it.each([50057, 50020, 65001, 65004, 50105, 700016, 90002, 70020, 50076, 7000215])(
    'is not offered after %i',
    (aadsts) => {
      expect(blocked({ entra: { aadsts } })).toBe(false);
      expect(blocked({ entra: { aadsts } }, 'browser')).toBe(false);
    },
  );

  it('is a device code only where the policy may be about the flow or the place', () => {
    const offered = Object.keys(entraGuidance).filter((number) =>
      blocked({ entra: { aadsts: Number(number) } }, 'browser'),
    );
    expect(offered).toEqual(['53003', '530036']);
  });

  it('is not offered for what is no answer of Entra ID', () => {
    expect(blocked(new LatchkeyError('authority-unreachable', 'No network.'))).toBe(false);
    expect(blocked({})).toBe(false);
    expect(blocked({ entra: {} })).toBe(false);
  });

  it.each(Object.entries(entraGuidance).filter(([, { code }]) => code === 'sign-in-blocked'))(
    '%s: what blocks is in the list',
    (number) => {
      expect(blocked({ entra: { aadsts: Number(number) } })).toBe(true);
    },
  );
});

describe('what ends a session', () => {
  it('is what authority or directory said no with, and nothing that is unknown', () => {
    expect([...endsSession].toSorted()).toEqual([
      'account-disabled',
      'application-unknown',
      'sign-in-blocked',
      'sign-in-refused',
      'sign-in-required',
      'tenant-unknown',
      'wrong-account',
      'wrong-tenant',
    ]);
  });

  it.each(['temporarily_unavailable', 'server_error'])('a passing fault is none: %s', (error) => {
    for (const fault of [{ error }, { error, aadsts: 90033 }, { error, aadsts: 90024 }]) {
      expect(explainRefreshFault(fault).code).toBe('authority-unreachable');
      expect(endsSession.has(explainRefreshFault(fault).code)).toBe(false);
    }
  });

  it.each([
    [700016, 'unauthorized_client'],
    [7000112, 'unauthorized_client'],
    [90002, 'invalid_tenant'],
    [7000218, 'invalid_client'],
    [50057, 'invalid_grant'],
    [50105, 'invalid_grant'],
    [7_654_321, 'invalid_grant'],
  ])('an administrator or the authority has ended it: %i', (aadsts, error) => {
    expect(endsSession.has(explainRefreshFault({ aadsts, error }).code)).toBe(true);
  });
});

describe('refusals of a silent renewal', () => {
  const invalidGrants = Object.entries(stsErrors).filter(
    ([number, { error }]) => error === 'invalid_grant' && number !== '50196',
  );

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

  it.each([50196, 90006, 90033])('%i only asks to come later, and ends nothing', (aadsts) => {
    const error = explainRefreshFault({ aadsts, error: 'invalid_grant' });
    expect(error.code).toBe('authority-unreachable');
    expect(endsSession.has(error.code)).toBe(false);
    expect(isGrantDead(error.entra)).toBe(false);
  });

  it.each([50078, 50131, 53009, 53010, 53011, 70043, 70044, 500121, 530084])(
    '%i is a policy against what was asked for, and leaves the grant',
    (aadsts) => {
      const fault = { aadsts, error: 'invalid_grant' };
      expect(verdictOf(fault)).toBe('resource-refused');
      expect(isGrantDead(fault)).toBe(false);
      expect(explainRefreshFault(fault).message).not.toContain('AADSTS');
    },
  );

  it('goes by the suberror where the number is new', () => {
    expect(isGrantDead({ error: 'invalid_grant', suberror: 'bad_token' })).toBe(true);
    expect(isGrantDead({ error: 'invalid_grant', suberror: 'basic_action', aadsts: 7_654_321 })).toBe(false);
  });

  it('is none where it is no answer of an authority', () => {
    expect(readAnswerFault(404, { error: 'not_found' })).toBeUndefined();
    expect(readAnswerFault(404, { error: 'invalid_grant', error_codes: [50173] })).toBeUndefined();
    expect(readAnswerFault(401, { error: 'unauthorized' })).toBeUndefined();
    expect(readAnswerFault(403, { error: 'access_denied' })).toBeUndefined();
    expect(readAnswerFault(400, { error: { code: 'x' } })).toBeUndefined();
    expect(readAnswerFault(400, { error: 'invalid_grant' })).toEqual({ error: 'invalid_grant' });
    expect(readAnswerFault(401, { error: 'invalid_client' })).toEqual({ error: 'invalid_client' });
    // An error of OAuth that says nothing about the sign-in.
    expect(endsSession.has(explainRefreshFault({ error: 'invalid_request' }).code)).toBe(false);
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

import { describe, expect, it } from 'vitest';
import {
  compileTemplate,
  defaultMailTemplate,
  type MailValues,
  mailVariables,
} from '../../main/mail/template.ts';

const values = Object.fromEntries(mailVariables.map((name) => [name, `<${name}> & "x"`])) as MailValues;
const minimal = { subject: 'Code', text: '{{code}}' };

const problemOf = (template: Parameters<typeof compileTemplate>[0]): unknown => {
  try {
    compileTemplate(template);
    return undefined;
  } catch (error) {
    return error;
  }
};

describe('template of mailed codes', () => {
  it('fills variables, as they are in the text and escaped in the HTML', () => {
    const fill = compileTemplate({
      subject: 'For {{host}}',
      text: '{{code}} {{ program }}{{code}}',
      html: '<p title="{{host}}">{{code}}</p>',
    });
    expect(fill(values)).toEqual({
      subject: 'For <host> & "x"',
      text: '<code> & "x" <program> & "x"<code> & "x"',
      html: '<p title="&lt;host&gt; &amp; &quot;x&quot;">&lt;code&gt; &amp; &quot;x&quot;</p>',
    });
  });

  it('does not read a value as a template', () => {
    const fill = compileTemplate({ subject: 's', text: '{{host}} {{code}}' });
    expect(fill({ ...values, host: '{{link}} $& $1', code: 'C' }).text).toBe('{{link}} $& $1 C');
  });

  it('has no HTML part where none is given', () => {
    expect(compileTemplate(minimal)(values)).toEqual({ subject: 'Code', text: '<code> & "x"' });
  });

  it('names an unknown variable, its part and the known ones', () => {
    expect(problemOf({ ...minimal, text: '{{code}} {{usr_code}}' })).toMatchObject({
      code: 'config-invalid',
      message: 'The text part of the mail template names {{usr_code}}, which is unknown.',
      remedy: expect.stringContaining('{{code}}, {{link}}') as string,
    });
    expect(problemOf({ ...minimal, html: '{{code}}{{__proto__}}' })).toMatchObject({
      message: 'The html part of the mail template names {{__proto__}}, which is unknown.',
    });
    expect(problemOf({ ...minimal, subject: '{{}}' })).toMatchObject({ code: 'config-invalid' });
  });

  it.each([
    ['braces that do not close', { ...minimal, text: '{{code}} {{host' }],
    ['braces that were never opened', { ...minimal, text: '{{code}} host}}' }],
    ['a code in the subject', { ...minimal, subject: 'Code {{code}}' }],
    ['a link in the subject', { ...minimal, subject: '{{ link }}' }],
    ['a subject of two lines', { ...minimal, subject: 'a\nBcc: b@evil.example' }],
    ['a text without code', { ...minimal, text: 'hello' }],
    ['an HTML part without code', { ...minimal, html: '<p>hello</p>' }],
  ])('refuses %s', (_what, template) => {
    expect(problemOf(template)).toMatchObject({
      code: 'config-invalid',
      remedy: expect.any(String) as string,
    });
  });

  it('uses every variable in its own template, text and HTML alike', () => {
    for (const part of [defaultMailTemplate.text, defaultMailTemplate.html ?? '']) {
      for (const name of mailVariables) expect(part).toContain(`{{${name}}}`);
    }
    expect(problemOf(defaultMailTemplate)).toBeUndefined();
  });
});

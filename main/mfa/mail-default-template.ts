import type { MailTemplate } from './mail-template.ts';

const text = `{{askedBy}} on {{host}} asked for this code to sign in to {{tenant}}.

    Code:         {{code}}
    Enter it at:  {{page}}
    Valid until:  {{validUntil}} ({{validMinutes}} minutes)

This page shows the code, copies it and goes on to Microsoft:
{{link}}

    Asked by:     {{askedBy}}
    Computer:     {{host}}
    Program:      {{program}}
    Asked at:     {{time}}
    Sign-in to:   {{tenant}}
    Account:      {{to}}

If you did not ask for this, ignore it and tell your administrator. Do not
enter the code: whoever started this would be signed in as you.

Nobody will ever call or write to you to have this code entered.
`;

// Mail programs drop style sheets, so every style stands at its element. Text has no colour of its own: those that
// honour the colour scheme choose dark or light themselves.
const cell = 'style="padding:4px 16px 4px 0;vertical-align:top;white-space:nowrap"';
const value = 'style="padding:4px 0;vertical-align:top;word-break:break-word"';
const row = (label: string, variable: string): string =>
  `<tr><td ${cell}>${label}</td><td ${value}>{{${variable}}}</td></tr>`;

const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>Sign-in code</title>
</head>
<body style="margin:0;padding:24px 16px;font-family:'Segoe UI',system-ui,-apple-system,sans-serif;font-size:16px;line-height:1.5">
<div style="max-width:560px;margin:0 auto">
<h1 style="font-size:20px;line-height:1.3;margin:0 0 12px">Sign-in code</h1>
<p style="margin:0 0 16px"><strong>{{askedBy}}</strong> on <strong>{{host}}</strong> asked for this code to sign in to <strong>{{tenant}}</strong>.</p>
<p style="margin:0 0 4px;font-family:ui-monospace,Consolas,'DejaVu Sans Mono',monospace;font-size:30px;font-weight:600;letter-spacing:4px">{{code}}</p>
<p style="margin:0 0 20px">Valid until {{validUntil}} ({{validMinutes}} minutes)</p>
<p style="margin:0 0 8px"><a href="{{link}}" style="display:inline-block;padding:10px 18px;border-radius:8px;background:#0c5c5d;color:#ffffff;text-decoration:none;font-weight:600">Show, copy and enter the code</a></p>
<p style="margin:0 0 24px;font-size:14px">Or enter it yourself at <span style="word-break:break-all">{{page}}</span></p>
<table role="presentation" style="border-collapse:collapse;font-size:14px;margin:0 0 24px">
${row('Asked by', 'askedBy')}
${row('Computer', 'host')}
${row('Program', 'program')}
${row('Asked at', 'time')}
${row('Sign-in to', 'tenant')}
${row('Account', 'to')}
</table>
<p style="margin:0 0 12px;padding:12px 16px;border-left:4px solid #a0241d"><strong>If you did not ask for this, ignore it and tell your administrator.</strong> Do not enter the code: whoever started this would be signed in as you.</p>
<p style="margin:0;font-size:14px">Nobody will ever call or write to you to have this code entered.</p>
</div>
</body>
</html>
`;

export const defaultMailTemplate: MailTemplate = {
  subject: 'Sign-in code asked for on {{host}}',
  text,
  html,
};

import { createHash } from 'node:crypto';
import { escapeMarkup } from '../../../base/escape.ts';
import { htmlReply, type Reply } from '../http.ts';

/** Markup that is safe to send: every value put into it has been escaped. */
export interface Html {
  readonly markup: string;
}

type Value = string | number | Html | Html[] | undefined;

/** Template tag: escapes each value except markup made by this tag. */
export function html(strings: TemplateStringsArray, ...values: Value[]): Html {
  const parts = strings.map((text, index) => text + render(values[index]));
  return { markup: parts.join('') };
}

function render(value: Value): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.map(render).join('');
  if (typeof value === 'object') return value.markup;
  return escapeMarkup(String(value));
}

const style = `
:root { color-scheme: light dark; --ink: #1b1b1f; --paper: #ffffff; --ground: #eef0f4; --line: #70757f;
  --accent: #0b57b7; --on-accent: #ffffff; --wrong: #a3141e; --quiet: #4b4f58; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececf1; --paper: #22242a; --ground: #15161a; --line: #9a9fab;
  --accent: #8fb8ff; --on-accent: #10131a; --wrong: #ffa4a4; --quiet: #c3c7d1; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--ground);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { width: min(28rem, 100%); padding: 2rem; background: var(--paper); border-radius: .5rem; }
h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.25; }
h2 { margin: 1.5rem 0 .5rem; font-size: 1rem; }
p, ul { margin: 0 0 1rem; }
label { display: block; margin: .75rem 0 .25rem; font-weight: 600; }
input { width: 100%; padding: .5rem .75rem; font: inherit; color: inherit; background: transparent;
  border: 1px solid var(--line); border-radius: .25rem; }
input[name="user_code"] { font-size: 1.5rem; letter-spacing: .2em; text-transform: uppercase; }
button { padding: .5rem 1rem; font: inherit; color: var(--on-accent); background: var(--accent);
  border: 1px solid var(--accent); border-radius: .25rem; cursor: pointer; }
button.quiet { color: inherit; background: transparent; border-color: var(--line); }
button.account { display: block; width: 100%; margin: 0 0 .5rem; text-align: start; }
button.account span { display: block; color: var(--quiet); overflow-wrap: anywhere; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.actions { display: flex; gap: .75rem; margin-top: 1.25rem; }
.wrong { color: var(--wrong); font-weight: 600; }
.quiet-text { margin: 1.5rem 0 0; color: var(--quiet); font-size: .875rem; }
bdi { overflow-wrap: anywhere; }
`;
const submitScript = 'document.forms[0].submit();';

/** The security policy of a page: no scripts, no frames, its own style only. */
function contentSecurityPolicy(formTarget: 'self' | 'redirect', hasScript: boolean): string {
  const directives = [
    "default-src 'none'",
    `style-src '${sourceHash(style)}'`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  // Browsers hold a redirect that follows a form to form-action as well, so it is left out where one will follow.
  if (formTarget === 'self') directives.push("form-action 'self'");
  if (hasScript) directives.push(`script-src '${sourceHash(submitScript)}'`);
  return directives.join('; ');
}

function sourceHash(source: string): string {
  return `sha256-${createHash('sha256').update(source).digest('base64')}`;
}

const footer = html`<p class="quiet-text">Local tenant on this machine, not a real sign-in service.</p>`;

export interface PageOptions {
  status?: number;
  /** `redirect` where a form of the page leads to another origin. */
  formTarget?: 'self' | 'redirect';
  /** Sends the first form at once; the form works without as well. */
  submitsItself?: boolean;
  errorCode?: number | undefined;
}

/** A complete page with one main heading. */
export function pageReply(title: string, body: Html, options: PageOptions = {}): Reply {
  const { status = 200, formTarget = 'self', submitsItself = false, errorCode } = options;
  const script = submitsItself ? `<script>${submitScript}</script>` : '';
  const head = html`<meta charset="utf-8" /><meta
      name="viewport"
      content="width=device-width, initial-scale=1"
    />
    <title>${title} - Local tenant</title>`;
  const document = `<!doctype html>
<html lang="en">
<head>${head.markup}<style>${style}</style></head>
<body><main>${
    html`<h1>${title}</h1>
      ${body}${footer}`.markup
  }</main>${script}</body>
</html>
`;
  const reply = htmlReply(status, document, {
    'content-security-policy': contentSecurityPolicy(formTarget, submitsItself),
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
  return { ...reply, errorCode };
}

import { connect } from 'node:net';
import { Agent, request } from 'undici';
import type { LocalTenant } from '../../main/demo/tenant/local-tenant.ts';
import type { Account } from '../../main/contract/state.ts';
import type { AzureDirectory } from '../../main/identity/azure-directory.ts';
import type { BrowserSignIn } from '../../main/identity/sign-in.ts';
import type { Setup } from './tenant-fixture.ts';

/** An answer of the loopback server, as the browser shows it. */
export interface LoopbackReply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** A browser without scripts that a person drives through the tenant's pages and back to the application. */
export interface SystemBrowser {
  open(url: string): Promise<void>;
  /** Presses a button of the page by its text. Returns where the page leads to then, or undefined for another page. */
  press(text: string): Promise<string | undefined>;
  /** Text of the page that is open. */
  text(): string;
  markup(): string;
}

export function createSystemBrowser(setup: Setup, tenant: LocalTenant): SystemBrowser {
  const dispatcher = new Agent({ connect: { ca: tenant.caPem } });
  setup.onClose(() => dispatcher.destroy());
  let address = '';
  let markup = '';

  const text = () => markup.replaceAll(/<style>[^]*?<\/style>|<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
  const hidden = (name: string) => new RegExp(`name="${name}"\\s+value="([^"]*)"`).exec(markup)?.[1] ?? '';

  return {
    async open(url) {
      address = url;
      const response = await request(url, { dispatcher });
      markup = await response.body.text();
    },
    async press(label) {
      const buttons = [...markup.matchAll(/<button([^>]*)>([^]*?)<\/button>/g)];
      const [, attributes = ''] = buttons.find(([, , content]) => content?.includes(label)) ?? [];
      const name = /\sname="([^"]*)"/.exec(attributes)?.[1];
      if (name === undefined) throw new Error(`No button "${label}" on: ${text()}`);
      const value = /\svalue="([^"]*)"/.exec(attributes)?.[1] ?? '';
      const form = { flow: hidden('flow'), step: hidden('step'), [name]: value };
      const response = await request(new URL('/signin', address), {
        dispatcher,
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(form).toString(),
      });
      markup = await response.body.text();
      const { location } = response.headers;
      return typeof location === 'string' ? location : undefined;
    },
    text,
    markup: () => markup,
  };
}

/** Starts a sign-in through the browser. `url` resolves with the address to open; `done` is handled. */
export function beginBrowserSignIn(
  directory: AzureDirectory,
  options: Partial<BrowserSignIn> = {},
): { url: Promise<string>; done: Promise<Account>; cancel: () => void } {
  const controller = new AbortController();
  const url = Promise.withResolvers<string>();
  const done = directory.signInWithBrowser({
    signal: controller.signal,
    openBrowser: async (address) => url.resolve(address),
    ...options,
  });
  done.catch(url.reject);
  url.promise.catch(() => undefined);
  return { url: url.promise, done, cancel: () => controller.abort() };
}

/** Picks the user on the page of the address, and returns where the tenant sends the browser then. */
export async function signInOnPage(browser: SystemBrowser, url: string, user: string): Promise<string> {
  await browser.open(url);
  const location = await browser.press(user);
  if (location === undefined) throw new Error(`The sign-in did not come to its end: ${browser.text()}`);
  return location;
}

/** One request to the loopback server, over a connection of its own. */
export async function visit(
  url: string,
  options: {
    method?: 'GET' | 'POST' | 'HEAD';
    host?: string;
    headers?: Record<string, string>;
    body?: string;
  } = {},
): Promise<LoopbackReply> {
  const dispatcher = new Agent();
  try {
    const { method = 'GET', host, headers = {}, body } = options;
    const response = await request(url, {
      dispatcher,
      method,
      headers: { ...headers, ...(host === undefined ? {} : { host }) },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.body.text();
    return { status: response.statusCode, headers: response.headers, text };
  } finally {
    await dispatcher.destroy();
  }
}

/** The redirect address in the address to open. */
export const redirectOf = (url: string): string => new URL(url).searchParams.get('redirect_uri') ?? '';
export const stateOf = (url: string): string => new URL(url).searchParams.get('state') ?? '';

/** Whether somebody listens on the port of `url` at either loopback address. */
export async function isOpen(url: string): Promise<boolean> {
  const port = Number(new URL(url).port);
  const tries = ['127.0.0.1', '::1'].map(
    (host) =>
      new Promise<boolean>((resolve) => {
        const socket = connect({ host, port });
        socket.once('connect', () => {
          socket.destroy();
          resolve(true);
        });
        socket.once('error', () => resolve(false));
      }),
  );
  return (await Promise.all(tries)).includes(true);
}

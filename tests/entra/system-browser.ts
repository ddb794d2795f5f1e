import { connect } from 'node:net';
import { Agent, request, type Dispatcher } from 'undici';
import type { LocalTenant } from '../../main/demo/tenant/local-tenant.ts';
import type { Account } from '../../main/contract/state.ts';
import type { AzureDirectory } from '../../main/entra/azure-directory.ts';
import type { BrowserSignIn } from '../../main/entra/sign-in.ts';
import { kept, type Setup } from './tenant-fixture.ts';

/** An answer of the loopback server, as the browser shows it. */
export interface LoopbackReply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** A browser without scripts, but with cookies, that a person drives through the tenant's pages and back to the application. */
export interface SystemBrowser {
  /** Returns where the page leads to at once, or undefined for a page to look at. */
  open(url: string): Promise<string | undefined>;
  /** Presses a button of the page by its text. Returns where the page leads to then, or undefined for another page. */
  press(text: string): Promise<string | undefined>;
  /** Enters the code on the page for device codes. */
  enter(userCode: string): Promise<string | undefined>;
  /** Text of the page that is open. */
  text(): string;
  markup(): string;
}

export function createSystemBrowser(setup: Pick<Setup, 'onClose'>, tenant: LocalTenant): SystemBrowser {
  const dispatcher = new Agent({ connect: { ca: tenant.caPem } });
  setup.onClose(() => dispatcher.destroy());
  let address = '';
  let markup = '';
  let cookie = '';

  const text = () => markup.replaceAll(/<style>[^]*?<\/style>|<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
  async function leadsTo({ body, headers }: Dispatcher.ResponseData): Promise<string | undefined> {
    markup = await body.text();
    cookie = String(headers['set-cookie'] ?? cookie).split(';', 1)[0] ?? '';
    return typeof headers['location'] === 'string' ? headers['location'] : undefined;
  }

  const hidden = (name: string) => new RegExp(`name="${name}"\\s+value="([^"]*)"`).exec(markup)?.[1] ?? '';

  return {
    async open(url) {
      address = url;
      const response = await request(url, { dispatcher, headers: { cookie } });
      return leadsTo(response);
    },
    async enter(userCode) {
      const response = await request(address, {
        dispatcher,
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', cookie },
        body: new URLSearchParams({ user_code: userCode }).toString(),
      });
      return leadsTo(response);
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
        headers: { 'content-type': 'application/x-www-form-urlencoded', cookie },
        body: new URLSearchParams(form).toString(),
      });
      return leadsTo(response);
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
  const done = directory
    .signInWithBrowser({
      signal: controller.signal,
      openBrowser: async (address) => url.resolve(address),
      ...options,
    })
    .then(kept);
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

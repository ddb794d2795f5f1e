import { Agent, request } from 'undici';

/** A page as a person reads it. */
export interface Page {
  status: number;
  title: string;
  /** Visible text, blanks collapsed. */
  text: string;
  markup: string;
}

/** What the person does after signing in: go on to the end, or refuse on the last page. */
export type Decision = 'approve' | 'decline';

/**
 * Enters a user code on the local tenant's verification page and goes through its forms over plain HTTP, as a browser
 * without scripts would: code, user, second factor, consent, confirmation.
 *
 * @param username sign-in name, picked from the page's list of users.
 * @returns the last page; a problem that a person would read there is in its text.
 */
export async function enterCode(
  verificationUri: string,
  caPem: string,
  userCode: string,
  username: string,
  decision: Decision = 'approve',
): Promise<Page> {
  const browser = createFormBrowser(caPem);
  try {
    await browser.open(verificationUri);
    await browser.submit({ user_code: userCode });
    const user = browser.buttons().find((button) => button.text.includes(username));
    if (user === undefined) return browser.page();
    await browser.press(user);
    const answer = decision === 'approve' ? 'continue' : 'cancel';
    for (;;) {
      const button = browser.buttons().find(({ name, value }) => name === 'action' && value === answer);
      const isUserList = browser.buttons().some(({ name }) => name === 'pick');
      if (button === undefined || isUserList) return browser.page();
      await browser.press(button);
    }
  } finally {
    await browser.close();
  }
}

export interface Button {
  form: number;
  name: string;
  value: string;
  text: string;
}

export interface FormBrowser {
  open(address: string): Promise<Page>;
  page(): Page;
  buttons(): Button[];
  /** Presses a button: sends its form with the hidden fields. */
  press(button: Button): Promise<Page>;
  /** Fills the first form in and sends it. */
  submit(fields: Record<string, string>): Promise<Page>;
  close(): Promise<void>;
}

/** Just enough of a browser for pages of plain forms; does not follow redirects. */
export function createFormBrowser(caPem: string): FormBrowser {
  const dispatcher = new Agent({ connect: { ca: caPem } });
  let address = '';
  let page: Page = { status: 0, title: '', text: '', markup: '' };

  const load = async (url: string, form?: URLSearchParams): Promise<Page> => {
    address = url;
    const response = await request(url, {
      dispatcher,
      method: form === undefined ? 'GET' : 'POST',
      ...(form === undefined
        ? {}
        : { body: form.toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
    });
    const markup = await response.body.text();
    page = {
      status: response.statusCode,
      title: textOf(markup.match(/<title>([^]*?)<\/title>/)?.[1] ?? ''),
      text: textOf(markup.match(/<main>([^]*?)<\/main>/)?.[1] ?? markup),
      markup,
    };
    return page;
  };
  const send = (form: number, fields: Record<string, string>): Promise<Page> => {
    const markup = formsOf(page.markup)[form];
    if (markup === undefined) throw new Error(`The page "${page.title}" has no form to send.`);
    const action = decode(markup.match(/<form[^>]*\saction="([^"]*)"/)?.[1] ?? '');
    return load(new URL(action, address).href, new URLSearchParams({ ...hiddenFields(markup), ...fields }));
  };
  return {
    open: (url) => load(url),
    page: () => page,
    buttons: () =>
      formsOf(page.markup).flatMap((markup, form) =>
        [...markup.matchAll(/<button([^>]*)>([^]*?)<\/button>/g)].map(([, attributes = '', text = '']) => ({
          form,
          name: attribute(attributes, 'name'),
          value: attribute(attributes, 'value'),
          text: textOf(text),
        })),
      ),
    press: (button) => send(button.form, { [button.name]: button.value }),
    submit: (fields) => send(0, fields),
    close: () => dispatcher.close(),
  };
}

function formsOf(markup: string): string[] {
  return [...markup.matchAll(/<form[^]*?<\/form>/g)].map(([form]) => form);
}

function hiddenFields(form: string): Record<string, string> {
  const inputs = [...form.matchAll(/<input([^>]*)\/?>/g)].map(([, attributes = '']) => attributes);
  const hidden = inputs.filter((attributes) => attribute(attributes, 'type') === 'hidden');
  return Object.fromEntries(
    hidden.map((attributes) => [attribute(attributes, 'name'), attribute(attributes, 'value')]),
  );
}

function attribute(attributes: string, name: string): string {
  return decode(attributes.match(new RegExp(`\\s${name}="([^"]*)"`))?.[1] ?? '');
}

function textOf(markup: string): string {
  return decode(markup.replaceAll(/<[^>]*>/g, ' '))
    .replaceAll(/\s+/g, ' ')
    .trim();
}

function decode(text: string): string {
  const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
  return text.replaceAll(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => entities[name] ?? '');
}

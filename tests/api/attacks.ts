/** What runs in the attacker's page; answers with whatever it could read there. */
export type Attack = (target: { api: string; bearer: string }) => Promise<string>;

declare global {
  /** In the page: the name of the event that comes first. See `pageHelpers`. */
  function firstEvent(target: EventTarget, ...names: string[]): Promise<string>;
}

/** Script for every page that runs attacks. */
export const pageHelpers = `
  globalThis.firstEvent = (target, ...names) =>
    new Promise((resolve) => {
      for (const name of names) target.addEventListener(name, () => resolve(name), { once: true });
    });
`;

/**
 * What a web page may try against a loopback server. The page has even got hold of the bearer token, and uses it
 * wherever the browser lets it: the guard must not stand on that secret alone.
 */
export const crossSiteAttacks: Record<string, Attack> = {
  image: async ({ api }) => {
    const image = new Image();
    image.src = `${api}/v1/state`;
    return (await firstEvent(image, 'load', 'error')) === 'load' ? 'revision' : '';
  },
  script: async ({ api }) => {
    const script = document.createElement('script');
    script.src = `${api}/v1/state`;
    document.head.append(script);
    return (await firstEvent(script, 'load', 'error')) === 'load' ? 'revision' : '';
  },
  'style sheet': async ({ api }) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = `${api}/v1/state`;
    document.head.append(link);
    return (await firstEvent(link, 'load', 'error')) === 'load' ? 'revision' : '';
  },
  prefetch: async ({ api }) => {
    const link = document.createElement('link');
    link.rel = 'prefetch';
    link.href = `${api}/v1/state`;
    document.head.append(link);
    await firstEvent(link, 'load', 'error');
    return '';
  },
  frame: async ({ api }) => {
    const frame = document.createElement('iframe');
    frame.src = `${api}/v1/state`;
    document.body.append(frame);
    await firstEvent(frame, 'load');
    return frame.contentDocument?.body.textContent ?? '';
  },
  'form as plain text': async ({ api }) => {
    const frame = document.createElement('iframe');
    frame.name = 'answer';
    const form = document.createElement('form');
    form.method = 'post';
    form.action = `${api}/v1/tokens/revoke`;
    form.enctype = 'text/plain';
    form.target = 'answer';
    const field = document.createElement('input');
    // Makes the body {"all":true,"x":"="}.
    field.name = '{"all":true,"x":"';
    field.value = '"}';
    form.append(field);
    document.body.append(frame, form);
    form.submit();
    await firstEvent(frame, 'load');
    return frame.contentDocument?.body.textContent ?? '';
  },
  'fetch without CORS': async ({ api }) => {
    const answer = await fetch(`${api}/v1/sign-out`, { method: 'POST', mode: 'no-cors', body: '{}' });
    return answer.text();
  },
  beacon: async ({ api }) => {
    return navigator.sendBeacon(`${api}/v1/sign-out`, '{}') ? '' : 'it was not sent';
  },
  'fetch with the bearer token': async ({ api, bearer }) => {
    const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
    const asked = fetch(`${api}/v1/sign-out`, { method: 'POST', headers, body: '{}' });
    return asked.then((answer) => answer.text()).catch(() => '');
  },
  'read with the bearer token': async ({ api, bearer }) => {
    const asked = fetch(`${api}/v1/state`, { headers: { authorization: `Bearer ${bearer}` } });
    return asked.then((answer) => answer.text()).catch(() => '');
  },
  'web socket': async ({ api }) => {
    const socket = new WebSocket(`${api.replace('http', 'ws')}/v1/state`);
    return (await firstEvent(socket, 'open', 'error')) === 'open' ? 'revision' : '';
  },
  'event source': async ({ api }) => {
    const source = new EventSource(`${api}/v1/state`);
    const first = await firstEvent(source, 'open', 'error');
    source.close();
    return first === 'open' ? 'revision' : '';
  },
};

/** From a page whose name the attacker has let point to this computer: for the browser all of it is one site. */
export const reboundAttacks: Record<string, Attack> = {
  'rebound read': async ({ bearer }) => {
    return (await fetch('/v1/state', { headers: { authorization: `Bearer ${bearer}` } })).text();
  },
  'rebound action': async ({ bearer }) => {
    const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
    return (await fetch('/v1/sign-out', { method: 'POST', headers, body: '{}' })).text();
  },
};

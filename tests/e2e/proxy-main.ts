import { app } from 'electron';
import { createSystemFetch } from '../../main/desktop/system-fetch.ts';
import { request } from '../../main/base/http.ts';
import { proxyLogin } from '../../main/base/proxies.ts';

/** Asks PROXY_TEST_URL as the desktop application would, and prints what came of it. */
async function ask(): Promise<void> {
  await app.whenReady();
  const outcome = await request(createSystemFetch(proxyLogin), process.env['PROXY_TEST_URL'] ?? '', {
    method: 'POST',
    headers: { 'x-test': 'yes' },
    body: 'a=b',
    signal: AbortSignal.timeout(60_000),
  });
  const { kind } = outcome;
  const told = kind === 'failed' ? outcome : { kind, status: outcome.status, text: outcome.text };
  process.stdout.write(`\nOUTCOME ${JSON.stringify(told)}\n`, () => app.exit(0));
}
void ask();
